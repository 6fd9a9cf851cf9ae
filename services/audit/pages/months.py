"""月结: the bank against the books of a month, account by account, and closing it by two people."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from services.audit.model import LogHead
from services.audit.model.months import Month, MonthClose, MonthToClose, ProposeMonthReopening
from services.audit.months.messages import MONTH_UNREAD
from services.audit.months.reading import build_proposal, choose_foundation, read_figures
from services.audit.pages.proposal_forms import Texts
from services.audit.pages.proposing import FINANCE_PATH, PAGES, Maker
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from shared import mongo
from shared.contracts.values import CHINA, Value
from shared.errors import Invalid, refuse
from shared.messaging.decision import Answer
from shared.money import parse_amount
from shared.security import Credential, Role
from shared.text import EMPTY_AS_NONE
from shared.web.access import allow
from shared.web.forms import FORM_KEY, Form, answer_form, list_problems, make_form_key, read_form
from shared.web.staff import PageRouter

router = PageRouter()
MONTHS_PATH = FINANCE_PATH + "/months"
Reader = Annotated[
    Credential,
    Depends(allow(Role.AUDITOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True)),
]
DIFFERENCES: dict[str, Texts] = {
    "asked": ("银行流水待核对，未入账", "a line that is asked about"),
    "not_entered": ("银行流水，经两人核对不入账", "a line that two people said is not entered"),
    "gift_refused": ("捐款未入账", "a gift that was not entered"),
}
FEW = 12


@router.get(MONTHS_PATH)
async def show_months(
    caller: Reader,
    request: Request,
    runtime: AuditRuntimeDep,
    month: Annotated[Month | None, Query(), EMPTY_AS_NONE] = None,
) -> Response:
    """By default the next to be closed, else the last that is over."""
    return await _render(request, runtime, caller, month, {}, Answer(200, {}))


@router.post(MONTHS_PATH)
async def submit_month(caller: Maker, request: Request, runtime: AuditRuntimeDep) -> Response:
    form = await read_form(request)

    async def show(typed: Form, answer: Answer) -> Response:
        return await _render(request, runtime, caller, None, typed, answer)

    try:
        data = await build_proposal(runtime, _parse_close(form))
    except (Invalid, ValueError):
        return await show(form, refuse(422, MONTH_UNREAD.problem("balances")))
    return await answer_form(request, runtime, caller, FINANCE_PATH, lambda _form: data, show)


@router.post(MONTHS_PATH + "/reopen")
async def submit_reopening(caller: Maker, request: Request, runtime: AuditRuntimeDep) -> Response:
    async def show(typed: Form, answer: Answer) -> Response:
        return await _render(request, runtime, caller, None, typed, answer)

    def build(form: Form) -> Value:
        return ProposeMonthReopening(
            foundation=choose_foundation(runtime, None),
            month=form.get("month", ""),
            reason=form.get("reason", "").strip(),
        )

    return await answer_form(request, runtime, caller, FINANCE_PATH, build, show)


def _parse_close(form: Form) -> MonthToClose:
    """One line for each account: its name and, last, its balance. Raises Invalid and ValueError."""
    balances = []
    for line in form.get("balances", "").splitlines():
        account, _, amount = line.strip().rpartition(" ")
        if line.strip():
            balances.append({"account": account.strip(), "balance_fen": _parse_balance(amount)})
    return MonthToClose.model_validate(
        {"month": form.get("month", ""), "balances": balances, "reason": form.get("reason", "")}
    )


def _parse_balance(text: str) -> int:
    """Raises Invalid; nothing is a balance too."""
    if not text.strip("0.,"):
        return 0
    return -parse_amount(text[1:]) if text.startswith("-") else parse_amount(text)


def _choose_month(head: LogHead | None, now: datetime) -> str:
    if head is not None and head.closed_until is not None:
        return f"{head.closed_until.astimezone(CHINA):%Y-%m}"
    first = now.astimezone(CHINA).replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"


async def _render(
    request: Request,
    runtime: AuditRuntime,
    caller: Credential,
    month: str | None,
    typed: Form,
    answer: Answer,
) -> Response:
    foundation = choose_foundation(runtime, None)
    head = await mongo.load(runtime.database, LogHead, foundation)
    chosen = month or _choose_month(head, await runtime.processor.now())
    figures = await read_figures(runtime, foundation, chosen)
    empty = MonthClose(
        id="-", maker="-", foundation=foundation, month=chosen, balances=(), figures=figures
    )
    query = {"state": "approved", "foundation": foundation}
    closes = await mongo.find(runtime.database, MonthClose, query, sort=[("_id", -1)], limit=FEW)
    return PAGES.render_for(
        request,
        "months.html",
        status=answer.status,
        problems=list_problems(answer),
        month=chosen,
        figures=figures,
        rows=empty.rows,
        differences=[(each, DIFFERENCES[each.kind]) for each in figures.differences],
        closes=closes,
        may_propose=Role.FINANCE_MAKER in caller.roles,
        typed=typed,
        key=typed.get(FORM_KEY) or make_form_key(),
    )
