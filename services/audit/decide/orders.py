"""Payment orders: what is due is paid by two people's word, and closed by the bank's."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import TypeVar

from services.audit import messages
from services.audit.decide.proposals import require_open
from services.audit.model import (
    ApprovePaymentOrder,
    CancelPaymentOrder,
    Commitment,
    DeclinePaymentOrder,
    ExportPaymentOrder,
    OrderCommand,
    OrderLine,
    Payable,
    Payee,
    PaymentOrder,
    ProposePaymentOrder,
    ReissueBatchFile,
    SealedPayees,
    TakeBatchFile,
    derive_payment_order_id,
)
from services.audit.statements import messages as statement_messages
from shared.answers import Answer
from shared.contracts.envelope import Fact
from shared.contracts.events import PaymentApproved
from shared.contracts.values import CHINA
from shared.messaging.decision import Command, Decision, Ref, State, States


def decide_name_payees(
    states: States,
    command: Command[SealedPayees],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """All of them, or none. What is in an order keeps the account that was approved with it."""
    payees = dict(command.data.payees)
    states.prefetch(
        *(Ref(Payable, id_) for id_ in payees), *(Ref(Payee, each.id) for each in payees.values())
    )
    payables = states.get_many(Payable, payees)
    existing = states.get_many(Payee, (each.id for each in payees.values()))
    for match_id in payees:
        if match_id not in payables:
            return Decision(answer=messages.PAYABLE_UNKNOWN.refusal(404, "match_id", id=match_id))
        if refusal := _explain_bound(payables[match_id]):
            return Decision(answer=refusal)
    named = [
        payables[match_id].model_copy(update={"payee_id": payee.id, "named_by": command.principal})
        for match_id, payee in payees.items()
    ]
    fresh = {payee.id: payee for payee in payees.values() if payee.id not in existing}
    answer = Answer(200, {"match_ids": list(payees)})
    return Decision((*named, *fresh.values()), answer=answer)


def decide_propose_order(
    states: States,
    command: Command[ProposePaymentOrder],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """Of one foundation; each payable whole, and in one order at a time."""
    match_ids = tuple(dict.fromkeys(command.data.match_ids))
    id_ = derive_payment_order_id(command.key)
    states.prefetch(Ref(PaymentOrder, id_), *(Ref(Payable, each) for each in match_ids))
    payables = states.get_many(Payable, match_ids)
    for match_id in match_ids:
        if match_id not in payables:
            return Decision(answer=messages.PAYABLE_UNKNOWN.refusal(404, "match_ids", id=match_id))
        payable = payables[match_id]
        if refusal := _explain_bound(payable):
            return Decision(answer=refusal)
        if not payable.payee_id:
            return Decision(answer=messages.PAYEE_MISSING.refusal(409, "match_ids", id=match_id))
    foundations = {each.foundation for each in payables.values()}
    if len(foundations) > 1:
        return Decision(answer=messages.ORDER_OF_TWO_FOUNDATIONS.refusal(409, "match_ids"))
    order = PaymentOrder(
        id=id_,
        maker=command.principal,
        foundation=foundations.pop(),
        lines=tuple(
            OrderLine(
                match_id=match_id,
                fund_id=payables[match_id].fund_id,
                payee_id=payables[match_id].payee_id,
                amount_fen=payables[match_id].owed_fen,
            )
            for match_id in match_ids
        ),
    )
    bound = (each.model_copy(update={"order_id": id_}) for each in payables.values())
    return Decision((order, *bound), answer=Answer(202, order.to_json()))


def _explain_bound(payable: Payable) -> Answer | None:
    """Why nobody may change or order it."""
    if payable.is_free:
        return None
    if payable.held:
        return messages.PAYABLE_HELD.refusal(409, "match_ids", id=payable.id)
    if not payable.owed_fen:
        return messages.PAYABLE_PAID.refusal(409, "match_ids", id=payable.id)
    if payable.is_unordered:
        question_ids = ", ".join(payable.question_ids)
        return statement_messages.PAYABLE_ASKED.refusal(
            409, "match_ids", id=payable.id, questions=question_ids
        )
    return messages.PAYABLE_ORDERED.refusal(409, "match_ids", id=payable.id, order=payable.order_id)


@require_open(PaymentOrder)
def decide_approve_order(
    states: States,
    command: Command[ApprovePaymentOrder],
    now: datetime,  # noqa: ARG001
    order: PaymentOrder,
) -> Decision:
    """By another than proposed it or named an account of it, as he read it. Who gave hears that it
    will be paid."""
    payables = states.get_many(Payable, (line.match_id for line in order.lines)).values()
    if command.principal in {payable.named_by for payable in payables}:
        return Decision(answer=messages.PAYEE_OWN.refusal(409, "order_id"))
    if refusal := _find_held(states, order):
        return Decision(answer=refusal)
    commitments = states.get_many(Commitment, (line.match_id for line in order.lines))
    approved = order.resolve("approved", command.principal)
    events: list[tuple[State, Fact]] = []
    for line in order.lines:
        commitment = commitments[line.match_id]
        fact = PaymentApproved(
            fund_id=line.fund_id,
            amount_fen=line.amount_fen,
            donor_id=commitment.donor_id,
        )
        events.append((commitment, fact))
    answer = Answer(200, approved.to_json())
    return Decision((approved, *commitments.values()), tuple(events), answer)


def _find_held(states: States, order: PaymentOrder) -> Answer | None:
    """A match that fell meanwhile: its money must not go out."""
    for payable in states.get_many(Payable, (line.match_id for line in order.lines)).values():
        if payable.held:
            return messages.PAYABLE_HELD.refusal(409, "order_id", id=payable.id)
    return None


@require_open(PaymentOrder)
def decide_decline_order(
    states: States,
    command: Command[DeclinePaymentOrder],
    now: datetime,  # noqa: ARG001
    order: PaymentOrder,
) -> Decision:
    """Its payables may be ordered anew."""
    declined = order.resolve("declined", command.principal)
    free = _free(states, order)
    return Decision((declined, *free), answer=Answer(200, declined.to_json()))


V = TypeVar("V", bound=OrderCommand)
OnOrder = Callable[[States, Command[V], datetime, PaymentOrder], Decision]


def _require_order(
    decide: OnOrder[V],
) -> Callable[[States, Command[V], datetime], Decision]:
    """For a step of an order: it gets the order that its command names, if there is one."""

    @wraps(decide)
    def decide_on_order(states: States, command: Command[V], now: datetime, /) -> Decision:
        order = states.get(PaymentOrder, command.data.order_id)
        if order is None:
            return Decision(answer=messages.ORDER_UNKNOWN.refusal(404, "order_id"))
        return decide(states, command, now, order)

    return decide_on_order


@_require_order
def decide_export_order(
    states: States, command: Command[ExportPaymentOrder], now: datetime, order: PaymentOrder
) -> Decision:
    """Approved, and not taken back: from now on it may be at the bank."""
    if order.exported_at is not None:
        return Decision(answer=Answer(200, order.to_json()))
    if order.state != "approved":
        return Decision(answer=messages.ORDER_NOT_APPROVED.refusal(409, state=order.state))
    if refusal := _find_held(states, order):
        return Decision(answer=refusal)
    exported = order.model_copy(
        update={"exported_at": now, "exported_by": command.principal, "cancelled_by": ""}
    )
    return Decision((exported,), answer=Answer(200, exported.to_json()))


@_require_order
def decide_take_file(
    states: States,  # noqa: ARG001
    command: Command[TakeBatchFile],
    now: datetime,
    order: PaymentOrder,
) -> Decision:
    """One person has it, and may read it again: a second who uploads it pays everybody twice."""
    if order.exported_at is None:
        return Decision(answer=messages.ORDER_NOT_EXPORTED.refusal(409))
    if order.taken_by == command.principal:
        return Decision(answer=Answer(200, order.to_json()))
    if order.taken_at is not None:
        when = f"{order.taken_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
        answer = messages.BATCH_FILE_TAKEN.refusal(409, who=order.taken_by, when=when)
        return Decision(answer=answer)
    handed_out = order.model_copy(
        update={"taken_by": command.principal, "taken_at": now, "copies": order.copies + 1}
    )
    return Decision((handed_out,), answer=Answer(200, handed_out.to_json()))


@_require_order
def decide_reissue_file(
    states: States,  # noqa: ARG001
    command: Command[ReissueBatchFile],
    now: datetime,  # noqa: ARG001
    order: PaymentOrder,
) -> Decision:
    """One asks, another does it: then who reads it next has it."""
    if order.taken_at is None:
        return Decision(answer=messages.BATCH_FILE_NOT_TAKEN.refusal(409, "order_id"))
    if order.reissued_by in ("", command.principal):
        proposed = order.model_copy(update={"reissued_by": command.principal})
        return Decision((proposed,), answer=Answer(202, proposed.to_json()))
    freed = order.model_copy(update={"taken_by": "", "taken_at": None, "reissued_by": ""})
    return Decision((freed,), answer=Answer(200, freed.to_json()))


@_require_order
def decide_cancel_order(
    states: States,
    command: Command[CancelPaymentOrder],
    now: datetime,  # noqa: ARG001
    order: PaymentOrder,
) -> Decision:
    """One asks, another does it; not where the bank may have it."""
    if order.exported_at is not None:
        return Decision(answer=messages.ORDER_EXPORTED.refusal(409, "order_id"))
    if order.state != "approved":
        return Decision(answer=messages.ORDER_NOT_APPROVED.refusal(409, state=order.state))
    if order.cancelled_by in ("", command.principal):
        proposed = order.model_copy(update={"cancelled_by": command.principal})
        return Decision((proposed,), answer=Answer(202, proposed.to_json()))
    cancelled = order.model_copy(update={"state": "cancelled"})
    free = _free(states, order)
    return Decision((cancelled, *free), answer=Answer(200, cancelled.to_json()))


def _free(states: States, order: PaymentOrder) -> Iterable[Payable]:
    payables = states.get_many(Payable, (line.match_id for line in order.lines))
    return [each.model_copy(update={"order_id": ""}) for each in payables.values()]
