"""Whose request a link opens."""

from fastapi import Request

from services.intake import model
from services.intake.messages import REQUEST_UNKNOWN
from services.intake.own.phones import is_confirmed
from services.intake.resources import IntakeRuntime
from shared import mongo
from shared.contracts.links import REQUEST
from shared.link_tokens import LinkToken
from shared.security import Unauthenticated
from shared.web.access import Denied
from shared.web.links import open_link, require_standing


async def load_request(request: Request, runtime: IntakeRuntime, token: str) -> model.Request:
    """Raises Unauthenticated or Denied."""
    _, stored = await open_request(request, runtime, token)
    return stored


async def open_request(
    request: Request, runtime: IntakeRuntime, token: str
) -> tuple[LinkToken, model.Request]:
    """With the link itself. Raises Unauthenticated or Denied.

    One that was made for who signed in by phone opens as long as that phone is certainly his.
    """
    opened = await open_link(request, runtime, REQUEST, token)
    stored = await mongo.load(runtime.database, model.Request, opened.subject)
    if stored is None:
        raise Denied(REQUEST_UNKNOWN.refusal(404))
    await require_standing(runtime, opened, stored.person_id)
    if opened.parent and not await is_confirmed(runtime, stored.person_id):
        raise Unauthenticated
    return opened, stored
