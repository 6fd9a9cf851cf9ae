"""The bank's statement closes what was ordered: by reference, amount and account, or it is asked.

Nothing is guessed, and nothing is paid twice on the log: a line that fits no line of an order
becomes a question to finance.
"""

from datetime import datetime

from services.audit import messages
from services.audit.decide.bank import check_moment
from services.audit.decide.posting import Journal, Movement
from services.audit.ledger.entries import Fact as LedgerFact
from services.audit.model import (
    AnswerBankQuestion,
    BankDoubt,
    BankEvent,
    BankFact,
    BankQuestion,
    Commitment,
    Fund,
    OrderLine,
    Payable,
    Payee,
    PaymentOrder,
    parse_payment_reference,
)
from shared.answers import Answer
from shared.contracts import ledger
from shared.contracts.events import BankLineStated
from shared.messaging.decision import NOTHING, Command, Decision, Ref, States

KINDS = {"paid": "payment", "returned": "payment_returned"}


def decide_bank_line(states: States, event: BankEvent[BankLineStated], now: datetime) -> Decision:
    """A line that came before changes nothing. account: of the event, is its keyed digest."""
    stated = event.data
    named = parse_payment_reference(stated.memo)
    order_id, number = named or ("", 0)
    bank_fact, order = states.get_each(
        (BankFact, event.bank_fact_id), (PaymentOrder, order_id or "-")
    )
    if bank_fact is not None:
        if event.digest in bank_fact.digests:
            return NOTHING
        return Decision(answer=messages.FACT_ID_REUSED.refusal(409))
    check_moment(stated.at, "at", now)
    bank_fact = BankFact.from_event(event)
    line = order.find_line(number) if order else None
    if order is not None and line is not None:
        if _is_same(line, stated):
            return Decision((bank_fact,), answer=Answer(200, {"state": "known"}))
        doubt = _find_doubt(states, order, line, stated)
    else:
        doubt = "order_unknown" if named else "reference_missing"
    if doubt is not None or order is None or line is None:
        question = BankQuestion(
            id=event.bank_fact_id,
            doubt=doubt or "order_unknown",
            direction=stated.direction,
            order_id=order.id if order else "",
            number=number,
            amount_fen=stated.amount_fen,
            at=stated.at,
            bank_reference=stated.bank_reference,
        )
        states.get(BankQuestion, question.id)
        answer = messages.BANK_LINE_ASKED.refusal(409, doubt=doubt)
        return Decision((bank_fact, question), answer=answer)
    ended = order.with_line(number, stated.direction, stated.bank_reference)
    return _close(states, event, bank_fact, ended, line, now)


def _is_same(line: OrderLine, stated: BankLineStated) -> bool:
    """It came before, from another source or in another file."""
    known = (line.state, line.bank_reference, line.amount_fen)
    return known == (stated.direction, stated.bank_reference, stated.amount_fen)


def _find_doubt(
    states: States, order: PaymentOrder, line: OrderLine, stated: BankLineStated
) -> BankDoubt | None:
    payee = states.require(Payee, line.payee_id)
    if order.exported_at is None:
        return "order_not_exported"
    if stated.amount_fen != line.amount_fen:
        return "amount_differs"
    if not payee.is_account(stated.account):
        return "account_differs"
    if stated.direction == "paid" and line.state != "waiting":
        return "line_paid"
    if stated.direction == "returned" and line.state != "paid":
        return "line_not_paid"
    return None


def _close(
    states: States,
    event: BankEvent[BankLineStated],
    bank_fact: BankFact,
    order: PaymentOrder,
    line: OrderLine,
    now: datetime,
) -> Decision:
    """On the log, under the bank's reference. What came back may be ordered anew."""
    stated = event.data
    states.prefetch(
        *(Ref(kind, line.match_id) for kind in (Commitment, Payable)), Ref(Fund, line.fund_id)
    )
    commitment = states.require(Commitment, line.match_id)
    payable = states.require(Payable, line.match_id)
    journal = Journal.open_for(states, commitment, now)
    journal.save(bank_fact, order)
    named = ledger.Event(id=event.public_id or event.id, source=event.source)
    movement = Movement(
        KINDS[stated.direction],
        LedgerFact(named, commitment.id, stated.at),
        line.fund_id,
        line.amount_fen,
        commitment.donor_id,
    )
    if stated.direction == "returned":
        payable = payable.model_copy(update={"order_id": ""})
    fund, reference = states.require(Fund, line.fund_id), stated.bank_reference
    if stated.direction == "paid":
        journal.post(
            movement,
            fund,
            commitment,
            payable=payable,
            bank_reference=reference,
            was_due=True,
            person_id=commitment.person_id or None,
        )
    else:
        journal.post(movement, fund, commitment, payable=payable, bank_reference=reference)
    return journal.close(Answer(201, {"ledger_id": commitment.id, "state": "entered"}))


def decide_answer_question(
    states: States,
    command: Command[AnswerBankQuestion],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """Finance says what the line is; nothing is entered by that."""
    question = states.get(BankQuestion, command.data.question_id)
    if question is None or not question.is_open:
        return Decision(answer=messages.BANK_QUESTION_CLOSED.refusal(409, "question_id"))
    answered = question.model_copy(
        update={
            "is_open": False,
            "answered_by": command.principal,
            "answer": command.data.answer,
        }
    )
    return Decision((answered,), answer=Answer(200, {"question_id": question.id}))
