"""What two people say of a line of the bank, and of a payment that the bank did not make."""

from dataclasses import replace
from datetime import datetime

from services.audit import messages
from services.audit.decide.bank_lines import Closing, close_line, find_doubt
from services.audit.decide.posting import SOURCE
from services.audit.decide.proposals import require_open
from services.audit.ledger.entries import Fact as LedgerFact
from services.audit.model import (
    AnswerBankQuestion,
    ApproveBankAnswer,
    ApproveLineRelease,
    BankAnswer,
    BankQuestion,
    EnteredLine,
    LineRelease,
    Payable,
    PaymentOrder,
    ProposeLineRelease,
    derive_entered_line_id,
    parse_payment_reference,
)
from services.audit.statements import messages as statement_messages
from shared.answers import Answer
from shared.contracts import ledger_fields
from shared.messaging.decision import Command, Decision, State, States

# --- what a line of the bank is ------------------------------------------------------------------


def decide_answer_question(
    states: States,
    command: Command[AnswerBankQuestion],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """One of finance says what it is: a payment of ours, or something else."""
    data = command.data
    question, existing = states.get_each(
        (BankQuestion, data.question_id), (BankAnswer, data.question_id)
    )
    if question is None or not question.is_open:
        return Decision(answer=statement_messages.BANK_QUESTION_CLOSED.refusal(409, "question_id"))
    if existing is not None and existing.state == "proposed":
        return Decision(answer=statement_messages.BANK_ANSWER_EXISTS.refusal(409, "question_id"))
    order_id, number = parse_payment_reference(data.reference) or ("", 0)
    if data.reference and not number:
        return Decision(answer=messages.PAYMENT_REFERENCE_WRONG.refusal(422, "reference"))
    answer = BankAnswer(
        id=question.id,
        maker=command.principal,
        answer=data.answer,
        order_id=order_id,
        number=number,
        direction=question.direction,
        amount_fen=question.amount_fen,
        bank_reference=question.bank_reference,
    )
    if number and isinstance(closing := _find_closing(states, question, answer), Answer):
        return Decision(answer=closing)
    return Decision((answer,), answer=Answer(202, answer.to_json()))


@require_open(BankAnswer)
def decide_approve_answer(
    states: States, command: Command[ApproveBankAnswer], now: datetime, answer: BankAnswer
) -> Decision:
    """By another: a payment is entered under the bank's reference, of anything else nothing is."""
    question = states.require(BankQuestion, answer.id)
    if not question.is_open:
        return Decision(answer=statement_messages.BANK_QUESTION_CLOSED.refusal(409, "question_id"))
    approved = answer.resolve("approved", command.principal)
    unasked = _take_question_off(states, question)
    done = Answer(200, approved.to_json())
    if not answer.number:
        return Decision((approved, question.with_answer(approved), *unasked), answer=done)
    closing = _find_closing(states, question, answer)
    if isinstance(closing, Answer):
        return Decision(answer=closing)
    for state in unasked:
        if isinstance(state, PaymentOrder) and state.id == closing.order.id:
            closing = replace(closing, order=state)
    line = closing.order.lines[closing.number - 1]
    event = ledger_fields.Event(id=f"bank_answer:{question.id}", source=SOURCE)
    journal = close_line(states, closing, LedgerFact(event, line.match_id, question.at), now)
    closed = question.with_answer(approved, closing.order.foundation)
    is_closed = {closing.order.id, line.match_id}
    journal.save(approved, closed, *(state for state in unasked if state.id not in is_closed))
    return journal.close(done)


def _take_question_off(states: States, question: BankQuestion) -> list[State]:
    """The order whose line the bank's line named, and what is due of it, if it named one: nobody
    waits for it any more."""
    order = states.get(PaymentOrder, question.order_id) if question.order_id else None
    line = order.find_line(question.number) if order else None
    if order is None or line is None:
        return []
    payable = states.require(Payable, line.match_id)
    return [
        order.without_question(question.number, question.id),
        payable.without_question(question.id),
    ]


def _find_closing(states: States, question: BankQuestion, answer: BankAnswer) -> Closing | Answer:
    """Which line of which order it closes, or why it cannot. The account is what people looked at;
    a payment that was released may have been made after all, unless it is ordered again."""
    entered_id = derive_entered_line_id(answer.bank_reference, answer.direction, answer.amount_fen)
    order, entered = states.get_each((PaymentOrder, answer.order_id), (EnteredLine, entered_id))
    line = order.find_line(answer.number) if order else None
    if order is None or line is None:
        return statement_messages.BANK_ANSWER_UNFIT.refusal(
            409, "reference", **_describe_doubt("order_unknown")
        )
    doubt = find_doubt(order, line, answer.direction, answer.amount_fen)
    if doubt == "line_released" and answer.direction == "paid":
        doubt = None if states.require(Payable, line.match_id).is_unordered else doubt
    if doubt is None and entered is not None and entered.is_vouchered(question.own_account):
        doubt = "line_entered"
    if doubt is not None:
        return statement_messages.BANK_ANSWER_UNFIT.refusal(
            409, "reference", **_describe_doubt(doubt)
        )
    reference, direction = answer.bank_reference, answer.direction
    return Closing(order, answer.number, reference, direction, question.own_account, question.id)


def _describe_doubt(doubt: str) -> dict[str, str]:
    zh, en = messages.DOUBTS[doubt]
    return {"why": zh, "why_en": en}


# --- a payment that the bank did not make --------------------------------------------------------


def decide_propose_release(
    states: States,
    command: Command[ProposeLineRelease],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """Of an exported line that the bank refused, and nothing left the account."""
    named = parse_payment_reference(command.data.reference)
    if named is None:
        return Decision(answer=messages.PAYMENT_REFERENCE_WRONG.refusal(422, "reference"))
    order_id, number = named
    release = LineRelease(
        id=f"{order_id}-{number:03d}",
        maker=command.principal,
        order_id=order_id,
        number=number,
        reason=command.data.reason,
    )
    existing, named_order = states.get_each((LineRelease, release.id), (PaymentOrder, order_id))
    if existing is not None and existing.state == "proposed":
        return Decision(answer=messages.RELEASE_EXISTS.refusal(409, "reference"))
    order = _require_waiting(named_order, number)
    if isinstance(order, Answer):
        return Decision(answer=order)
    release = release.model_copy(update={"amount_fen": order.lines[number - 1].amount_fen})
    return Decision((release,), answer=Answer(202, release.to_json()))


@require_open(LineRelease)
def decide_approve_release(
    states: States,
    command: Command[ApproveLineRelease],
    now: datetime,  # noqa: ARG001
    release: LineRelease,
) -> Decision:
    """By another: what is due may be ordered again."""
    order = _require_waiting(states.get(PaymentOrder, release.order_id), release.number)
    if isinstance(order, Answer):
        return Decision(answer=order)
    line = order.lines[release.number - 1]
    payable = states.require(Payable, line.match_id)
    approved = release.resolve("approved", command.principal)
    freed = payable.model_copy(update={"order_id": ""})
    released = order.with_line(release.number, "released", "")
    return Decision((approved, released, freed), answer=Answer(200, approved.to_json()))


def _require_waiting(order: PaymentOrder | None, number: int) -> PaymentOrder | Answer:
    """The order, if the bank may still make this payment of it, or why it cannot be released."""
    line = order.find_line(number) if order else None
    if order is None or line is None:
        return messages.PAYMENT_REFERENCE_WRONG.refusal(404, "reference")
    if order.exported_at is None or line.state != "waiting":
        return messages.LINE_NOT_WAITING.refusal(409, "reference")
    if line.question_ids:
        return messages.LINE_ASKED.refusal(409, "reference")
    return order
