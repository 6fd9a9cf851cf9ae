"""The bank's statement closes what was ordered: by reference, amount and account, or it is asked.
What leaves under a gift's own reference is that gift, taken back; so is a credit that the bank's
statement marks as reversed (已冲正), and where no gift came by it, nothing is entered of the pair.

Nothing is guessed, and nothing is paid twice on the log: a line that fits no line of an order
becomes a question to finance, and what two people answer is entered.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.audit import messages
from services.audit.decide.bank import enter_refund
from services.audit.decide.bank_own import decide_own_line
from services.audit.decide.bank_questions import (
    Questions,
    decide_repeated_line,
    find_questions,
    know_line,
)
from services.audit.decide.moments import check_moment, check_open
from services.audit.decide.posting import Journal, Movement
from services.audit.ledger.entries import Fact as LedgerFact
from services.audit.model import (
    BankDoubt,
    BankEvent,
    BankFact,
    BankQuestion,
    Commitment,
    Donation,
    EnteredLine,
    Fund,
    GiftReference,
    LogHead,
    OrderLine,
    Payable,
    Payee,
    PaymentOrder,
    derive_entered_line_id,
    derive_gift_reference_id,
    is_banks_reference,
    parse_payment_reference,
)
from shared.answers import Answer
from shared.contracts import ledger_fields
from shared.contracts.events import BankLineStated
from shared.messaging.decision import Decision, Ref, State, States

KINDS = {"paid": "payment", "returned": "payment_returned"}


def decide_bank_line(states: States, event: BankEvent[BankLineStated], now: datetime) -> Decision:
    """A line that came before changes nothing. account: of the event, is its keyed digest."""
    stated = event.data
    named = parse_payment_reference(stated.memo)
    if stated.undone and (named or stated.own_kind or stated.direction != "paid"):
        raise messages.UNDONE_NO_CREDIT.invalid("undone")
    if stated.own_kind:
        return decide_own_line(states, event, now)
    order_id, number = named or ("", 0)
    bank_fact, order = states.get_each(
        (BankFact, event.bank_fact_id), (PaymentOrder, order_id or "-")
    )
    questions = find_questions(states, stated, named)
    if bank_fact is not None:
        return decide_repeated_line(event, bank_fact)
    check_moment(stated.at, "at", now)
    reference = _find_reference(states, event) if named is None else None
    gift = _find_reversed_gift(states, stated, reference)
    if gift is not None and not questions.was_answered:
        return _enter_reversal(states, event, gift, questions, now)
    if stated.undone and reference is None and _is_pair(states, event, questions):
        return _settle_pair(event, questions)
    line = order.find_line(number) if order else None
    if order is None or line is None:
        doubt: BankDoubt = "order_unknown" if named else "reference_missing"
        return _ask(states, event, questions, order, number, doubt)
    if _is_same(line, stated):
        return know_line(BankFact.from_event(event))
    misfit = _find_doubt_of(states, stated, order, line, questions)
    if misfit is not None:
        return _ask(states, event, questions, order, number, misfit)
    return _close(states, event, order, number, questions, now)


def _find_doubt_of(
    states: States,
    stated: BankLineStated,
    order: PaymentOrder,
    line: OrderLine,
    questions: Questions,
) -> BankDoubt | None:
    """Why the bank's line does not close the line of the order that it names."""
    if doubt := find_doubt(order, line, stated.direction, stated.amount_fen):
        return doubt
    if not states.require(Payee, line.payee_id).is_account(stated.account):
        return "account_differs"
    if stated.direction == "returned" and line.is_paid_again:
        return "line_paid_again"
    return "line_entered" if questions.was_entered else None


def _close(
    states: States,
    event: BankEvent[BankLineStated],
    order: PaymentOrder,
    number: int,
    questions: Questions,
    now: datetime,
) -> Decision:
    """The line of the order, and whatever was asked about the bank's."""
    stated, line = event.data, order.lines[number - 1]
    closing = Closing(
        order.without_question(number, questions.id),
        number,
        stated.bank_reference,
        stated.direction,
        stated.own_account,
        questions.id,
    )
    bank_event = ledger_fields.Event(id=event.public_id or event.id, source=event.source)
    journal = close_line(states, closing, LedgerFact(bank_event, line.match_id, stated.at), now)
    bank_fact = BankFact.from_event(event).with_entered(stated, order.foundation)
    journal.save(bank_fact, *questions.close())
    return journal.close(Answer(201, {"ledger_id": line.match_id, "state": "entered"}))


def _ask(
    states: States,
    event: BankEvent[BankLineStated],
    questions: Questions,
    order: PaymentOrder | None,
    number: int,
    doubt: BankDoubt,
) -> Decision:
    """Finance, once; till it is answered, nothing more is paid for the match. order, number: that
    the line names, if there is such an order."""
    bank_fact = BankFact.from_event(event)
    if questions.own is not None and not _is_pair_of_another_source(questions.own, event):
        return know_line(bank_fact)
    question = _make_question(event, questions.id, doubt).model_copy(
        update={
            "order_id": order.id if order else "",
            "number": number,
            "foundation": order.foundation if order else "",
        }
    )
    changed: list[State] = [bank_fact.with_outcome("asked"), question]
    line = order.find_line(number) if order else None
    if order is not None and line is not None:
        is_paid_again = doubt == "line_paid"
        changed += [
            order.with_question(number, question.id, is_paid_again=is_paid_again),
            states.require(Payable, line.match_id).with_question(question.id),
        ]
    answer = messages.BANK_LINE_ASKED.refusal(409, doubt=doubt)
    return Decision(tuple(changed), answer=answer)


def _is_pair(states: States, event: BankEvent[BankLineStated], questions: Questions) -> bool:
    """Whether a reversed credit brought no gift. What another source stated stays asked about, and
    so does a line whose gift came without the account, from whichever source. A mark that does not
    say its account says nothing of a gift on one."""
    reference, own = event.data.bank_reference, questions.own
    if not is_banks_reference(reference) or not event.data.own_account:
        return False
    is_own = own is None or not own.is_open or own.source == event.source
    sources = {event.source, *event.sources}
    ids = [derive_gift_reference_id(source, reference) for source in sorted(sources)]
    states.prefetch(*(Ref(GiftReference, id_) for id_ in ids))
    gifts = [gift for id_ in ids if (gift := states.get(GiftReference, id_)) is not None]
    return is_own and not any(gift.is_near(event.data.at) for gift in gifts)


def _is_pair_of_another_source(question: BankQuestion, event: BankEvent[BankLineStated]) -> bool:
    """One source's mark does not hide what another states."""
    return question.is_pair and question.source != event.source


def _settle_pair(event: BankEvent[BankLineStated], questions: Questions) -> Decision:
    """The debit beside the credit is known when it comes, or was asked about before."""
    question = questions.own or _make_question(event, questions.id, "reference_missing")
    if question.is_open:
        question = question.settle_pair()
    decision = know_line(BankFact.from_event(event))
    return Decision((*decision.states, question), answer=decision.answer)


def _make_question(event: BankEvent[BankLineStated], id_: str, doubt: BankDoubt) -> BankQuestion:
    stated = event.data
    return BankQuestion(
        id=id_,
        doubt=doubt,
        direction=stated.direction,
        amount_fen=stated.amount_fen,
        at=stated.at,
        bank_reference=stated.bank_reference,
        own_account=stated.own_account,
        source=event.source,
    )


def _find_reference(states: States, event: BankEvent[BankLineStated]) -> GiftReference | None:
    """Of the gift that came under the line's reference, if one did in these days."""
    stated = event.data
    if stated.direction != "paid" or not is_banks_reference(stated.bank_reference):
        return None
    account = stated.own_account or event.source
    reference = states.get(GiftReference, derive_gift_reference_id(account, stated.bank_reference))
    return reference if reference is not None and reference.is_near(stated.at) else None


def _find_reversed_gift(
    states: States, stated: BankLineStated, reference: GiftReference | None
) -> Donation | None:
    """Whose transfer the bank took back (冲正): what leaves the account under the reference that
    the gift came with, whole. A part of it may be a fee, and is asked about; so is the rest of a
    gift that was given back in part, since two people may have entered that same line; and what
    left under a reference of several gifts."""
    if reference is None or reference.is_shared:
        return None
    gift = states.require(Donation, reference.donation_id)
    is_whole = gift.refundable_fen == gift.amount_fen == stated.amount_fen
    is_later = stated.undone or stated.at >= gift.received_at
    return gift if is_whole and is_later else None


def _enter_reversal(
    states: States,
    event: BankEvent[BankLineStated],
    gift: Donation,
    questions: Questions,
    now: datetime,
) -> Decision:
    """As a refund, which no fund's want of money hinders: the bank did it. The line is known when
    it comes again."""
    journal = Journal.open_for(states, gift, now)
    stated = _date_reversal(event.data, gift, journal.head)
    check_open(journal.head, stated.at, "at")
    fund = states.require(Fund, gift.fund_id)
    bank_event = ledger_fields.Event(id=event.public_id or event.id, source=event.source)
    movement = Movement(
        "refund",
        LedgerFact(bank_event, gift.id, stated.at),
        gift.fund_id,
        stated.amount_fen,
        gift.donor_id,
        is_forced=stated.amount_fen > fund.remaining_fen,
    )
    enter_refund(states, journal, movement, gift)
    again = _make_question(event, questions.id, "reference_missing").model_copy(
        update={"foundation": gift.foundation, "is_open": False, "is_entered": True}
    )
    bank_fact = BankFact.from_event(event).with_entered(stated, gift.foundation)
    journal.save(bank_fact, *(questions.close() or [again]))
    return journal.close(Answer(201, {"ledger_id": gift.id, "state": "entered"}))


def _date_reversal(stated: BankLineStated, gift: Donation, head: LogHead) -> BankLineStated:
    """With the day from which the money is gone. A mark has the day of its credit alone: of a
    closed month, whose books had the money, it counts from the first open moment on."""
    at = max(stated.at, gift.received_at)
    if stated.undone and head.closed_until is not None:
        at = max(at, head.closed_until)
    return stated.model_copy(update={"at": at})


def _is_same(line: OrderLine, stated: BankLineStated) -> bool:
    """It came before, from another source or in another file. What came back was paid before."""
    recorded = {(line.state, line.bank_reference)}
    if line.state == "returned":
        recorded.add(("paid", line.paid_reference))
    is_recorded = (stated.direction, stated.bank_reference) in recorded
    return is_recorded and line.amount_fen == stated.amount_fen


def find_doubt(
    order: PaymentOrder, line: OrderLine, direction: str, amount_fen: int
) -> BankDoubt | None:
    """Why a line of the bank does not close this line of an order, whosever account it names."""
    if order.exported_at is None:
        return "order_not_exported"
    if amount_fen != line.amount_fen:
        return "amount_differs"
    if line.state == "released":
        return "line_released"
    if direction == "paid" and line.state != "waiting":
        return "line_paid"
    if direction == "returned" and line.state != "paid":
        return "line_not_paid"
    return None


@dataclass(frozen=True, slots=True)
class Closing:
    """A line of an order, from 1, and the bank's word on it. own_account: whose statement it is
    on, where that is said. question_id: that asks about the bank's line, if any does."""

    order: PaymentOrder
    number: int
    bank_reference: str
    direction: Literal["paid", "returned"]
    own_account: str
    question_id: str


def close_line(states: States, closing: Closing, fact: LedgerFact, now: datetime) -> Journal:
    """On the log, under the bank's reference. What came back may be ordered anew."""
    line = closing.order.lines[closing.number - 1]
    entered_id = derive_entered_line_id(closing.bank_reference, closing.direction, line.amount_fen)
    states.prefetch(
        *(Ref(kind, line.match_id) for kind in (Commitment, Payable)),
        Ref(Fund, line.fund_id),
        Ref(EnteredLine, entered_id),
    )
    commitment = states.require(Commitment, line.match_id)
    payable = states.require(Payable, line.match_id)
    journal = Journal.open_for(states, commitment, now)
    check_open(journal.head, fact.effective_at, "at")
    is_paid = closing.direction == "paid"
    entered = states.get(EnteredLine, entered_id) or EnteredLine(id=entered_id)
    journal.save(
        closing.order.with_line(closing.number, closing.direction, closing.bank_reference),
        entered.with_paid(closing.own_account),
    )
    movement = Movement(
        KINDS[closing.direction], fact, line.fund_id, line.amount_fen, commitment.donor_id
    )
    payable = payable.without_question(closing.question_id).model_copy(
        update={"order_id": closing.order.id if is_paid else ""}
    )
    paid: dict[str, Any] = {"was_due": True} if is_paid else {}
    journal.post(
        movement,
        states.require(Fund, line.fund_id),
        commitment,
        payable=payable,
        bank_reference=closing.bank_reference,
        **paid,
    )
    return journal
