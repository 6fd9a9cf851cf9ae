"""HTTP for links: whoever may touch what a link is about revokes it."""

from fastapi.responses import Response

from services.matching.api.callers import HandingCaller, find_owner_scope
from services.matching.model.match import Match
from services.matching.model.offer import Offer
from shared import mongo
from shared.messages import LINK_UNKNOWN
from shared.revocations import RevokeLinks
from shared.runtime import Runtime
from shared.security import STAFF, Credential
from shared.web.access import Denied, IdempotencyKey, Router, RuntimeDep, answer_to, find_scope
from shared.web.links import LinksToRevoke, find_revoked

router = Router(tags=["links"])


@router.post("/links/revoke")
async def revoke_links(
    body: LinksToRevoke, caller: HandingCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """One link, or all about a match or an offer; from now on they open nothing."""
    revoked = find_revoked(runtime, body)
    if not await _may_revoke(runtime, caller, revoked.subject):
        raise Denied(LINK_UNKNOWN.refusal(404, "link"))
    return await answer_to(runtime, caller, RevokeLinks(target=revoked.target), key)


async def _may_revoke(runtime: Runtime, caller: Credential, subject: str) -> bool:
    """A match is of an area; an offer has none, so it is its owner's and the whole city's."""
    match = await mongo.load(runtime.database, Match, subject)
    if match is not None:
        return match.is_seen(find_scope(caller))
    offer = await mongo.load(runtime.database, Offer, subject)
    if offer is None:
        return False
    is_city_staff = bool(caller.roles & STAFF) and not caller.area
    return is_city_staff or find_owner_scope(caller).source in (None, offer.source)
