"""What pages say of a case in words: whose, how long, how far, until when."""

from dataclasses import dataclass
from datetime import datetime

from services.matching.explaining.sentences import BESIDE_M, format_distance
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.place import measure_metres
from shared.towns import town_name
from shared.web.pages import name_code, name_town

Texts = tuple[str, str]
"""Chinese and English."""


@dataclass(frozen=True, slots=True)
class Background:
    """What stands behind a match, where it is still stored."""

    need: Need | None
    offer: Offer | None
    now: datetime
    help_phone: str


def count_days(since: datetime, now: datetime) -> int:
    return max(0, (now - since).days)


def format_way(background: Background) -> Texts:
    """1.2公里, 1.2 km; empty where a place is not known."""
    need, offer = background.need, background.offer
    if need is None or offer is None or need.place is None or offer.place is None:
        return "", ""
    metres = measure_metres(need.place, offer.place)
    return format_distance(metres), "close by" if metres < BESIDE_M else f"{metres / 1000:.1f} km"


def format_why(match: Match, background: Background) -> Texts:
    """特困，等了21天，长安镇，离您1.2公里, and the same in English."""
    facts = [name_code(match.beneficiary_class)]
    if (need := background.need) is not None:
        days = count_days(need.recorded_at, background.now)
        facts.append((f"等了{days}天", f"waiting {days} day{'s' if days != 1 else ''}"))
    if town_name(match.town_code):
        facts.append(name_town(match.town_code))
    zh, en = format_way(background)
    if zh:
        is_beside = "公里" not in zh
        facts.append((zh, en) if is_beside else (f"离您{zh}", f"{en} from you"))
    return "，".join(zh for zh, _ in facts), ", ".join(en for _, en in facts)
