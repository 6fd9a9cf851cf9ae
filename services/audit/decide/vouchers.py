"""Fees, refunds, interest and charges of banks by two people, each with its voucher and a file that
proves it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from services.audit import messages
from services.audit.decide.bank import enter_refund, explain_fee, explain_refund
from services.audit.decide.bank_own import explain_own
from services.audit.decide.bank_sources import REFUSALS
from services.audit.decide.moments import find_month_flaw, is_before_gift
from services.audit.decide.posting import SOURCE, Journal, Movement, Refusal
from services.audit.decide.proposals import require_open
from services.audit.model import (
    BankFact,
    BankQuestion,
    Donation,
    EnteredLine,
    Fund,
    LogHead,
    derive_bank_fact_id,
    derive_bank_question_id,
    derive_entered_line_id,
    derive_later_line_id,
    is_plausible,
)
from services.audit.model.invoices import GiftInvoice
from services.audit.model.vouchers import (
    ApproveBankEntry,
    ApproveFundFee,
    ApproveGiftRefund,
    BankEntry,
    FundFee,
    GiftRefund,
    LinedEntry,
    ProposeBankEntry,
    ProposeFundFee,
    ProposeGiftRefund,
    SealedFile,
    VoucheredEntry,
    VoucherFile,
)
from services.audit.vouchers import messages as voucher_messages
from shared.answers import Answer
from shared.contracts.ledger import LedgerEntry
from shared.ids import make_id
from shared.messaging.decision import Command, Decision, Ref, State, States

# --- files ----------------------------------------------------------------------------------------


def decide_add_file(states: States, command: Command[SealedFile], now: datetime) -> Decision:
    """The same content is the same file."""
    data = command.data
    answer = Answer(201, {"id": data.id, "note": data.note})
    if states.get(VoucherFile, data.id) is not None:
        return Decision(answer=answer)
    file = VoucherFile(added_by=command.principal, added_at=now, **data.model_dump())
    return Decision((file,), answer=answer)


def find_flaw(states: States, attachment: str) -> Answer | None:
    """Why a proposal cannot go with this file; none is none."""
    if attachment and states.get(VoucherFile, attachment) is None:
        return voucher_messages.ATTACHMENT_UNKNOWN.refusal(404, "attachment")
    return None


# --- fees -----------------------------------------------------------------------------------------


def decide_propose_fee(states: States, command: Command[ProposeFundFee], now: datetime) -> Decision:
    data, id_ = command.data, make_id("Y", command.key)
    _, fund = states.get_each((FundFee, id_), (Fund, data.fund_id))
    if fund is None or not fund.is_open:
        return Decision(answer=messages.FUND_UNKNOWN.refusal(404, "fund_id", id=data.fund_id))
    flaw = _find_flaw_of(states, data, fund.foundation, now) or _refuse(
        explain_fee(fund, data.amount_fen)
    )
    if flaw:
        return Decision(answer=flaw)
    fee = FundFee(id=id_, maker=command.principal, foundation=fund.foundation, **data.model_dump())
    return Decision((fee,), answer=Answer(202, fee.to_json()))


@require_open(FundFee)
def decide_approve_fee(
    states: States, command: Command[ApproveFundFee], now: datetime, fee: FundFee
) -> Decision:
    return _enter_in_fund(states, fee, command.principal, now, "management_fee", explain_fee)


# --- interest and charges of a bank ---------------------------------------------------------------


def decide_propose_bank_entry(
    states: States, command: Command[ProposeBankEntry], now: datetime
) -> Decision:
    data, id_ = command.data, make_id("K", command.key)
    _, fund = states.get_each((BankEntry, id_), (Fund, data.fund_id))
    if fund is None or not fund.is_open:
        return Decision(answer=messages.FUND_UNKNOWN.refusal(404, "fund_id", id=data.fund_id))
    flaw = _find_flaw_of(states, data, fund.foundation, now) or _refuse(
        explain_own(data.kind, fund, data.amount_fen)
    )
    if flaw:
        return Decision(answer=flaw)
    entry = BankEntry(
        id=id_, maker=command.principal, foundation=fund.foundation, **data.model_dump()
    )
    return Decision((entry,), answer=Answer(202, entry.to_json()))


@require_open(BankEntry)
def decide_approve_bank_entry(
    states: States, command: Command[ApproveBankEntry], now: datetime, entry: BankEntry
) -> Decision:
    explain = partial(explain_own, entry.kind)
    return _enter_in_fund(states, entry, command.principal, now, entry.kind, explain)


def _enter_in_fund(
    states: States,
    entry: FundFee | BankEntry,
    checker: str,
    now: datetime,
    kind: str,
    explain: Callable[[Fund, int], Refusal | None],
) -> Decision:
    """kind: of the entry on the log. explain: why the fund cannot have it."""
    states.prefetch(Ref(LogHead, entry.foundation), Ref(Fund, entry.fund_id))
    line = _find_line(states, entry, checker)
    journal = Journal.open(states, entry.foundation, now)
    flaw = find_month_flaw(journal.head, entry.at) or (line if isinstance(line, Answer) else None)
    fund = journal.bring_forward_fund(states.require(Fund, entry.fund_id))
    flaw = flaw or _refuse(explain(fund, entry.amount_fen))
    if flaw or isinstance(line, Answer):
        return Decision(answer=flaw)
    approved = entry.resolve("approved", checker)
    fact = journal.make_fact(_WHAT[kind], entry.id, entry.at)
    movement = Movement(kind, fact, fund.id, entry.amount_fen).with_subject(fund.id)
    approved = approved.place_at(journal.log, journal.head.size)
    journal.post(movement, fund, authorisation=approved.authorisation)
    journal.save(approved, *line)
    return journal.close(Answer(200, approved.to_json()))


_WHAT = {"management_fee": "fee", "bank_interest": "bank_entry", "bank_charge": "bank_entry"}
"""As the ids of their facts begin."""


# --- refunds --------------------------------------------------------------------------------------


def decide_propose_refund(
    states: States, command: Command[ProposeGiftRefund], now: datetime
) -> Decision:
    data, id_ = command.data, make_id("Z", command.key)
    _, gift = states.get_each((GiftRefund, id_), (Donation, data.donation_id))
    if gift is None:
        return Decision(answer=messages.DONATION_UNKNOWN.refusal(404, "donation_id"))
    refund = GiftRefund(
        id=id_,
        maker=command.principal,
        foundation=gift.foundation,
        fund_id=gift.fund_id,
        invoice=_find_invoice(states, gift.id),
        **data.model_dump(),
    )
    flaw = _find_flaw_of(states, data, gift.foundation, now) or _find_flaw_of_refund(
        states, refund, gift, states.require(Fund, gift.fund_id)
    )
    if flaw:
        return Decision(answer=flaw)
    return Decision((refund,), answer=Answer(202, refund.to_json()))


@require_open(GiftRefund)
def decide_approve_refund(
    states: States, command: Command[ApproveGiftRefund], now: datetime, refund: GiftRefund
) -> Decision:
    gift = states.require(Donation, refund.donation_id)
    journal = Journal.open_for(states, gift, now)
    line = _find_line(states, refund, command.principal)
    fund = states.require(Fund, gift.fund_id)
    flaw = find_month_flaw(journal.head, refund.at)
    flaw = flaw or _find_flaw_of_refund(states, refund, gift, fund)
    if isinstance(line, Answer) or flaw:
        return Decision(answer=line if isinstance(line, Answer) else flaw)
    approved = refund.resolve("approved", command.principal)
    approved = approved.model_copy(update={"invoice": _find_invoice(states, gift.id)})
    fact = journal.make_fact("refund", refund.id, refund.at)
    movement = Movement(
        "refund",
        fact,
        fund.id,
        refund.amount_fen,
        gift.donor_id,
        is_forced=refund.amount_fen > fund.remaining_fen,
    )
    journal.bring_forward_fund(fund)
    approved = approved.place_at(journal.log, journal.head.size)
    enter_refund(states, journal, movement, gift, approved.authorisation)
    journal.save(approved, *line)
    return journal.close(Answer(200, approved.to_json()))


def _find_flaw_of_refund(
    states: States, refund: GiftRefund, gift: Donation, fund: Fund
) -> Answer | None:
    if is_before_gift(gift, refund.at):
        return messages.REFUND_BEFORE_GIFT.refusal(422, "at")
    return _refuse(_explain_refund(states, refund, gift, fund))


def _find_invoice(states: States, donation_id: str) -> str:
    """Code and number of the gift's invoice; empty where none is entered."""
    invoice = states.get(GiftInvoice, donation_id)
    return invoice.name if invoice else ""


def _explain_refund(
    states: States, refund: GiftRefund, gift: Donation, fund: Fund
) -> Refusal | None:
    """Why two people do not give it back. What the bank took already is gone, whatever the fund
    has: its line is there, and nobody has said yet what it is."""
    refusal = explain_refund(gift, fund, refund.amount_fen)
    if refusal is None or refusal.reason != "insufficient_funds" or not refund.bank_reference:
        return refusal
    _, question, _ = _load_line(states, refund)
    is_taken = question is not None and question.is_open and bool(question.source)
    return None if is_taken else refusal


# --- what both check ------------------------------------------------------------------------------


def _find_flaw_of(
    states: States, data: VoucheredEntry, foundation: str, now: datetime
) -> Answer | None:
    if not is_plausible(data.at, now):
        return messages.MOMENT_IMPLAUSIBLE.refusal(422, "at")
    head = states.require(LogHead, foundation)
    return find_month_flaw(head, data.at) or find_flaw(states, data.attachment)


def _refuse(refusal: Refusal | None) -> Answer | None:
    return None if refusal is None else REFUSALS[refusal.reason].refusal(409)


def _find_line(states: States, entry: LinedEntry, checker: str) -> list[State] | Answer:
    """The bank's line that this is, closed by it: when it comes, or came, it is known. None where
    none is named."""
    if not entry.bank_reference:
        return []
    entered, question, question_id = _load_line(states, entry)
    is_taken = entered.is_paid(entry.own_account) or entered.is_vouchered(entry.own_account)
    if is_taken or (question is not None and not question.is_open):
        return voucher_messages.LINE_ENTERED.refusal(409, "bank_reference")
    named = question or BankQuestion(
        id=question_id,
        doubt="reference_missing",
        direction=entry.direction,
        amount_fen=entry.amount_fen,
        at=entry.at,
        bank_reference=entry.bank_reference,
        own_account=entry.own_account,
    )
    answered = {
        "is_open": False,
        "is_entered": True,
        "answered_by": checker,
        "answer": entry.voucher,
        "foundation": entry.foundation,
    }
    return [named.model_copy(update=answered), entered.with_vouchered(entry.own_account)]


def _load_line(states: States, entry: LinedEntry) -> tuple[EnteredLine, BankQuestion | None, str]:
    """What is entered under its reference, and the question about it with its id. Of a later line
    under that reference and for that sum, where the bank stated one of that day."""
    line = (entry.bank_reference, entry.direction, entry.amount_fen)
    entered_id, accounts = derive_entered_line_id(*line), ("", entry.own_account)
    of_any, of_own = (derive_bank_question_id(*line, None, each) for each in accounts)
    entered, first, own = states.get_each(
        (EnteredLine, entered_id), (BankQuestion, of_any), (BankQuestion, of_own)
    )
    is_first = first is None or first.is_of(entry.own_account)
    question, question_id = (first, of_any) if is_first else (own, of_own)
    if isinstance(entry, BankEntry) and question is not None and not question.is_near(entry.at):
        later_id = derive_later_line_id(question_id, entry.at)
        if later := states.get(BankQuestion, later_id):
            entered_id = derive_entered_line_id(later_id, *line[1:])
            entered = states.get(EnteredLine, entered_id)
            question, question_id = later, later_id
    return entered or EnteredLine(id=entered_id), question, question_id


# --- undone ---------------------------------------------------------------------------------------

PAPERS: Mapping[str, type[LinedEntry]] = {
    "fee": FundFee,
    "refund": GiftRefund,
    "bank_entry": BankEntry,
}
"""By how the ids of their facts begin."""


def reopen_line(states: States, entry: LedgerEntry) -> list[State]:
    """Of what two people had entered for a line of the bank, or the line itself as interest or a
    charge: undone, the line is a question again, or nobody could enter it any more. entry: that is
    reversed."""
    if entry["event"]["source"] != SOURCE:
        return _reopen_own(states, entry)
    what, _, id_ = entry["event"]["id"].partition(":")
    kind = PAPERS.get(what)
    paper = states.get(kind, id_) if kind else None
    if paper is None or not paper.bank_reference:
        return []
    entered, question, _ = _load_line(states, paper)
    freed = entered.without_vouchered(paper.own_account)
    return [freed, *([question.reopen()] if question else [])]


def _reopen_own(states: States, entry: LedgerEntry) -> list[State]:
    if entry["kind"] not in ("bank_interest", "bank_charge"):
        return []
    named = entry["event"]
    bank_fact = states.get(BankFact, derive_bank_fact_id(named["source"], named["id"]))
    if bank_fact is None or not bank_fact.question_id:
        return []
    question = states.require(BankQuestion, bank_fact.question_id)
    return [bank_fact.undo(), question.reopen()]
