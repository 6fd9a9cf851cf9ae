"""From an event to the notices it calls for: one per event, recipient and purpose."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from services.notify.decide.digests import count_calls, count_unlisted, derive_backlog_id
from services.notify.decide.mailboxes import list_mailbox_ids, put_in
from services.notify.duties import list_calls
from services.notify.lanes import find_lane
from services.notify.model import About, Backlog, Link, Mailbox, Notice, StaffMember
from services.notify.overtaking import list_all_holders, list_holders
from services.notify.purposes import PURPOSES, Purpose
from services.notify.rules import Rules, compute_deadline
from services.notify.templates import Variable
from services.notify.timing import (
    begin_next_day,
    find_day_before,
    find_sending_time,
)
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    MatchFact,
    MatchScheduled,
    MeetingCancelled,
    MeetingConvened,
    WordAsked,
)
from shared.contracts.links import SignedLink, StaffPage
from shared.contracts.values import Area
from shared.ids import make_id
from shared.messaging.decision import Decision, Ref, States

_OF_ABOUT: frozenset[Variable] = frozenset(
    {"what", "thing", "office", "quantity", "town", "until", "day", "reason"}
)


def decide_announce(rules: Rules, states: States, event: Event, now: datetime) -> Decision:
    """To the person at once; what staff have to do is counted for their next digest."""
    members = map_members(states, event.data)
    recipients = list(_list_recipients(event, members, now))
    addressed = [(purpose, person) for purpose, person, _ in recipients]
    boxes = list_mailbox_ids(event, addressed, rules, members)
    states.prefetch(
        *(Ref(Notice, notice_id) for _, _, notice_id in recipients),
        *(Ref(Mailbox, person_id) for person_id in boxes),
        *(Ref(Backlog, derive_backlog_id(call)) for call in list_calls(event.data)),
    )
    existing = states.get_many(Notice, [notice_id for _, _, notice_id in recipients])
    notices = [
        _build_notice(rules, event, purpose, person_id, notice_id, now)
        for purpose, person_id, notice_id in recipients
        if notice_id not in existing
    ]
    mailing = put_in(states, event, notices, now, rules, members)
    counts = count_calls(states, event.data, now, rules)
    untold = count_unlisted(states, _list_unlisted(event.data, members), now, rules)
    return Decision((*mailing.states, *counts, *untold), mailing.events)


def map_members(states: States, fact: Fact) -> Mapping[str, str]:
    """Person by staff number, of whom the register has. A meeting is rare: its reading the register
    holds up nothing (decision 0216)."""
    holders = sorted(list_all_holders(fact))
    rows = states.get_many(StaffMember, holders) if holders else {}
    return {id_: row.person_id for id_, row in rows.items() if row.duties}


def _list_unlisted(fact: Fact, members: Mapping[str, str]) -> set[str]:
    """Whom a message should reach, and nobody knows where."""
    purposes = PURPOSES.get(type(fact), ())
    addressed = {each for purpose in purposes for each in _list_addressed(purpose, fact)}
    return addressed - set(members)


def _list_recipients(
    event: Event, members: Mapping[str, str], now: datetime
) -> Iterator[tuple[Purpose, str, str]]:
    """(purpose, person, notice id)."""
    for purpose in PURPOSES.get(type(event.data), ()):
        if not purpose.is_called_for(event.data):
            continue
        begins_at = _find_begin(purpose, event.data)
        if begins_at and begins_at <= now:
            continue
        for person_id in _list_persons(purpose, event.data, members):
            yield purpose, person_id, _derive_id(event, person_id, purpose)


def _list_persons(purpose: Purpose, fact: Fact, members: Mapping[str, str]) -> list[str]:
    if purpose.recipient == "member":
        own = (members[each] for each in _list_addressed(purpose, fact) if each in members)
        return list(dict.fromkeys(own))
    person_id = find_recipient(purpose, fact)
    return [person_id] if person_id else []


def _list_addressed(purpose: Purpose, fact: Fact) -> Iterator[str]:
    """Who convened it knows."""
    by = getattr(fact, "convened_by", None)
    return (each for each in list_holders(fact, purpose.holders) if each != by)


def _derive_id(event: Event, person_id: str, purpose: Purpose) -> str:
    if isinstance(event.data, WordAsked):
        return derive_word_notice_id(event.subject, purpose.name)
    return make_id("N", event.id, person_id, purpose.name)


def derive_word_notice_id(word_id: str, purpose: str) -> str:
    """A word is asked once: whoever asked finds out by it what became of the SMS."""
    return make_id("N", word_id, purpose)


def find_recipient(purpose: Purpose, fact: Fact) -> str | None:
    """None when the fact names nobody: money of the fund itself has no donor to thank."""
    field = "person_id" if purpose.recipient == "applicant" else "donor_id"
    person_id: str | None = getattr(fact, field)
    return person_id


def _build_notice(
    rules: Rules,
    event: Event,
    purpose: Purpose,
    person_id: str,
    notice_id: str,
    now: datetime,
) -> Notice:
    begins_at = _find_begin(purpose, event.data)
    return Notice(
        id=notice_id,
        person_id=person_id,
        purpose=purpose.name,
        correlation_id=event.correlation_id,
        created_at=now,
        due_at=_compute_due_at(rules, purpose, person_id, begins_at or now),
        begins_at=begins_at,
        link=_build_link(purpose.link, event, now) if purpose.link else None,
        amount_fen=getattr(event.data, "amount_fen", None),
        detail=getattr(event.data, "detail", ""),
        reply_code=getattr(event.data, "reply_code", ""),
        area=_find_area(purpose, event.data),
        about=_build_about(purpose, event.data),
        lane=find_lane(purpose, event.data),
        **_copy_donor_fields(purpose, event.data),
        **(_copy_own_fields(event) | _describe_word(event)),
    )


def _compute_due_at(rules: Rules, purpose: Purpose, person_id: str, now: datetime) -> datetime:
    """What is small waits a little for more of it; by night all but the urgent wait."""
    if purpose.is_urgent(rules):
        return compute_deadline(now)
    ready_at = compute_deadline(now, rules.bundle_s if purpose.is_small else 0)
    return compute_deadline(find_sending_time(ready_at, person_id, rules))


def _find_area(purpose: Purpose, fact: Fact) -> str:
    """The village, or else the town, which is all that a match says. A donor is of the whole city:
    the place is that of the person whom he helps."""
    if purpose.recipient == "donor":
        return ""
    area = getattr(fact, "area", None)
    if isinstance(area, Area):
        return area.village_code or area.town_code
    return getattr(fact, "town_code", None) or ""


def _build_about(purpose: Purpose, fact: Fact) -> About | None:
    """Only what the words have room for."""
    if not _OF_ABOUT & set(purpose.template.extras):
        return None
    counted = getattr(fact, "need", fact)  # of a request how much of it is approved
    return About(
        category=getattr(fact, "category", None),
        quantity=getattr(counted, "quantity", 0) or 0,
        unit=getattr(counted, "unit", "") or "",
        item=getattr(counted, "item", ""),
        town_code=getattr(fact, "town_code", None) or "",
        until=getattr(fact, "expires_at", None),
        day=getattr(fact, "answer_on", "") or _format_on(fact),
        reason=getattr(fact, "reason", ""),
        office=getattr(fact, "department", ""),
    )


def _find_begin(purpose: Purpose, fact: Fact) -> datetime | None:
    """Of what is said the day before; None of what is said at once."""
    if not purpose.is_day_before or not isinstance(fact, MatchScheduled):
        return None
    return find_day_before(fact.comes_on)


def _find_on(fact: Fact) -> date | None:
    if isinstance(fact, MatchScheduled):
        return date.fromisoformat(fact.comes_on)
    return fact.on if isinstance(fact, MeetingConvened | MeetingCancelled) else None


def _format_on(fact: Fact) -> str:
    day = _find_on(fact)
    return day.isoformat() if day else ""


def _copy_own_fields(event: Event) -> dict[str, object]:
    """Nobody is told of a day that is over."""
    day = _find_on(event.data)
    return {"regarding": event.subject, "valid_until": begin_next_day(day) if day else None}


def _describe_word(event: Event) -> dict[str, object]:
    """What it is about is told, not the word itself."""
    if not isinstance(event.data, WordAsked):
        return {}
    return {
        "regarding": event.data.about,
        "word_id": event.subject,
        "asked_by": event.data.asked_by,
        "valid_until": event.data.expires_at,
    }


def _copy_donor_fields(purpose: Purpose, fact: Fact) -> dict[str, object]:
    """Where the words name the donor; his id only where he consents that his name is visible."""
    if not purpose.template.has("donor") or not isinstance(fact, MatchFact):
        return {}
    donor_id = fact.donor_id if fact.name_shown else None
    return {"donor_id": donor_id, "donor_kind": fact.donor_kind}


def _build_link(row: SignedLink | StaffPage, event: Event, now: datetime) -> Link:
    if isinstance(row, StaffPage):
        expires_at = row.compute_end(now)
    else:
        expires_at = row.compute_end(now, getattr(event.data, "expires_at", None))
    return Link(
        service=row.service,
        purpose=row.purpose,
        path=row.segment,
        subject=event.subject,
        expires_at=expires_at,
    )
