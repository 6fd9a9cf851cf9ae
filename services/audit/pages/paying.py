"""应付与付款单: what is due, the account it goes to, the orders, and what the bank says of them.

Accounts are opened for finance alone, on the pages where somebody needs them to pay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import parse_qs

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from services.audit import views
from services.audit.accounts import Account
from services.audit.batch_file import Format
from services.audit.messages import DOUBTS, ORDER_UNKNOWN, PAYABLE_UNKNOWN, PAYABLES_UNCHOSEN
from services.audit.model import (
    LINES_MAX,
    AnswerBankQuestion,
    ApprovePaymentOrder,
    BankAnswer,
    BankQuestion,
    CancelPaymentOrder,
    Commitment,
    DeclinePaymentOrder,
    ExportPaymentOrder,
    NamePayees,
    OrderCommand,
    OrderLine,
    Payable,
    PaymentOrder,
    ProposePaymentOrder,
    ReissueBatchFile,
    Spending,
    TakeBatchFile,
)
from services.audit.pages.ledger import split_name
from services.audit.pages.proposal_forms import Texts
from services.audit.pages.proposing import FINANCE_PATH, PAGES, Maker
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.store import read_funds
from shared import mongo
from shared.contracts.values import Identifier, Value
from shared.errors import refuse
from shared.messaging.decision import Answer
from shared.references import format_reference
from shared.security import Credential, Role
from shared.validation import describe_validation
from shared.web.access import Denied, allow
from shared.web.forms import (
    FORM_KEY,
    Form,
    answer_form,
    execute_form,
    list_problems,
    make_form_key,
    read_form,
)
from shared.web.staff import PageRouter, render_refusal

router = PageRouter()
PAYABLES_PATH = FINANCE_PATH + "/payables"
ORDERS_PATH = FINANCE_PATH + "/orders"
FEW = 50
Payer = Annotated[
    Credential, Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True))
]
Reader = Annotated[
    Credential,
    Depends(allow(Role.AUDITOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True)),
]
Checker = Annotated[Credential, Depends(allow(Role.FINANCE_CHECKER, whole_city=True))]
PAYEE_KINDS: Mapping[str, Texts] = {
    "person": ("个人", "a person"),
    "shop": ("商户", "a shop"),
    "institution": ("机构", "an institution"),
}
STATES: Mapping[str, Texts] = {
    "proposed": ("等第二个人批准", "waits for a second person"),
    "approved": ("已批准，待导出", "approved, to be exported"),
    "exported": ("已导出，等银行", "exported, waits for the bank"),
    "done": ("银行已处理完", "the bank has done all"),
    "declined": ("未批准", "declined"),
    "cancelled": ("已撤销", "cancelled"),
}
STEPS: Mapping[str, type[OrderCommand]] = {
    "export": ExportPaymentOrder,
    "take": TakeBatchFile,
    "cancel": CancelPaymentOrder,
    "reissue": ReissueBatchFile,
}
LINE_STATES: Mapping[str, Texts] = {
    "waiting": ("未付", "not paid"),
    "paid": ("银行已付", "paid"),
    "returned": ("已退回，待重付", "came back"),
    "released": ("银行没有付，已释放", "not paid, released"),
}


RETURNED = {"lines.state": "returned"}
GROUPS: Sequence[tuple[Texts, Mapping[str, object]]] = (
    (STATES["proposed"], {"state": "proposed"}),
    (STATES["approved"], {"state": "approved", "exported_at": None}),
    (("有退回的", "with payments that came back"), RETURNED),
    (STATES["exported"], {"state": "approved", "is_waiting": True, "$nor": [RETURNED]}),
    (
        STATES["done"],
        {
            "state": "approved",
            "is_waiting": False,
            "exported_at": {"$ne": None},
            "$nor": [RETURNED],
        },
    ),
)
"""What has to be done first; each order stands under one heading."""


@dataclass(frozen=True, slots=True)
class LineRow:
    """account: for finance alone; None for who audits."""

    line: OrderLine
    reference: str
    state: Texts
    account: Account | None


def name_state(order: PaymentOrder) -> Texts:
    if order.exported_at is None:
        return STATES[order.state]
    return STATES["exported" if order.is_waiting else "done"]


# --- what is due ----------------------------------------------------------------------------------


@router.get(PAYABLES_PATH)
async def show_payables(caller: Reader, request: Request, runtime: AuditRuntimeDep) -> Response:
    return await _render_payables(request, runtime, caller, Answer(200, {}))


async def _add_purposes(
    runtime: AuditRuntime, rows: Sequence[dict[str, object]]
) -> list[dict[str, object]]:
    """What each is for, by the commitment of its match, and of which fund."""
    query = {"_id": {"$in": [row["id"] for row in rows]}}
    commitments = await mongo.find(runtime.database, Commitment, query)
    spendings = {each.id: each.spending for each in commitments}
    funds = {fund.id: fund.name for fund in await read_funds(runtime.database)}
    return [
        row
        | describe_payable(row, spendings.get(str(row["id"])))
        | {"fund": funds.get(str(row["fund_id"]), row["fund_id"])}
        for row in rows
    ]


def describe_payable(row: Mapping[str, object], spending: Spending | None) -> dict[str, object]:
    """since: a moment, of which a page says China's day."""
    return {
        "since": datetime.fromisoformat(str(row["due_at_day"])),
        "reference": format_reference(str(row["id"])),
        "category": spending.category if spending else None,
        "town_code": spending.town_code if spending else None,
    }


async def _render_payables(
    request: Request, runtime: AuditRuntime, caller: Credential, answer: Answer
) -> Response:
    """The longest due first; as many as one order holds."""
    rows = await _add_purposes(runtime, await views.load_payables(runtime.database, LINES_MAX))
    query = {"owed_fen": {"$gt": 0}, "order_id": ""}
    return PAGES.render_for(
        request,
        "payables.html",
        status=answer.status,
        problems=list_problems(answer),
        rows=rows,
        count=await runtime.database[Payable.COLLECTION].count_documents(query),
        may_propose=Role.FINANCE_MAKER in caller.roles,
        key=make_form_key(),
    )


@router.post(ORDERS_PATH)
async def submit_order(caller: Maker, request: Request, runtime: AuditRuntimeDep) -> Response:
    """Of the payables that were ticked."""
    form = await read_form(request)
    ticked = parse_qs((await request.body()).decode("utf-8", "replace")).get("match", [])
    if not ticked:
        answer = PAYABLES_UNCHOSEN.refusal(422)
    else:
        try:
            data = ProposePaymentOrder(match_ids=tuple(ticked[:LINES_MAX]))
        except ValidationError as error:
            answer = refuse(422, *describe_validation(error))
        else:
            answer = await execute_form(runtime, caller, form, data)
    if answer.status >= 400:
        return await _render_payables(request, runtime, caller, answer)
    return RedirectResponse(f"{ORDERS_PATH}/{answer.body['id']}", status_code=303)


@router.get(PAYABLES_PATH + "/{match_id}")
async def show_payee(
    match_id: Identifier, _caller: Maker, request: Request, runtime: AuditRuntimeDep
) -> Response:
    return await _render_payee(request, runtime, match_id, {}, Answer(200, {}))


@router.post(PAYABLES_PATH + "/{match_id}")
async def submit_payee(
    match_id: Identifier, caller: Maker, request: Request, runtime: AuditRuntimeDep
) -> Response:
    async def show(typed: Form, answer: Answer) -> Response:
        return await _render_payee(request, runtime, match_id, typed, answer)

    def build(form: Form) -> Value:
        fields = {name: form.get(name, "") for name in ("kind", "name", "number", "bank")}
        return NamePayees.model_validate({"payees": ({"match_id": match_id, **fields},)})

    return await answer_form(request, runtime, caller, PAYABLES_PATH, build, show)


async def _render_payee(
    request: Request, runtime: AuditRuntime, match_id: str, typed: Form, answer: Answer
) -> Response:
    payable = await mongo.load(runtime.database, Payable, match_id)
    if payable is None:
        raise Denied(PAYABLE_UNKNOWN.refusal(404, id=match_id))
    return PAGES.render_for(
        request,
        "payee.html",
        status=answer.status,
        payable=payable,
        kinds=PAYEE_KINDS,
        typed=typed,
        problems=list_problems(answer),
        key=typed.get(FORM_KEY) or make_form_key(),
    )


# --- orders ---------------------------------------------------------------------------------------


@router.get(ORDERS_PATH)
async def show_orders(caller: Reader, request: Request, runtime: AuditRuntimeDep) -> Response:
    """By what has to be done with them."""
    groups = [(texts, await _find_orders(runtime, query)) for texts, query in GROUPS]
    questions = await mongo.find(
        runtime.database, BankQuestion, {"is_open": True}, sort=[("_id", 1)], limit=FEW
    )
    return PAGES.render_for(
        request,
        "payment_orders.html",
        groups=[(texts, orders) for texts, orders in groups if orders],
        questions=[(each, DOUBTS[each.doubt]) for each in questions],
        answered=await _find_answered(runtime, [each.id for each in questions]),
        may_answer=bool({Role.FINANCE_MAKER, Role.FINANCE_CHECKER} & caller.roles),
        key=make_form_key(),
    )


async def _find_answered(runtime: AuditRuntime, ids: Sequence[str]) -> set[str]:
    """Of these questions, those that wait for a second person."""
    query = {"_id": {"$in": ids}, "state": "proposed"}
    return {each.id for each in await mongo.find(runtime.database, BankAnswer, query)}


async def _find_orders(
    runtime: AuditRuntime, query: Mapping[str, object]
) -> Sequence[PaymentOrder]:
    return await mongo.find(runtime.database, PaymentOrder, query, sort=[("_id", 1)], limit=FEW)


@router.get(ORDERS_PATH + "/{order_id}")
async def show_order(
    order_id: Identifier, caller: Reader, request: Request, runtime: AuditRuntimeDep
) -> Response:
    order = await mongo.load(runtime.database, PaymentOrder, order_id)
    if order is None:
        raise Denied(ORDER_UNKNOWN.refusal(404))
    pays = bool({Role.FINANCE_MAKER, Role.FINANCE_CHECKER} & caller.roles)
    is_other = order.maker != caller.principal
    accounts = (
        await views.open_payee_accounts(runtime, caller, order, "read_payment_order")
        if pays
        else {}
    )
    waits = order.state == "approved" and order.exported_at is None
    names = runtime.settings.foundations
    return PAGES.render_for(
        request,
        "payment_order.html",
        order=order,
        state=name_state(order),
        foundation=split_name(names.get(order.foundation, order.foundation)),
        rows=_list_rows(order, accounts),
        may_decide=order.state == "proposed" and is_other and Role.FINANCE_CHECKER in caller.roles,
        is_own=order.state == "proposed" and not is_other,
        may_export=waits and pays,
        may_take=pays and order.exported_at is not None and not order.taken_by,
        may_read=pays and order.taken_by == caller.principal,
        may_reissue=pays and order.taken_at is not None and order.reissued_by != caller.principal,
        is_cancelling=waits and bool(order.cancelled_by),
        may_cancel=waits and pays and order.cancelled_by != caller.principal,
        key=make_form_key(),
    )


def _list_rows(order: PaymentOrder, accounts: Mapping[str, Account]) -> list[LineRow]:
    return [
        LineRow(
            line=line,
            reference=order.format_reference(number),
            state=LINE_STATES[line.state],
            account=accounts.get(line.payee_id),
        )
        for number, line in enumerate(order.lines, 1)
    ]


@router.post(ORDERS_PATH + "/{order_id}/{verdict}")
async def submit_verdict(
    order_id: Identifier,
    verdict: Literal["approve", "decline"],
    caller: Checker,
    request: Request,
    runtime: AuditRuntimeDep,
) -> Response:
    """By another person than proposed it, on what he was shown."""
    form = await read_form(request)
    if verdict == "approve":
        data: Value = ApprovePaymentOrder(order_id=order_id, digest=form.get("digest", "-"))
    else:
        data = DeclinePaymentOrder(order_id=order_id)
    return await _execute_and_redirect(
        request, runtime, caller, form, data, f"{ORDERS_PATH}/{order_id}"
    )


@router.post(ORDERS_PATH + "/{order_id}/bank/{step}")
async def submit_step(
    order_id: Identifier,
    step: Literal["export", "take", "cancel", "reissue"],
    caller: Payer,
    request: Request,
    runtime: AuditRuntimeDep,
) -> Response:
    form = await read_form(request)
    data = STEPS[step](order_id=order_id)
    return await _execute_and_redirect(
        request, runtime, caller, form, data, f"{ORDERS_PATH}/{order_id}"
    )


@router.get(ORDERS_PATH + "/{order_id}/file")
async def download_batch_file(
    order_id: Identifier,
    caller: Payer,
    runtime: AuditRuntimeDep,
    format_: Annotated[Format, Query(alias="format")] = "xlsx",
) -> Response:
    """For who has taken it: a link on anybody's page can follow this address, and take nothing."""
    return await views.send_batch_file(runtime, caller, order_id, format_)


@router.post(FINANCE_PATH + "/bank-lines/{question_id}")
async def submit_line_answer(
    question_id: Identifier, caller: Payer, request: Request, runtime: AuditRuntimeDep
) -> Response:
    async def show(_typed: Form, answer: Answer) -> Response:
        return render_refusal(request, answer)

    def build(form: Form) -> Value:
        texts = {name: form.get(name, "").strip() for name in ("answer", "reference")}
        return AnswerBankQuestion(question_id=question_id, **texts)

    return await answer_form(request, runtime, caller, ORDERS_PATH, build, show)


async def _execute_and_redirect(
    request: Request,
    runtime: AuditRuntime,
    caller: Credential,
    form: Form,
    data: Value,
    done: str,
) -> Response:
    answer = await execute_form(runtime, caller, form, data)
    if answer.status >= 400:
        return render_refusal(request, answer)
    return RedirectResponse(done, status_code=303)
