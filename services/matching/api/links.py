"""HTTP for links: whoever may touch what a link is about revokes it."""

from fastapi.responses import Response

from services.matching.api.callers import HandingCaller, find_owner_scope
from services.matching.model.match import Match
from services.matching.model.offer import Offer
from services.matching.store import MATCHES
from shared import mongo
from shared.contracts.links import PROPOSALS
from shared.messages import LINK_UNKNOWN
from shared.revocations import RevokeLinks
from shared.runtime import Runtime
from shared.security import STAFF, Credential
from shared.web.access import Denied, IdempotencyKey, Router, RuntimeDep, answer_to, find_scope
from shared.web.links import LinksToRevoke, RevocationTarget, find_revoked

router = Router(tags=["links"])


@router.post("/links/revoke")
async def revoke_links(
    body: LinksToRevoke, caller: HandingCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """One link, or all about a match or an offer; from now on they open nothing.

    All of a donor are ended in intake, which tells every service.
    """
    revoked = find_revoked(runtime, body)
    if not await _may_revoke(runtime, caller, revoked):
        raise Denied(LINK_UNKNOWN.refusal(404, "link"))
    return await answer_to(runtime, caller, RevokeLinks(target=revoked.target), key)


async def _may_revoke(runtime: Runtime, caller: Credential, revoked: RevocationTarget) -> bool:
    """A match is of an area; an offer has none, so it is its owner's and the whole city's. A
    donor's own page is of whoever has to do with one of its matches or offers."""
    subject = revoked.subject
    if revoked.purpose == PROPOSALS.purpose:
        return await _has_to_do(runtime, caller, subject)
    match = await mongo.load(runtime.database, Match, subject)
    if match is not None:
        return match.is_seen(find_scope(caller))
    offer = await mongo.load(runtime.database, Offer, subject)
    if offer is None:
        return False
    return _is_city_staff(caller) or find_owner_scope(caller).source in (None, offer.source)


async def _has_to_do(runtime: Runtime, caller: Credential, donor_id: str) -> bool:
    if _is_city_staff(caller):
        return True
    seen = find_scope(caller).build_query(MATCHES)
    if await mongo.find(runtime.database, Match, {"donor_id": donor_id, **seen}, limit=1):
        return True
    own = {"donor_id": donor_id, "source": find_owner_scope(caller).source}
    return bool(await mongo.find(runtime.database, Offer, own, limit=1))


def _is_city_staff(caller: Credential) -> bool:
    return bool(caller.roles & STAFF) and not caller.area
