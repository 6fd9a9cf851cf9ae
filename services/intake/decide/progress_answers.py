"""“查进度”, “批了没”: what who asks is told of the case, as far as his channel may carry it."""

from collections.abc import Sequence

from services.intake.decide.identities import are_one, list_reached
from services.intake.model import Message, Person, Request, RequestState
from shared.contracts.events import SenderAnswer
from shared.messaging.decision import States
from shared.references import format_reference


def describe_progress(states: States, message: Message) -> tuple[SenderAnswer, str]:
    """The answer, and the signs by which the case is known. Of a phone that several persons share
    nothing is said of any: where each looks."""
    persons = _list_persons(states, message)
    if persons and not are_one(persons):
        return "progress_where", ""
    cases = _list_open_cases(states, persons)
    if not cases:
        return "progress_none", ""
    latest = _find_latest(cases)
    if latest is None:
        return "progress_where", ""
    awaited = {match_id for person in persons for match_id in person.awaiting}
    return _describe(latest, awaited), format_reference(latest.id)


def find_open_case(states: States, message: Message) -> Request | None:
    """The latest of the one person who is reached there; None where he was told of none."""
    persons = _list_persons(states, message)
    if not persons or not are_one(persons):
        return None
    return _find_latest(_list_open_cases(states, persons))


def _list_persons(states: States, message: Message) -> list[Person]:
    reached = list_reached(states, message.point_id, message.earlier_id)
    return [each.person for each in reached]


def _list_open_cases(states: States, persons: Sequence[Person]) -> list[Request]:
    entries = (entry for person in persons for entry in person.unfinished.values())
    return list(states.get_many(Request, sorted({e.request_id for e in entries})).values())


def _find_latest(requests: Sequence[Request]) -> Request | None:
    """Of those that somebody is told of already."""
    published = [request for request in requests if not request.quiet]
    return max(published, key=lambda request: (request.recorded_at, request.id), default=None)


def _describe(request: Request, awaited: set[str]) -> SenderAnswer:
    match request.state:
        case RequestState.RECORDED:
            return "progress_waiting"
        case RequestState.RETURNED:
            return "progress_returned"
        case RequestState.OPEN if awaited.intersection(request.matches):
            return "progress_delivered"
        case RequestState.OPEN if _is_promised(request):
            return "progress_promised"
        case RequestState.OPEN:
            return "progress_open"
        case _:
            return "progress_where"


def _is_promised(request: Request) -> bool:
    return any(portion.stage == "committed" for portion in request.matches.values())
