"""What a bank pays us and takes for itself: interest (结息) and charges (手续费), nobody's gifts.

A line of its statement enters one where somebody said once to which fund those of the account go;
any other waits for two people of finance, who enter it with a voucher (`decide.vouchers`). So does
a line under a reference of days before, for the same sum: a bank that counts anew takes another.

Who states lines could otherwise empty a fund: a charge needs a second person where it is large, and
where those of its account, or all of its source, were large together this month. The month is that
of entry, and the source's own sum counts, since a source may say any day and any account.
"""

from collections.abc import Sequence
from datetime import datetime

from services.audit import messages
from services.audit.decide.bank_questions import decide_repeated_line, find_questions, know_line
from services.audit.decide.moments import check_moment, check_open
from services.audit.decide.posting import Journal, Movement, Refusal
from services.audit.ledger.entries import Fact as LedgerFact
from services.audit.model import (
    BankEvent,
    BankFact,
    BankQuestion,
    EnteredCharges,
    Fund,
    derive_charges_id,
    derive_later_line_id,
)
from shared.answers import Answer
from shared.contracts import ledger_fields
from shared.contracts.events import BankLineStated
from shared.messaging.decision import Decision, States

KINDS = {"interest": "bank_interest", "charge": "bank_charge"}
CHARGE_FEN_MAX = 100_000
"""Of one line without a second person: a bank takes some yuan for a payment or a month."""
ACCOUNT_FEN_MAX = 200_000
SOURCE_FEN_MAX = 1_000_000
"""Of the lines of one account, and of one source, in a month."""


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
    charges = _load_charges(states, event, now)
    may_enter = fund is not None and _may_enter(fund, stated) and charges is not None
    if fund is None or is_later or not may_enter:
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
        *(charges or ()),
    )
    return journal.close(Answer(201, {"ledger_id": fund.id, "state": "entered"}))


def _load_charges(
    states: States, event: BankEvent[BankLineStated], now: datetime
) -> Sequence[EnteredCharges] | None:
    """What is counted of this month with the line itself; None where that is too much for one
    person. Interest is not counted."""
    stated = event.data
    if stated.own_kind != "charge":
        return ()
    of_account = derive_charges_id(event.source, now, stated.own_account)
    limits = {of_account: ACCOUNT_FEN_MAX, derive_charges_id(event.source, now): SOURCE_FEN_MAX}
    before = states.get_each(*((EnteredCharges, id_) for id_ in limits))
    charges = [
        (counted or EnteredCharges(id=id_)).add(stated.amount_fen)
        for id_, counted in zip(limits, before, strict=True)
    ]
    is_too_much = any(each.charged_fen > limits[each.id] for each in charges)
    return None if is_too_much else charges


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
