"""What a bank pays us and takes for itself: interest (结息) and charges (手续费), nobody's gifts.

A line of its statement enters one where somebody said once to which fund those of the account go;
any other waits for two people of finance, who enter it with a voucher (`decide.vouchers`). So does
a line under a reference of days before, for the same sum: a bank that counts anew takes another.
"""

from datetime import datetime

from services.audit import messages
from services.audit.decide.bank import check_moment, check_open
from services.audit.decide.bank_questions import decide_repeated_line, find_questions, know_line
from services.audit.decide.posting import Journal, Movement, Refusal
from services.audit.ledger.entries import Fact as LedgerFact
from services.audit.model import BankEvent, BankFact, BankQuestion, Fund, derive_later_line_id
from shared.answers import Answer
from shared.contracts import ledger_fields
from shared.contracts.events import BankLineStated
from shared.messaging.decision import Decision, States

KINDS = {"interest": "bank_interest", "charge": "bank_charge"}
CHARGE_FEN_MAX = 100_000
"""Of one line without a second person: a bank takes some yuan for a payment or a month, and who
states lines could otherwise empty a fund."""


def decide_own_line(states: States, event: BankEvent[BankLineStated], now: datetime) -> Decision:
    """A line that came before changes nothing."""
    stated = event.data
    bank_fact, fund = states.get_each((BankFact, event.bank_fact_id), (Fund, stated.fund_id or "-"))
    questions = find_questions(states, stated, None)
    if bank_fact is not None:
        return decide_repeated_line(event, bank_fact)
    check_moment(stated.at, "at", now)
    bank_fact = BankFact.from_event(event)
    first = questions.own
    is_later = first is not None and not first.is_near(stated.at)
    id_ = derive_later_line_id(questions.id, stated.at) if is_later else questions.id
    if (states.get(BankQuestion, id_) if is_later else first) is not None:
        return know_line(bank_fact)
    question = _make_question(stated, id_)
    if fund is None or is_later or not _may_enter(fund, stated):
        answer = messages.BANK_LINE_ASKED.refusal(409, doubt=question.doubt)
        return Decision((bank_fact.with_outcome("asked"), question), answer=answer)
    journal = Journal.open(states, fund.foundation, now)
    check_open(journal.head, stated.at, "at")
    named = ledger_fields.Event(id=event.public_id or event.id, source=event.source)
    fact = LedgerFact(named, fund.id, stated.at)
    journal.post(Movement(KINDS[stated.own_kind], fact, fund.id, stated.amount_fen), fund)
    entered = {"is_open": False, "is_entered": True, "foundation": fund.foundation}
    of_line = {"question_id": question.id}
    journal.save(
        bank_fact.with_entered(stated, fund.foundation).model_copy(update=of_line),
        question.model_copy(update=entered),
    )
    return journal.close(Answer(201, {"ledger_id": fund.id, "state": "entered"}))


def explain_own(kind: str, fund: Fund, amount_fen: int) -> Refusal | None:
    """Why a fund cannot bear it; None where it can. kind: of the entry. Raises Invalid."""
    if kind == "bank_interest" and not fund.can_receive(amount_fen):
        raise messages.AMOUNT_TOO_LARGE.invalid("amount_fen")
    if kind == "bank_charge" and amount_fen > fund.remaining_fen:
        return Refusal("insufficient_funds", fund.remaining_fen)
    return None


def _may_enter(fund: Fund, stated: BankLineStated) -> bool:
    """Interest comes in and a charge goes out; the other way it is one that was undone."""
    if not fund.is_open:
        return False
    if stated.own_kind == "interest":
        return stated.direction == "returned" and fund.can_receive(stated.amount_fen)
    most_fen = min(CHARGE_FEN_MAX, fund.remaining_fen)
    return stated.direction == "paid" and stated.amount_fen <= most_fen


def _make_question(stated: BankLineStated, id_: str) -> BankQuestion:
    return BankQuestion(
        id=id_,
        doubt="own_line",
        direction=stated.direction,
        amount_fen=stated.amount_fen,
        at=stated.at,
        bank_reference=stated.bank_reference,
        own_account=stated.own_account,
    )
