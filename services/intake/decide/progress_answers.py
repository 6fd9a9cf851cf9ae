"""“查进度”, “批了没”: what who asks is told of the case, as far as his channel may carry it."""

from services.intake.decide.identities import are_one, list_reached
from services.intake.model import Message, Request, RequestState
from shared.contracts.events import SenderAnswer
from shared.messaging.decision import States
from shared.references import format_reference


def describe_progress(states: States, message: Message) -> tuple[SenderAnswer, str]:
    """The answer, and the signs by which the case is known. Of a phone that several persons share
    nothing is said of any: where each looks."""
    reached = list_reached(states, message.point_id, message.earlier_id)
    persons = [each.person for each in reached]
    if not persons:
        return "progress_none", ""
    if not are_one(persons):
        return "progress_where", ""
    entries = [entry for person in persons for entry in person.unfinished.values()]
    ids = sorted({entry.request_id for entry in entries})
    if not ids:
        return "progress_none", ""
    requests = [each for each in states.get_many(Request, ids).values() if not each.quiet]
    if not requests:  # nobody is told of them yet
        return "progress_where", ""
    latest = max(requests, key=lambda request: (request.recorded_at, request.id))
    awaited = {match_id for person in persons for match_id in person.awaiting}
    return _describe(latest, awaited), format_reference(latest.id)


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
