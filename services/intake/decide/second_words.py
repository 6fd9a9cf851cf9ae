"""What is written about a delivery after it was answered: taken back, or only said again."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.intake.decide.identities import Reached, list_reached
from services.intake.model import Correspondence, Message, Portion, Request
from shared.messaging.decision import States
from shared.references import find_request_id

TAKEN_BACK_WITHIN = timedelta(hours=24)
REPEATED_WITHIN = timedelta(days=7)


# --- “没收到”, and soon after “刚刚收到了” ---


def with_denied(thread: Correspondence, match_ids: Iterable[str], now: datetime) -> Correspondence:
    """From here somebody wrote that these did not arrive."""
    recent = thread.denied if has_denied(thread, now) else ()
    ids = tuple(dict.fromkeys((*recent, *match_ids)))
    match_ids_left = tuple(id_ for id_ in thread.arrived if id_ not in ids)
    return thread.model_copy(update={"denied": ids, "denied_at": now, "arrived": match_ids_left})


def has_denied(thread: Correspondence, now: datetime) -> bool:
    """Whether something was denied from there so lately that it may be taken back."""
    is_recent = thread.denied_at is not None and now - thread.denied_at <= TAKEN_BACK_WITHIN
    return is_recent and bool(thread.denied)


def list_retractable(
    states: States, thread: Correspondence, reached: Sequence[Reached], now: datetime
) -> list[tuple[Reached, str]]:
    """The same deliveries, on their way again. One that fell away meanwhile is none: what was
    promised since is not what arrived."""
    if not has_denied(thread, now):
        return []
    owners = {each.person.id: each for each in reached}
    return [
        (owners[request.person_id], match_id)
        for match_id, (request, portion) in _load_portions(states, thread.denied).items()
        if portion.stage == "committed" and request.person_id in owners
    ]


# --- “收到”, and days later “1” ---


def with_arrived_there(
    thread: Correspondence, match_ids: Iterable[str], now: datetime
) -> Correspondence:
    """From here somebody wrote that these arrived. Until matching has confirmed them, that is all
    that is known of it."""
    ids = frozenset(match_ids)
    changes = {"arrived": tuple(dict.fromkeys((*_list_said(thread, now), *ids)))}
    denials = tuple(id_ for id_ in thread.denied if id_ not in ids)
    return thread.model_copy(update={**changes, "arrived_at": now, "denied": denials})


def _list_said(thread: Correspondence, now: datetime) -> tuple[str, ...]:
    is_recent = thread.arrived_at is not None and now - thread.arrived_at <= TAKEN_BACK_WITHIN
    return thread.arrived if is_recent else ()


def is_said_again(
    states: States, thread: Correspondence, reached: Sequence[Reached], now: datetime
) -> bool:
    """Whether all that was promised to them is confirmed, or was just said from here to have
    arrived, some of it of late: then a second yes says nothing new. What is on its way may be what
    it speaks of."""
    match_ids = frozenset(_list_said(thread, now))
    persons = [each.person for each in reached]
    arrived = _load_portions(states, filter(None, (person.arrived for person in persons)))
    times = [portion.at for _, portion in arrived.values() if portion.stage == "confirmed"]
    if not match_ids and not any(at is not None and now - at <= REPEATED_WITHIN for at in times):
        return False
    ids = {entry.request_id for person in persons for entry in person.unfinished.values()}
    requests = states.get_many(Request, sorted(ids)).values()
    return all(
        portion.stage == "confirmed" or (portion.stage == "delivered" and match_id in match_ids)
        for request in requests
        for match_id, portion in request.matches.items()
    )


# --- a thumb, or tears, to “please confirm” ---


def find_unanswered(states: States, message: Message, thread: Correspondence) -> str:
    """The delivery of which it is to be asked whether it arrived, with what to write. Once: empty
    where it was asked, or where none waits."""
    reached = list_reached(states, message.point_id, message.earlier_id)
    awaited = [id_ for each in reached for id_ in each.person.awaiting]
    return awaited[-1] if awaited and awaited[-1] != thread.pressed else ""


def _load_portions(states: States, match_ids: Iterable[str]) -> dict[str, tuple[Request, Portion]]:
    """By match, as far as its request still counts on it."""
    ids = {match_id: find_request_id(match_id) for match_id in match_ids}
    requests = states.get_many(Request, sorted(filter(None, ids.values())))
    pairs = ((match_id, requests.get(request_id)) for match_id, request_id in ids.items())
    return {
        match_id: (request, request.matches[match_id])
        for match_id, request in pairs
        if request is not None and match_id in request.matches
    }
