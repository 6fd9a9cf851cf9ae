"""HTTP: what is due, whose account it goes to, the orders that pay it, and what the bank's
statement says that fits none of them."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from services.audit import views
from services.audit.api.access import Checker, Maker, Reader
from services.audit.batch_file import Format
from services.audit.model import (
    AnswerBankQuestion,
    ApproveBankAnswer,
    ApproveLineRelease,
    ApprovePaymentOrder,
    BankQuestion,
    CancelPaymentOrder,
    DeclineBankAnswer,
    DeclineLineRelease,
    DeclinePaymentOrder,
    ExportPaymentOrder,
    LineAnswer,
    NamePayees,
    PaymentOrder,
    ProposeLineRelease,
    ProposePaymentOrder,
    ReissueBatchFile,
)
from services.audit.resources import AuditRuntimeDep
from shared import mongo
from shared.contracts.values import Identifier
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, Router, RuntimeDep, allow, answer_to
from shared.web.sessions import find_session

router = Router()

Limit = Annotated[int, Query(ge=1, le=1000)]
Id = Annotated[Identifier, Path()]
Payer = Annotated[
    Credential, Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True))
]


@router.get("/payables", dependencies=[Reader])
async def list_payables(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    """What is due and in no order, the longest first; without accounts."""
    return {"payables": await views.load_payables(runtime.database, limit)}


@router.post("/payees")
async def name_payees(
    payees: NamePayees, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Of up to 200 payables; all of them or none. Accounts are stored sealed."""
    return await answer_to(runtime, maker, payees, key)


@router.get("/payment-orders", dependencies=[Reader])
async def list_payment_orders(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    orders = await mongo.find(
        runtime.database, PaymentOrder, {}, sort=[("state", -1), ("_id", 1)], limit=limit
    )
    return {"payment_orders": [order.to_json() for order in orders]}


@router.post("/payment-orders", status_code=202)
async def propose_payment_order(
    order: ProposePaymentOrder, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, maker, order, key)


@router.post("/payment-orders/{order_id}/approve")
async def approve_payment_order(
    order_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """By another person than proposed it."""
    return await answer_to(runtime, checker, ApprovePaymentOrder(order_id=order_id), key)


@router.post("/payment-orders/{order_id}/decline")
async def decline_payment_order(
    order_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """What it would have paid may be ordered anew."""
    return await answer_to(runtime, checker, DeclinePaymentOrder(order_id=order_id), key)


@router.post("/payment-orders/{order_id}/export")
async def export_payment_order(
    order_id: Id, runtime: RuntimeDep, payer: Payer, key: IdempotencyKey
) -> Response:
    """From now on it is the bank's: it cannot be cancelled, and its file may be read."""
    return await answer_to(runtime, payer, ExportPaymentOrder(order_id=order_id), key)


@router.post("/payment-orders/{order_id}/cancel")
async def cancel_payment_order(
    order_id: Id, runtime: RuntimeDep, payer: Payer, key: IdempotencyKey
) -> Response:
    """Before it is exported: asked for by one, done by another."""
    return await answer_to(runtime, payer, CancelPaymentOrder(order_id=order_id), key)


@router.get("/payment-orders/{order_id}/file")
async def read_batch_file(
    order_id: Id,
    payer: Payer,
    request: Request,
    runtime: AuditRuntimeDep,
    format_: Annotated[Format, Query(alias="format")] = "xlsx",
) -> Response:
    """The bank's batch file of an order that was exported; the look is stored. Who reads it first
    has it, and nobody else is given it. A browser's session takes it on the order's page alone: a
    link on anybody's page could follow this address."""
    if find_session(request) is None:
        await views.take_batch_file(runtime, payer, order_id)
    return await views.send_batch_file(runtime, payer, order_id, format_)


@router.post("/payment-orders/{order_id}/reissue")
async def reissue_batch_file(
    order_id: Id, runtime: RuntimeDep, payer: Payer, key: IdempotencyKey
) -> Response:
    """Its file was lost: asked for by one, done by another. Then who reads it next has it."""
    return await answer_to(runtime, payer, ReissueBatchFile(order_id=order_id), key)


@router.get("/bank-questions", dependencies=[Reader])
async def list_bank_questions(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    """Lines of the bank that fit no payment: finance says what they are."""
    questions = await mongo.find(
        runtime.database, BankQuestion, {"is_open": True}, sort=[("_id", 1)], limit=limit
    )
    hidden = {"due_at", "correlation_id"}
    return {"bank_questions": [each.model_dump(mode="json", exclude=hidden) for each in questions]}


@router.post("/bank-questions/{question_id}/answer")
async def answer_bank_question(
    question_id: Id, typed: LineAnswer, runtime: RuntimeDep, payer: Payer, key: IdempotencyKey
) -> Response:
    """What it is, as one says; another approves it."""
    command = AnswerBankQuestion(question_id=question_id, **typed.model_dump())
    return await answer_to(runtime, payer, command, key)


@router.post("/bank-questions/{question_id}/approve")
async def approve_bank_answer(
    question_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """A payment that the answer names is entered under the bank's reference."""
    return await answer_to(runtime, checker, ApproveBankAnswer(question_id=question_id), key)


@router.post("/bank-questions/{question_id}/decline")
async def decline_bank_answer(
    question_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """It may be answered anew."""
    return await answer_to(runtime, checker, DeclineBankAnswer(question_id=question_id), key)


@router.post("/line-releases", status_code=202)
async def propose_line_release(
    release: ProposeLineRelease, runtime: RuntimeDep, payer: Payer, key: IdempotencyKey
) -> Response:
    """Of an exported payment that the bank refused, so that nothing left the account."""
    return await answer_to(runtime, payer, release, key)


@router.post("/line-releases/{release_id}/approve")
async def approve_line_release(
    release_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """What it would have paid may be ordered anew."""
    return await answer_to(runtime, checker, ApproveLineRelease(release_id=release_id), key)


@router.post("/line-releases/{release_id}/decline")
async def decline_line_release(
    release_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineLineRelease(release_id=release_id), key)
