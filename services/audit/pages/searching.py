"""查找: a gift by its giver, fund, day, sum or reference, for finance and auditors."""

from collections.abc import Sequence
from typing import get_args

from fastapi import Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.audit.api.statements import DesignationReader
from services.audit.gift_search import HITS_MAX, GiftSearch, Hit, Kind, search_gifts
from services.audit.pages.proposing import FINANCE_PATH, PAGES, Texts
from services.audit.preparing import build_bank_secrets
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.store import read_funds
from services.audit.vouchers.messages import SEARCH_EMPTY
from shared.documents import Document
from shared.errors import Invalid, refuse
from shared.money import parse_amount
from shared.validation import describe_validation
from shared.web.forms import Form, list_problems, read_form
from shared.web.staff import PageRouter

router = PageRouter()
SEARCH_PATH = FINANCE_PATH + "/search"
KINDS: dict[Kind, Texts] = {
    "gift": ("捐赠", "Gift"),
    "fee": ("管理费", "Fee"),
    "refund": ("退款", "Refund"),
    "transfer": ("划转", "Transfer"),
    "reversal": ("冲正", "Reversal"),
    "payment": ("付款", "Payment"),
    "bank_line": ("银行流水", "Line of the bank"),
}
assert set(KINDS) == set(get_args(Kind))
STATES: dict[str, Texts] = {
    "entered": ("已入账", "entered"),
    "waiting": ("等待", "waits"),
    "refused": ("未入账", "refused"),
    "undone": ("已冲销", "undone"),
    "proposed": ("待批准", "proposed"),
    "approved": ("已批准", "approved"),
    "declined": ("已否决", "declined"),
    "paid": ("已付", "paid"),
    "returned": ("已退回", "returned"),
    "released": ("已放行", "released"),
    "asked": ("待核对", "asked about"),
    "answered": ("已核对", "answered"),
}


@router.get(SEARCH_PATH)
async def show_search(
    _caller: DesignationReader, request: Request, runtime: AuditRuntimeDep
) -> Response:
    return await _render(request, runtime, {})


@router.post(SEARCH_PATH)
async def submit_search(
    _caller: DesignationReader, request: Request, runtime: AuditRuntimeDep
) -> Response:
    """It changes nothing. By POST, so that what was looked for stands in no address."""
    form = await read_form(request)
    try:
        search = _parse_search(form)
    except Invalid as invalid:
        problems = list_problems(refuse(422, *invalid.problems))
        return await _render(request, runtime, form, problems=problems)
    hidden = build_bank_secrets(runtime.keyring).hide_reference(search.reference)
    hits = await search_gifts(runtime.database, runtime.resources, search, hidden)
    return await _render(request, runtime, form, hits)


def _parse_search(form: Form) -> GiftSearch:
    """Raises Invalid."""
    names = ("donor_id", "fund_id", "from_day", "to_day", "reference")
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
        kinds=KINDS,
        states=STATES,
        funds=await read_funds(runtime.database),
    )
