"""What a bank or partner says: gifts arrive, money leaves. One id is one fact, and is entered once.

The same content again changes nothing. Other content under a used id is refused once, on the log; a
refused id stays refused, so that a replay of the topic changes no outcome.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from services.audit import messages
from services.audit.decide.gift_references import (
    decide_by_reference,
    derive_line_ids,
    derive_pair_ids,
)
from services.audit.decide.mandates import count_contribution
from services.audit.decide.moments import check_moment, check_open, is_before_gift
from services.audit.decide.posting import Journal, Movement, Refusal
from services.audit.ledger.entries import Fact as LedgerFact
from services.audit.ledger.entries import Goods
from services.audit.model import (
    GENERAL_FUND,
    GIFT_FEN_MAX,
    BankEvent,
    BankFact,
    BankQuestion,
    Commitment,
    Contribution,
    Donation,
    Fund,
    GiftReference,
    Stock,
    derive_contribution_id,
    derive_stock_id,
    get_payments,
)
from services.audit.rules import Rules
from shared.contracts import ledger_fields
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    DonationReceived,
    DonationRefunded,
    FeeCharged,
    GoodsReceived,
    PaymentMade,
)
from shared.contracts.values import MONEY_UNIT
from shared.messaging.decision import NOTHING, Answer, AnyRef, Decision, Ref, States
from shared.money import PIECES, find_money_unit
from shared.personal import has_personal_number

F = TypeVar("F", bound=Fact)


def decide_donation_received(
    rules: Rules, states: States, event: BankEvent[DonationReceived], now: datetime
) -> Decision:
    """Money arrived: entered into its fund, or refused where no such fund is open."""
    fact, donation_id = event.data, event.donation_id
    states.prefetch(*_list_read(rules, event))
    bank_fact, donation, fund = states.get_each(
        (BankFact, event.bank_fact_id), (Donation, donation_id), (Fund, fact.fund_id)
    )
    journal = Journal.open(states, rules.choose_foundation(fund), now)
    movement = Movement(
        "donation_received",
        _make_fact(event, donation_id, fact.received_at),
        fact.fund_id,
        fact.amount_fen,
        fact.donor_id,
    )
    if bank_fact is not None:
        if event.digest == bank_fact.digests[0]:
            return _list_again(donation, event)
        return _refuse_reuse(journal, bank_fact, event, movement)
    check_moment(fact.received_at, "received_at", now)
    check_open(journal.head, fact.received_at, "received_at")
    if fact.amount_fen > GIFT_FEN_MAX:
        raise messages.GIFT_TOO_LARGE.invalid("data.amount_fen")
    donation = Donation(
        id=donation_id,
        donor_id=fact.donor_id,
        fund_id=fact.fund_id,
        foundation=journal.head.id,
        amount_fen=fact.amount_fen,
        received_at=fact.received_at,
        reference=fact.bank_reference,
        statements=(fact.statement,) if fact.statement else (),
        designation=event.designation,
        distinct_from=fact.distinct_from,
        own_account=fact.own_account,
    )
    if decision := decide_by_reference(rules, states, journal, event, donation):
        return decision
    journal.save(BankFact.from_event(event))
    if fund is None or not fund.is_open:
        refused = donation.model_copy(update={"refused": True})
        if fund is not None and fund.state == "proposed":
            due_at = now + timedelta(days=rules.waiting_gift_days)
            journal.save(refused.model_copy(update={"waiting": True, "due_at": due_at}))
            return journal.close(Answer(202, {"state": "waiting"}))
        journal.refuse(movement, Refusal("unknown_fund"), refused)
        return journal.close()
    fund = journal.bring_forward_fund(fund)
    if not fund.can_receive(fact.amount_fen):
        raise messages.AMOUNT_TOO_LARGE.invalid("data.amount_fen")
    journal.post(movement, fund, donation)
    received = {"received_fen": fact.amount_fen}
    newest = journal.find_newest
    journal.save(count_contribution(states, newest, fund.id, fact.donor_id, **received))
    return journal.close()


def _list_read(rules: Rules, event: BankEvent[DonationReceived]) -> Iterator[AnyRef]:
    """All that a new gift reads but its log's head, loaded at once: a file brings thousands."""
    fact = event.data
    yield Ref(BankFact, event.bank_fact_id)
    yield Ref(Donation, event.donation_id)
    yield Ref(Fund, fact.fund_id)
    yield Ref(Contribution, derive_contribution_id(fact.fund_id, fact.donor_id))
    for id_ in derive_line_ids(rules, event)[:2]:
        yield Ref(GiftReference, id_)
    for id_ in derive_pair_ids(rules, event):
        yield Ref(BankQuestion, id_)


def _list_again(donation: Donation | None, event: BankEvent[DonationReceived]) -> Decision:
    """Another statement lists it too: that is stored, and nothing is entered.

    So is what the giver wrote, where no statement had it before.
    """
    row = event.data.statement
    if donation is None or row is None or row in donation.statements:
        return NOTHING
    designation = donation.designation or event.designation
    changes = {"statements": (*donation.statements, row), "designation": designation}
    return Decision((donation.model_copy(update=changes),))


def decide_goods_received(
    rules: Rules, states: States, event: BankEvent[GoodsReceived], now: datetime
) -> Decision:
    """Goods arrived at the store: entered into the stock of their fund, or refused."""
    fact = event.data
    goods = Goods(fact.item, fact.unit, fact.quantity)
    bank_fact, _, fund, stock = states.get_each(
        (BankFact, event.bank_fact_id),
        (Donation, event.donation_id),
        (Fund, fact.fund_id),
        (Stock, derive_stock_id(fact.fund_id, fact.item, fact.unit)),
    )
    journal = Journal.open(states, rules.choose_foundation(fund), now)
    movement = Movement(
        "goods_received",
        _make_fact(event, event.donation_id, fact.received_at),
        fact.fund_id,
        goods,
        fact.donor_id,
    )
    if bank_fact is not None:
        return _refuse_reuse(journal, bank_fact, event, movement)
    check_moment(fact.received_at, "received_at", now)
    check_open(journal.head, fact.received_at, "received_at")
    for name in ("item", "unit"):
        if has_personal_number(getattr(fact, name)):
            raise messages.ITEM_WITH_NUMBER.invalid(f"data.{name}")
    journal.save(BankFact.from_event(event))
    if fact.unit == MONEY_UNIT or (fact.unit not in PIECES and find_money_unit(fact.unit)):
        raise messages.UNIT_NOT_OF_GOODS.invalid("data.unit")
    donation = Donation(
        id=event.donation_id,
        donor_id=fact.donor_id,
        fund_id=fact.fund_id,
        foundation=journal.head.id,
        item=fact.item,
        unit=fact.unit,
        quantity=fact.quantity,
        received_at=fact.received_at,
        reference=fact.reference,
    )
    if fund is None or not fund.is_open:
        refused = donation.model_copy(update={"refused": True})
        journal.refuse(movement, Refusal("unknown_fund"), refused)
        return journal.close()
    fund = journal.bring_forward_fund(fund)
    stock = (stock or _make_stock(fund, goods, fact.received_at)).include_receipt(fact.received_at)
    stock = journal.bring_forward_stock(stock, fund)
    if not stock.can_receive(fact.quantity):
        raise messages.AMOUNT_TOO_LARGE.invalid("data.quantity")
    journal.post(movement, fund, donation, stock)
    return journal.close()


def _make_stock(fund: Fund, goods: Goods, began_at: datetime) -> Stock:
    return Stock(
        id=derive_stock_id(fund.id, goods.item, goods.unit),
        fund_id=fund.id,
        foundation=fund.foundation,
        item=goods.item,
        unit=goods.unit,
        log=fund.log,
        began_at=began_at,
    )


def decide_payment_made(
    rules: Rules, states: States, event: BankEvent[PaymentMade], now: datetime
) -> Decision:
    """One instalment of a commitment; what is outstanding at confirmation is paid then."""
    payment = event.data
    bank_fact, commitment = states.get_each(
        (BankFact, event.bank_fact_id), (Commitment, payment.match_id)
    )
    journal = _open_for(rules, states, commitment, now)
    movement = Movement(
        "disbursement",
        _make_fact(event, event.bank_fact_id, payment.paid_at),
        commitment.fund_id if commitment else GENERAL_FUND,
        payment.amount_fen,
        commitment.donor_id if commitment else None,
    )
    if bank_fact is not None:
        return _refuse_reuse(journal, bank_fact, event, movement)
    check_moment(payment.paid_at, "paid_at", now)
    check_open(journal.head, payment.paid_at, "paid_at")
    identity = BankFact.from_event(event)
    journal.save(identity)
    if commitment is None or commitment.entry is None:
        journal.refuse(movement, Refusal("not_committed"), identity)
    elif payment.amount_fen > commitment.outstanding_fen:
        refusal = Refusal("exceeds_commitment", commitment.outstanding_fen)
        journal.refuse(movement, refusal, identity)
    else:
        fund = states.require(Fund, commitment.fund_id)
        if commitment.request_id:
            payments = get_payments(states, commitment.request_id)
            journal.save(payments.with_paid(commitment.id, payment.amount_fen))
        journal.post(movement.with_subject(commitment.id), fund, commitment)
    return journal.close()


def decide_donation_refunded(
    rules: Rules, states: States, event: BankEvent[DonationRefunded], now: datetime
) -> Decision:
    """A gift is given back, never more than it was. What the bank did is entered though the fund
    has less: then it has less than nothing free."""
    refund = event.data
    bank_fact, donation = states.get_each(
        (BankFact, event.bank_fact_id), (Donation, refund.donation_id)
    )
    journal = _open_for(rules, states, donation, now)
    movement = Movement(
        "refund",
        _make_fact(event, event.bank_fact_id, refund.refunded_at),
        donation.fund_id if donation else GENERAL_FUND,
        refund.amount_fen,
        donation.donor_id if donation else None,
    )
    if bank_fact is not None:
        return _refuse_reuse(journal, bank_fact, event, movement)
    check_moment(refund.refunded_at, "refunded_at", now)
    check_open(journal.head, refund.refunded_at, "refunded_at")
    if donation is not None and is_before_gift(donation, refund.refunded_at):
        raise messages.REFUND_BEFORE_GIFT.invalid("data.refunded_at")
    if donation is not None and (donation.waiting or donation.is_asked):
        raise messages.GIFT_WAITS.invalid("data.donation_id")
    identity = BankFact.from_event(event)
    journal.save(identity)
    if donation is None or donation.refused or not donation.is_money:
        journal.refuse(movement, Refusal("unknown_donation"), identity)
        return journal.close()
    fund = states.require(Fund, donation.fund_id)
    refusal = explain_refund(donation, fund, refund.amount_fen)
    if refusal is not None and refusal.reason != "insufficient_funds":
        journal.refuse(movement, refusal, identity)
    else:
        enter_refund(states, journal, replace(movement, is_forced=refusal is not None), donation)
    return journal.close()


def enter_refund(
    states: States,
    journal: Journal,
    movement: Movement,
    donation: Donation,
    authorisation: ledger_fields.Authorisation | None = None,
) -> None:
    """Of what may be given back, or the bank took. authorisation: of two people, if they did."""
    fund = journal.find_newest(states.require(Fund, donation.fund_id))
    journal.post(
        movement.with_subject(donation.id),
        fund,
        donation,
        authorisation=authorisation,
        donation_id=donation.id,
        overdrawn_fen=max(0, movement.count - fund.remaining_fen),
    )
    refunded = {"refunded_fen": movement.count}
    newest = journal.find_newest
    fund_id, donor_id = donation.fund_id, donation.donor_id
    journal.save(count_contribution(states, newest, fund_id, donor_id, **refunded))


def decide_fee_charged(
    rules: Rules, states: States, event: BankEvent[FeeCharged], now: datetime
) -> Decision:
    """The foundation keeps a part of this year's gifts, as far as the fund's terms allow."""
    fee = event.data
    bank_fact, fund = states.get_each((BankFact, event.bank_fact_id), (Fund, fee.fund_id))
    journal = Journal.open(states, rules.choose_foundation(fund), now)
    movement = Movement(
        "management_fee",
        _make_fact(event, event.bank_fact_id, fee.charged_at),
        fee.fund_id,
        fee.amount_fen,
    )
    if bank_fact is not None:
        return _refuse_reuse(journal, bank_fact, event, movement)
    check_moment(fee.charged_at, "charged_at", now)
    check_open(journal.head, fee.charged_at, "charged_at")
    identity = BankFact.from_event(event)
    journal.save(identity)
    if fund is None or not fund.is_open:
        journal.refuse(movement, Refusal("unknown_fund"), identity)
        return journal.close()
    fund = journal.bring_forward_fund(fund)
    if refusal := explain_fee(fund, fee.amount_fen):
        journal.refuse(movement, refusal, identity)
    else:
        journal.post(movement.with_subject(fund.id), fund)
    return journal.close()


def explain_refund(donation: Donation, fund: Fund, amount_fen: int) -> Refusal | None:
    """Why so much of a gift is not given back; None where it may be."""
    if donation.refused or not donation.is_money:
        return Refusal("unknown_donation")
    if amount_fen > donation.refundable_fen:
        return Refusal("exceeds_gift", donation.refundable_fen)
    if amount_fen > fund.remaining_fen:
        return Refusal("insufficient_funds", fund.remaining_fen)
    return None


def explain_fee(fund: Fund, amount_fen: int) -> Refusal | None:
    """Why the foundation does not keep so much of a fund; None where it may."""
    if amount_fen > fund.fee_left_fen:
        return Refusal("exceeds_fee_limit", fund.fee_left_fen)
    if amount_fen > fund.remaining_fen:
        return Refusal("insufficient_funds", fund.remaining_fen)
    return None


def _open_for(
    rules: Rules, states: States, owned: Commitment | Donation | None, now: datetime
) -> Journal:
    """Of the foundation it belongs to; what is asked of nothing known is our own."""
    if owned is None:
        return Journal.open(states, rules.default_foundation, now)
    return Journal.open_for(states, owned, now)


def _refuse_reuse(
    journal: Journal, bank_fact: BankFact, event: BankEvent[F], movement: Movement
) -> Decision:
    """Of a used id: nothing for content that came before, a refusal for new content.

    The refusal is a fact of our own: whatever the bank's id were made into, another of its ids may
    be.
    """
    if event.digest in bank_fact.digests:
        return NOTHING
    marked = bank_fact.add_content(event.digest)
    what = f"id_reused:{len(marked.digests)}"
    fact = journal.make_fact(what, marked.id, movement.fact.effective_at)
    journal.refuse(replace(movement, fact=fact), Refusal("id_reused"), marked)
    return journal.close()


def _make_fact(event: BankEvent[F], subject: str, effective_at: datetime) -> LedgerFact:
    named = ledger_fields.Event(id=event.public_id or event.id, source=event.source)
    return LedgerFact(named, subject, effective_at)
