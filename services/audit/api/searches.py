"""HTTP: finance's search for gifts, and for what names a document or a line of the bank."""

from fastapi import Response

from services.audit.api.statements import DesignationReader
from services.audit.gift_search import GiftSearch, search_gifts
from services.audit.preparing import build_bank_secrets
from services.audit.resources import AuditRuntimeDep
from services.audit.vouchers.messages import SEARCH_EMPTY
from shared.web.access import Router, respond

router = Router()


@router.post("/gifts/search", response_model=None)
async def find_gifts_by_traits(
    search: GiftSearch, _caller: DesignationReader, runtime: AuditRuntimeDep
) -> Response | dict[str, object]:
    """By POST: a reference may be somebody's number, and stands in no address."""
    if search.is_empty:
        return respond(SEARCH_EMPTY.refusal(422))
    hidden = build_bank_secrets(runtime.keyring).hide_reference(search.reference)
    hits = await search_gifts(runtime.database, runtime.resources, search, hidden)
    return {"hits": [each.as_json() for each in hits]}
