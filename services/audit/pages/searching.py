"""查找: a gift by its giver, fund, day, sum or reference, for finance and auditors."""

from collections.abc import Sequence

from fastapi import Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.audit.api.statements import DesignationReader
from services.audit.gift_search import (
    HITS_MAX,
    KIND_WORDS,
    STATE_WORDS,
    GiftSearch,
    Hit,
    find_hits,
)
from services.audit.pages.proposing import FINANCE_PATH, PAGES
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.store import read_funds
from services.audit.vouchers.messages import NAMES_UNREACHABLE, SEARCH_EMPTY
from shared.documents import Document
from shared.errors import Invalid, Transient, refuse
from shared.money import parse_amount
from shared.validation import describe_validation
from shared.web.forms import Form, list_problems, read_form
from shared.web.staff import PageRouter

router = PageRouter()
SEARCH_PATH = FINANCE_PATH + "/search"


@router.get(SEARCH_PATH)
async def show_search(
    _caller: DesignationReader, request: Request, runtime: AuditRuntimeDep
) -> Response:
    return await _render(request, runtime, {})


@router.post(SEARCH_PATH)
async def submit_search(
    caller: DesignationReader, request: Request, runtime: AuditRuntimeDep
) -> Response:
    """It changes nothing. By POST, so that what was looked for stands in no address."""
    form = await read_form(request)
    try:
        hits = await find_hits(runtime, _parse_search(form), caller.principal)
    except Invalid as invalid:
        problems = list_problems(refuse(422, *invalid.problems))
        return await _render(request, runtime, form, problems=problems)
    except Transient:
        problems = list_problems(NAMES_UNREACHABLE.refusal(503, "donor_name"))
        return await _render(request, runtime, form, problems=problems)
    return await _render(request, runtime, form, hits)


def _parse_search(form: Form) -> GiftSearch:
    """Raises Invalid."""
    names = ("donor_id", "donor_name", "fund_id", "from_day", "to_day", "reference")
    fields: dict[str, object] = {
        name: text for name in names if (text := form.get(name, "").strip())
    }
    if amount := form.get("amount", "").strip():
        fields["amount_fen"] = parse_amount(amount)
    if not fields:
        raise SEARCH_EMPTY.invalid()
    try:
        return GiftSearch.model_validate(fields)
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None


async def _render(
    request: Request,
    runtime: AuditRuntime,
    typed: Form,
    hits: Sequence[Hit] | None = None,
    problems: Sequence[Document] = (),
) -> Response:
    return PAGES.render_for(
        request,
        "finance_search.html",
        status=422 if problems else 200,
        problems=problems,
        typed=typed,
        rows=hits,
        is_cut=hits is not None and len(hits) >= HITS_MAX,
        kinds=KIND_WORDS,
        states=STATE_WORDS,
        funds=await read_funds(runtime.database),
    )
