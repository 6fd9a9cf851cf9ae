"""How much opens by itself: for a person, a household, a contact point, through a channel; and how
much money was opened or approved for a person and the household, which its approver goes by."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain

from services.intake.model import OpeningTally, Person, Request, SealedRequest, WaitReason
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
    """Whom a member of staff has met counts for himself, under the record that asks."""
    if request.sighting is None:
        return request.tally_ids
    own = f"person:{request.person_id}"
    return tuple(own if id_.startswith("person:") else id_ for id_ in request.tally_ids)


def list_tally_refs(tally_ids: tuple[str, ...]) -> tuple[AnyRef, ...]:
    return tuple(Ref(OpeningTally, id_) for id_ in tally_ids)


def count_opening(
    rules: Rules, states: States, request: Request, person: Person, now: datetime
) -> Opening:
    """Opening it now, as far as the caps go: those of a person for all records that are one with
    his, each of which counts its own."""
    today = now.astimezone(CHINA).date()
    tally_ids = _list_counted(request)
    own, one = f"person:{person.id}", _list_one(person)
    groups = {id_: one if id_ == own else [id_] for id_ in tally_ids}
    granted = _list_approved_ids([*one, *_list_shared(request, with_contacts=True)])
    stored = states.get_many(OpeningTally, [*chain(*groups.values()), *granted])
    reasons: list[WaitReason] = []
    tallies: list[OpeningTally] = []
    for id_, group in groups.items():
        cap = rules.get_cap(id_)
        tally = _add(stored.get(id_) or id_, cap.days, request.need, today)
        tallies.append(tally)
        others = [stored[other] for other in group if other != id_ and other in stored]
        if _is_beyond([tally, *others], cap, today):
            reasons.append(cap.reason)
    approved = [stored[id_] for id_ in granted if id_ in stored]
    if _rests_on_an_approver(request, approved, rules.opening_days, today):
        reasons.append("person_often")
    beyond = tuple(dict.fromkeys(reasons))
    return Opening(beyond, () if beyond else tuple(tallies))


def _rests_on_an_approver(
    request: Request, granted: Iterable[OpeningTally], period: int, today: date
) -> bool:
    """Whether it is money, and nobody met its person but one who has approved money for him, or for
    another at his contacts, on that sighting: it would be a second time on the word of one."""
    if not request.needs_sighting or request.sighting is None:
        return False
    by = request.sighting.by
    return any(by in _list_sole_days(each, period, today) for each in granted)


def _add(tally: OpeningTally | str, period: int, need: Need, today: date) -> OpeningTally:
    """tally: its id where nothing was counted yet. period: in days."""
    id_, counted = (tally, {}) if isinstance(tally, str) else (tally.id, tally.days)
    days = dict(_list_counting(counted, period, today))
    requests, fen = days.get(today.isoformat(), (0, 0))
    days[today.isoformat()] = (requests + 1, fen + (need.quantity if need.is_money else 0))
    ends = datetime(today.year, today.month, today.day, tzinfo=CHINA) + timedelta(days=period)
    sole = {} if isinstance(tally, str) else _list_sole_days(tally, period, today)
    return OpeningTally(id=id_, days=days, ends_at=ends, sole_approvers=tuple(sole), sole_days=sole)


def _list_sole_days(tally: OpeningTally, period: int, today: date) -> dict[str, str]:
    """By who approved on his own sighting within these days, the last day. Who was stored without
    one counts as of today."""
    first, now = _find_first(period, today), today.isoformat()
    days = {by: tally.sole_days.get(by, now) for by in tally.sole_approvers}
    return {by: day for by, day in days.items() if day >= first}


def _find_first(period: int, today: date) -> str:
    return (today - timedelta(days=period - 1)).isoformat()


def _list_counting(
    days: Mapping[str, tuple[int, int]], period: int, today: date
) -> Iterator[tuple[str, tuple[int, int]]]:
    first = _find_first(period, today)
    return ((day, sums) for day, sums in days.items() if day >= first)


def _is_beyond(tallies: Iterable[OpeningTally], cap: Cap, today: date) -> bool:
    counting = [sums for each in tallies for _, sums in _list_counting(each.days, cap.days, today)]
    requests = sum(count for count, _ in counting)
    fen = sum(amount for _, amount in counting)
    return requests > cap.openings_max or fen > cap.limit_fen


# --- what was approved ------------------------------------------------------------------------

_APPROVED = "approved:"
"""Before the id of a tally: counted apart, so that what is approved fills no cap of what opens."""


def _list_approved_ids(tally_ids: Iterable[str]) -> list[str]:
    return [f"{_APPROVED}{id_}" for id_ in tally_ids]


def add_earlier_money(
    rules: Rules,
    states: States,
    request: Request,
    person: Person,
    now: datetime,
    *,
    with_contacts: bool = False,
) -> Request:
    """The request as it is judged: with the money that opened or was approved within the days of
    the caps for its person or household, whichever has more. As it is, where it is no person's
    money. with_contacts: or for everybody at one of its contacts."""
    if not request.needs_sighting:
        return request
    today = now.astimezone(CHINA).date()
    groups = [_list_one(person), *([id_] for id_ in _list_shared(request, with_contacts))]
    approved = [_list_approved_ids(group) for group in groups]
    stored = states.get_many(OpeningTally, list(chain(*groups, *approved)))

    def sum_of(id_: str) -> int:
        days = stored[id_].days if id_ in stored else {}
        return sum(fen for _, (_, fen) in _list_counting(days, rules.opening_days, today))

    sums = (sum(map(sum_of, chain(*pair))) for pair in zip(groups, approved, strict=True))
    need = request.need.model_copy(update={"quantity": request.need.quantity + max(sums)})
    return request.model_copy(update={"need": need})


def count_approval(
    rules: Rules, states: States, approved: Request, person: Person, now: datetime
) -> tuple[OpeningTally, ...]:
    """The tallies with what was approved of this, as far as it is money for a person."""
    if not approved.needs_sighting:
        return ()
    today = now.astimezone(CHINA).date()
    own = f"person:{person.id}"
    ids = _list_approved_ids([own, *_list_shared(approved, with_contacts=True)])
    stored = states.get_many(OpeningTally, ids)
    period = rules.opening_days
    return tuple(
        _with_approver(_add(stored.get(id_) or id_, period, approved.need, today), approved, today)
        for id_ in ids
    )


def _with_approver(tally: OpeningTally, approved: Request, today: date) -> OpeningTally:
    """With who approved it on his own sighting."""
    sighting, approver = approved.sighting, approved.approved_by
    if sighting is None or not approver or sighting.by != approver:
        return tally
    days = {**tally.sole_days, approver: today.isoformat()}
    return tally.model_copy(update={"sole_approvers": tuple(days), "sole_days": days})


def _list_one(person: Person) -> list[str]:
    """His record and those that are one with it: each counts its own, so that nothing is lost when
    they come apart."""
    return [f"person:{id_}" for id_ in sorted((person.id, *person.joined))]


def _list_shared(request: Request, with_contacts: bool) -> list[str]:
    """The ID number and the household, whatever the name."""
    shared = ("identity:", "household:", *(("contact:",) if with_contacts else ()))
    return [id_ for id_ in dict.fromkeys(request.tally_ids) if id_.startswith(shared)]
