"""Which case, and which delivery of it, a message is about, as staff say it.

They type the six signs that notices carry, or a whole number of the case or of a match.
"""

from collections.abc import Iterator

from services.intake import store, worklist
from services.intake.api.people import Hit, look_up
from services.intake.messages import (
    DELIVERIES_SEVERAL,
    DELIVERY_MISSING,
    REFERENCE_SEVERAL,
    REQUEST_UNKNOWN,
)
from services.intake.model import ContactPoint, Message, Request
from services.intake.resources import IntakeRuntime
from shared import mongo
from shared.references import REFERENCE_LENGTH, find_request_id
from shared.scope import Scope
from shared.security import Credential
from shared.web.access import Denied

MATCH = "M-"


async def find_target(
    runtime: IntakeRuntime, scope: Scope, typed: str
) -> tuple[str | None, str | None]:
    """The ids of the case and the match; what is found nowhere in the scope stays as it was typed.

    Raises Invalid where several cases have these six signs.
    """
    if typed.startswith(MATCH):
        return find_request_id(typed) or None, typed
    if len(typed) != REFERENCE_LENGTH:
        return typed or None, None
    requests = await worklist.find_by_reference(runtime.database, scope, typed)
    if len(requests) > 1:
        raise REFERENCE_SEVERAL.invalid("request_id", count=len(requests))
    return (requests[0].id if requests else typed), None


async def find_delivery(runtime: IntakeRuntime, scope: Scope, request_id: str) -> str:
    """The match that waits for its answer. Raises Denied where the case is unknown in the scope,
    Invalid where none or several wait."""
    request = await mongo.load(runtime.database, Request, request_id)
    if request is None or not scope.sees_place(request.area.town_code, request.area.village_code):
        raise Denied(REQUEST_UNKNOWN.refusal(404, "request_id"))
    waiting = list(list_deliveries(request))
    if not waiting:
        raise DELIVERY_MISSING.invalid("request_id")
    if len(waiting) > 1:
        raise DELIVERIES_SEVERAL.invalid("request_id", count=len(waiting))
    return waiting[0]


def list_deliveries(request: Request) -> Iterator[str]:
    """Matches that were delivered and not answered yet."""
    return (id_ for id_, portion in request.matches.items() if portion.stage == "delivered")


async def find_senders(runtime: IntakeRuntime, caller: Credential, message: Message) -> list[Hit]:
    """Who is registered under the phone or account that it came from, with the requests, as far as
    the caller's area goes. The look is logged."""
    point = await mongo.load(runtime.database, ContactPoint, message.point_id)
    bound = point.bound_to if point else ""
    keys = store.SearchKeys(
        point_ids=tuple(filter(None, (message.point_id, bound))),
        person_ids=tuple(filter(None, (message.earlier_id,))),
    )
    return await look_up(runtime, caller, keys)
