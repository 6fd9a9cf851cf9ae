"""HTTP for links: staff of the area revoke one, all about a request, or all of a person."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from services.intake import store
from services.intake.messages import PERSON_UNKNOWN
from services.intake.model import Request, RevokePersonLinks
from services.intake.resources import IntakeRuntimeDep
from shared import mongo
from shared.contracts.values import Identifier
from shared.messages import LINK_UNKNOWN
from shared.revocations import RevokeLinks
from shared.security import Credential, Role
from shared.web.access import Denied, IdempotencyKey, Router, allow, answer_to, find_scope
from shared.web.links import LinksToRevoke, find_revoked

router = Router(tags=["links"])

FieldStaff = Annotated[
    Credential,
    Depends(
        allow(
            Role.COLLECTOR,
            Role.APPROVER_VILLAGE,
            Role.APPROVER_TOWN,
            Role.APPROVER_CITY,
            Role.OPERATOR,
        )
    ),
]


@router.post("/links/revoke")
async def revoke_links(
    body: LinksToRevoke, caller: FieldStaff, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """One link, or all about a request; from now on they open nothing."""
    revoked = find_revoked(runtime, body)
    request = await mongo.load(runtime.database, Request, revoked.subject)
    scope, area = find_scope(caller), request.area if request else None
    if area is None or not scope.sees_place(area.town_code, area.village_code):
        raise Denied(LINK_UNKNOWN.refusal(404, "link"))
    return await answer_to(runtime, caller, RevokeLinks(target=revoked.target), key)


@router.post("/persons/{person_id}/links/revoke")
async def revoke_person_links(
    person_id: Identifier, caller: FieldStaff, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """Every link of this person, whichever service opens it: the phone is lost, say."""
    scope = find_scope(caller)
    data = RevokePersonLinks(person_id=person_id, area=caller.area)
    if scope.area and not await store.has_request_there(runtime.database, person_id, scope):
        raise Denied(PERSON_UNKNOWN.refusal(404, "person_id"))
    return await answer_to(runtime, caller, data, key)
