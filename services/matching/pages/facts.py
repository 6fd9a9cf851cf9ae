"""What pages say of a case in words: whose, how long, how far, until when."""

from dataclasses import dataclass
from datetime import datetime

from services.matching.explaining.sentences import format_distance
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.place import measure_metres
from shared.contracts.values import LABELS
from shared.towns import town_name


@dataclass(frozen=True, slots=True)
class Background:
    """What stands behind a match, where it is still stored."""

    need: Need | None
    offer: Offer | None
    now: datetime
    help_phone: str


def count_days(since: datetime, now: datetime) -> int:
    return max(0, (now - since).days)


def format_way(need: Need, offer: Offer) -> str:
    """1.2公里; empty where a place is not known."""
    if need.place is None or offer.place is None:
        return ""
    return format_distance(measure_metres(need.place, offer.place))


def format_why(match: Match, background: Background) -> str:
    """特困，等了21天，长安镇，离您1.2公里."""
    need, offer = background.need, background.offer
    facts = [LABELS[match.beneficiary_class]]
    if need is not None:
        facts.append(f"等了{count_days(need.recorded_at, background.now)}天")
    facts.append(town_name(match.town_code))
    if need is not None and offer is not None and (way := format_way(need, offer)):
        facts.append(way if way == "就在旁边" else f"离您{way}")
    return "，".join(fact for fact in facts if fact)
