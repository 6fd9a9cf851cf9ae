"""What approving a case would mean for others who wait: asked of matching, for a joint meeting."""

import orjson
from pydantic import ValidationError

from services.intake.decide.requests import make_fact
from services.intake.model import Request, RequestState
from services.intake.neighbours import ask_neighbour
from services.intake.resources import IntakeRuntime
from shared.contracts.events import RequestOpened
from shared.contracts.outlooks import OUTLOOK_PATH, Outlook, OutlookQuery, OutlookSentence

SOLVED_S = 5.0
"""Two solves, and before the first of them its process starts."""


async def list_outlook(
    runtime: IntakeRuntime, request: Request, quantity: int | None
) -> tuple[OutlookSentence, ...]:
    """As if so much of it were approved; None is all. Empty where matching does not answer."""
    need = request.need.model_copy(update={"quantity": quantity or request.need.quantity})
    opened = make_fact(request.model_copy(update={"state": RequestState.OPEN, "need": need}))
    assert isinstance(opened, RequestOpened)
    query = OutlookQuery(request_id=request.id, request=opened)
    body = orjson.dumps(query.model_dump(mode="json"))
    url = runtime.settings.matching_url
    answer = await ask_neighbour(runtime, url, OUTLOOK_PATH, body, SOLVED_S)
    try:
        return Outlook.model_validate_json(answer).sentences if answer is not None else ()
    except ValidationError:
        return ()
