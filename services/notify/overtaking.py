"""Which event makes needless what a person has not been sent yet: one line per event.

Whoever hears that his request was declined need not hear, a moment later, that it was opened. What
has gone out stays; docs/decisions/0190.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Literal

from services.notify.model import Waiting
from services.notify.purposes import PURPOSES, RETURNED
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    MandateGranted,
    MandateRevoked,
    MatchAccepted,
    MatchCommitted,
    MatchConfirmed,
    MatchDeclined,
    MatchDelivered,
    MatchExpired,
    MatchReleased,
    MatchReopened,
    MatchScheduled,
    MeetingCancelled,
    MeetingClosed,
    MeetingSigned,
    RequestBudgeted,
    RequestClosed,
    RequestDeclined,
    RequestFact,
    RequestFollowed,
    RequestHastened,
    RequestMended,
    RequestOpened,
    RequestReferred,
    RequestResumed,
    RequestReturned,
    RequestSettled,
    RequestUnbudgeted,
    RequestUnmet,
    RequestWithdrawn,
)


@dataclass(frozen=True, slots=True)
class Overtaking:
    """recipient: whose notices. same_subject: of this match or mandate alone; else of the whole
    request. when: a field of the fact that must be true: else nothing follows what it cancels.
    holders: fields with the staff numbers of members."""

    recipient: Literal["applicant", "donor", "member"]
    purposes: tuple[str, ...]
    same_subject: bool = False
    when: str = ""
    holders: tuple[str, ...] = ()

    def list_persons(self, fact: Fact, members: Mapping[str, str]) -> list[str]:
        """members: person by staff number."""
        if self.recipient == "member":
            return [members[each] for each in list_holders(fact, self.holders) if each in members]
        person_id = getattr(fact, "person_id" if self.recipient == "applicant" else "donor_id")
        return [person_id] if person_id else []

    def covers(self, waiting: Waiting, event: Event) -> bool:
        if waiting.purpose not in self.purposes:
            return False
        if self.same_subject:
            return waiting.about == event.subject
        return waiting.request_id == find_request_id(event)


def find_request_id(event: Event) -> str:
    """Empty where it is about none."""
    if isinstance(event.data, RequestFact):
        return event.subject
    return getattr(event.data, "request_id", "")


_EARLY = (
    "request_recorded",
    "request_hastened",
    *RETURNED,
    "request_referred",
    "request_overdue",
    "request_paused_papers",
    "request_unbudgeted",
)
_HOPE = (*_EARLY, "request_opened")
_ALL = (*_HOPE, "request_opened_part", "request_budgeted")
_FOLLOWED = ("request_merged", "request_committed", "request_delivered", "request_separated")
_COMING = ("match_scheduled", "match_rescheduled", "match_tomorrow")
_OF_MATCH = ("match_committed", "match_delivered", *_COMING)
_ASKING = ("match_proposed", "match_reminded", "match_asked", "match_asked_again")
_QUESTION = (Overtaking("donor", _ASKING, same_subject=True),)
_ARRIVAL = Overtaking("donor", ("match_arrived",), same_subject=True)
_MANDATE = (Overtaking("donor", ("mandate_proposed",), same_subject=True),)


def _make_meeting(purposes: tuple[str, ...], *holders: str) -> Overtaking:
    return Overtaking("member", purposes, same_subject=True, holders=holders)


OVERTAKINGS: Mapping[type[Fact], tuple[Overtaking, ...]] = {
    RequestOpened: (Overtaking("applicant", _EARLY),),
    RequestReturned: (Overtaking("applicant", ("request_recorded",), when="to_person"),),
    RequestHastened: (Overtaking("applicant", ("request_recorded",), when="to_person"),),
    RequestMended: (Overtaking("applicant", RETURNED),),
    RequestResumed: (Overtaking("applicant", ("request_paused_papers",)),),
    RequestReferred: (Overtaking("applicant", _HOPE),),
    RequestBudgeted: (Overtaking("applicant", _HOPE),),
    RequestSettled: (Overtaking("applicant", _ALL),),
    RequestDeclined: (Overtaking("applicant", _ALL),),
    RequestClosed: (Overtaking("applicant", (*_HOPE, *_OF_MATCH)),),
    RequestWithdrawn: (
        Overtaking("applicant", (*_ALL, *_OF_MATCH, "match_fell_through", "match_reopened")),
    ),
    RequestFollowed: (Overtaking("applicant", _FOLLOWED),),
    RequestUnbudgeted: (Overtaking("applicant", ("request_budgeted",)),),
    RequestUnmet: (Overtaking("applicant", ("request_committed", "request_delivered")),),
    MatchAccepted: _QUESTION,
    MatchDeclined: _QUESTION,
    MatchExpired: _QUESTION,
    MatchCommitted: (Overtaking("applicant", _HOPE),),
    MatchDelivered: (
        Overtaking("applicant", _HOPE),
        Overtaking("applicant", ("match_committed", *_COMING), same_subject=True),
    ),
    MatchScheduled: (
        Overtaking("applicant", _HOPE),
        Overtaking("applicant", ("match_committed", *_COMING), same_subject=True),
    ),
    MatchConfirmed: (Overtaking("applicant", (*_OF_MATCH, "match_reopened"), same_subject=True),),
    MatchReopened: (Overtaking("applicant", _OF_MATCH, same_subject=True), _ARRIVAL),
    MatchReleased: (Overtaking("applicant", _OF_MATCH, same_subject=True), *_QUESTION, _ARRIVAL),
    MandateGranted: _MANDATE,
    MandateRevoked: _MANDATE,
    MeetingCancelled: (
        _make_meeting(("meeting_invited", "meeting_to_sign"), "member_ids", "cancelled_by"),
    ),
    MeetingSigned: (_make_meeting(("meeting_to_sign",), "signed_by"),),
    MeetingClosed: (_make_meeting(("meeting_to_sign",), "chair_id", "recorder_id"),),
}


def list_holders(fact: Fact, fields: Iterable[str]) -> Iterator[str]:
    """The staff numbers that these fields of a fact hold."""
    for field in fields:
        value = getattr(fact, field, None) or ()
        yield from (value,) if isinstance(value, str) else value


def list_all_holders(fact: Fact) -> set[str]:
    """Every staff number whose person it takes to say whom an event is told or spared."""
    return set(list_holders(fact, _list_fields(type(fact))))


@cache
def _list_fields(kind: type[Fact]) -> frozenset[str]:
    fields = [row.holders for row in OVERTAKINGS.get(kind, ())]
    fields += [row.holders for row in PURPOSES.get(kind, ())]
    return frozenset(chain.from_iterable(fields))


def list_overtakings(event: Event, members: Mapping[str, str]) -> Iterator[tuple[str, Overtaking]]:
    """(person, what he need not hear any more)."""
    for overtaking in OVERTAKINGS.get(type(event.data), ()):
        if overtaking.when and not getattr(event.data, overtaking.when):
            continue
        for person_id in overtaking.list_persons(event.data, members):
            yield person_id, overtaking
