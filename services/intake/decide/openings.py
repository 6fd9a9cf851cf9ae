"""How much opens by itself: for a person, a household, a contact point, through a channel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.intake.model import OpeningTally, Request, SealedRequest, WaitReason
from services.intake.rules import Cap, Rules
from shared.contracts.values import CHINA, Need
from shared.messaging.decision import AnyRef, Ref, States


@dataclass(frozen=True, slots=True)
class Opening:
    """reasons: the caps it is beyond; else tallies: as they are once it is open."""

    reasons: tuple[WaitReason, ...]
    tallies: tuple[OpeningTally, ...]


def list_tally_ids(data: SealedRequest, earlier_id: str) -> tuple[str, ...]:
    """Where it counts, as long as nobody has met the person.

    Until then a phone, or a name in a place, is the person: another name opens no cap of its own.
    So is an ID number, whatever the name beside it.
    """
    identity_id = data.naming.identity_id
    identity = (f"identity:{identity_id}",) if identity_id else ()
    household = (f"household:{data.household_id}",) if data.household_id else ()
    contacts = (f"contact:{id_}" for id_ in data.contact_ids)
    return (f"person:{earlier_id}", *identity, *household, *contacts, f"channel:{data.source}")


def _list_counted(request: Request) -> tuple[str, ...]:
    """Whom a member of staff has met counts for himself."""
    if request.sighting is None:
        return request.tally_ids
    own = f"person:{request.cap_person_id or request.person_id}"
    return tuple(own if id_.startswith("person:") else id_ for id_ in request.tally_ids)


def join_tallies(states: States, tally_ids: Sequence[str]) -> tuple[OpeningTally, ...]:
    """Of records that are one person: all of it under the first."""
    stored = states.get_many(OpeningTally, tally_ids)
    if not stored:
        return ()
    days: dict[str, tuple[int, int]] = {}
    for tally in stored.values():
        for day, (requests, fen) in tally.days.items():
            before = days.get(day, (0, 0))
            days[day] = (before[0] + requests, before[1] + fen)
    ends_at = max(tally.ends_at for tally in stored.values())
    return (OpeningTally(id=min(tally_ids), days=days, ends_at=ends_at),)


def list_tally_refs(tally_ids: tuple[str, ...]) -> tuple[AnyRef, ...]:
    return tuple(Ref(OpeningTally, id_) for id_ in tally_ids)


def count_opening(rules: Rules, states: States, request: Request, now: datetime) -> Opening:
    """Opening it now, as far as the caps go."""
    today = now.astimezone(CHINA).date()
    tally_ids = _list_counted(request)
    stored = states.get_many(OpeningTally, tally_ids)
    reasons: list[WaitReason] = []
    tallies: list[OpeningTally] = []
    for id_ in tally_ids:
        cap = rules.get_cap(id_)
        tally = _add(stored.get(id_), id_, cap, request.need, today)
        tallies.append(tally)
        if _is_beyond(tally, cap):
            reasons.append(cap.reason)
    beyond = tuple(dict.fromkeys(reasons))
    return Opening(beyond, () if beyond else tuple(tallies))


def _add(tally: OpeningTally | None, id_: str, cap: Cap, need: Need, today: date) -> OpeningTally:
    days = dict(_list_counting(tally, cap, today)) if tally else {}
    requests, fen = days.get(today.isoformat(), (0, 0))
    days[today.isoformat()] = (requests + 1, fen + (need.quantity if need.is_money else 0))
    ends = datetime(today.year, today.month, today.day, tzinfo=CHINA) + timedelta(days=cap.days)
    return OpeningTally(id=id_, days=days, ends_at=ends)


def _list_counting(
    tally: OpeningTally, cap: Cap, today: date
) -> Iterator[tuple[str, tuple[int, int]]]:
    first = (today - timedelta(days=cap.days - 1)).isoformat()
    return ((day, sums) for day, sums in tally.days.items() if day >= first)


def _is_beyond(tally: OpeningTally, cap: Cap) -> bool:
    requests = sum(count for count, _ in tally.days.values())
    fen = sum(amount for _, amount in tally.days.values())
    return requests > cap.openings_max or fen > cap.limit_fen
