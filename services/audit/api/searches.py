"""HTTP: finance's search for gifts, and for what names a document or a line of the bank."""

from fastapi import Response

from services.audit.api.statements import DesignationReader
from services.audit.gift_search import GiftSearch, find_hits
from services.audit.resources import AuditRuntimeDep
from services.audit.vouchers.messages import NAMES_UNREACHABLE, SEARCH_EMPTY
from shared.errors import Transient
from shared.web.access import Router, respond

router = Router()


@router.post("/gifts/search", response_model=None)
async def find_gifts_by_traits(
    search: GiftSearch, caller: DesignationReader, runtime: AuditRuntimeDep
) -> Response | dict[str, object]:
    """By POST: a name, or a reference that is somebody's number, stands in no address."""
    if search.is_empty:
        return respond(SEARCH_EMPTY.refusal(422))
    try:
        hits = await find_hits(runtime, search, caller.principal)
    except Transient:
        return respond(NAMES_UNREACHABLE.refusal(503, "donor_name"))
    return {"hits": [each.as_json() for each in hits]}
