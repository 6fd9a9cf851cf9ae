"""What a match does to the ledger: its money is reserved, due or released, its goods handed over.

Money is reserved when the donor accepts, and due when the person says that the help arrived; a bank
pays it later, by an order (`orders`). Goods of a fund leave its
stock when the person has them; goods that no fund has are the donor's own, and leave no trace.
"""

from datetime import datetime
from typing import TypeVar

from services.audit.decide.mandates import (
    count_commitment,
    find_mandate_obstacle,
    list_mandate_refs,
)
from services.audit.decide.obligations import post_obligation
from services.audit.decide.posting import Journal, Movement, Refusal
from services.audit.ledger.entries import Fact, Goods
from services.audit.model import (
    GENERAL_FUND,
    Commitment,
    Distribution,
    Fund,
    Payable,
    RequestPayments,
    Spending,
    Stock,
    derive_stock_id,
    get_payments,
)
from services.audit.rules import Rules
from shared.contracts import ledger_fields
from shared.contracts.envelope import Event
from shared.contracts.events import (
    MatchAccepted,
    MatchConfirmed,
    MatchFact,
    MatchReleased,
    MatchReopened,
    PaymentUnsettled,
)
from shared.contracts.values import MONEY_UNIT
from shared.messaging.decision import NOTHING, Decision, Ref, States

M = TypeVar("M", bound=MatchFact)


def decide_accepted(
    rules: Rules, states: States, event: Event[MatchAccepted], now: datetime
) -> Decision:
    """A donor said yes: the fund reserves the money on somebody's mandate, or the log says why not.

    The log's code for a mandate that does not carry it is outside_terms; the event says more."""
    match = event.data
    if match.unit != MONEY_UNIT:
        return NOTHING
    movement = _make_movement("commitment", event)
    states.prefetch(
        Ref(Commitment, event.subject),
        Ref(Fund, movement.fund_id),
        Ref(RequestPayments, match.request_id),
        *list_mandate_refs(match.mandate_id, movement.fund_id, match.donor_id),
    )
    commitment, fund = states.get_each((Commitment, event.subject), (Fund, movement.fund_id))
    if commitment is not None:
        return NOTHING
    payments = get_payments(states, match.request_id).with_asked(match.request_quantity)
    journal = Journal.open(states, rules.choose_foundation(fund), now)
    spending = Spending.from_match(match)
    commitment = Commitment(
        id=event.subject,
        fund_id=movement.fund_id,
        foundation=journal.head.id,
        donor_id=match.donor_id,
        request_id=match.request_id,
        person_id=match.person_id,
        mandate_id=match.mandate_id or "",
        spending=spending,
    )
    if fund is None or not fund.is_open:
        refusal = Refusal("unknown_fund")
    elif obstacle := find_mandate_obstacle(rules, states, match, commitment, now):
        refusal = Refusal("outside_terms", fund.remaining_fen, obstacle)
    elif not fund.terms.may_pay_for(spending):
        refusal = Refusal("outside_terms", fund.remaining_fen)
    elif not payments.may_pay(event.subject, match.quantity):
        refusal = Refusal("already_paid", payments.count_available(event.subject))
        payments = payments.with_refused(event.subject)
    elif fund.remaining_fen < match.quantity:
        refusal = Refusal("insufficient_funds", fund.remaining_fen)
    else:
        journal.save(payments)
        journal.post(movement, fund, commitment)
        newest = journal.find_newest
        journal.save(*count_commitment(states, newest, commitment, match.quantity))
        return journal.close()
    journal.save(payments)
    journal.refuse(movement, refusal, commitment.mark_refused("commitment", journal.now))
    return journal.close()


def decide_confirmed(
    rules: Rules, states: States, event: Event[MatchConfirmed], now: datetime
) -> Decision:
    """The person has what was promised."""
    if event.data.unit == MONEY_UNIT:
        return _pay(rules, states, event, now)
    return _hand_over(rules, states, event, now) if event.data.fund_id else NOTHING


def decide_released(states: States, event: Event[MatchReleased], now: datetime) -> Decision:
    return _fall(states, event, now) if event.data.unit == MONEY_UNIT else NOTHING


def decide_reopened(states: States, event: Event[MatchReopened], now: datetime) -> Decision:
    """What was only delivered is on its way again; what was confirmed is over."""
    is_over = event.data.was == "confirmed" and event.data.unit == MONEY_UNIT
    return _fall(states, event, now) if is_over else NOTHING


def _fall(states: States, event: Event[M], now: datetime) -> Decision:
    """What is still reserved goes back to the fund; what is due or paid is finance's to reverse,
    and the request is not paid again before. No bank is told to pay what is due."""
    commitment, payments, payable = states.get_each(
        (Commitment, event.subject),
        (RequestPayments, event.data.request_id),
        (Payable, event.subject),
    )
    if commitment is None or commitment.entry is None:
        return NOTHING
    payments = payments or RequestPayments(id=event.data.request_id)
    settled_fen = commitment.disbursed_fen + commitment.obligated_fen
    paid_fen = payments.paid.get(event.subject) or settled_fen
    falls = paid_fen > 0 and event.subject not in payments.fallen
    if not commitment.outstanding_fen and not falls:
        return NOTHING
    commitment = commitment.model_copy(update={"request_id": event.data.request_id})
    journal = Journal.open_for(states, commitment, now)
    journal.save(commitment)
    if payable is not None:  # of what a bank has paid too: it may come back, and is then due again
        journal.save(payable.model_copy(update={"held": True}))
    if falls:
        fact = PaymentUnsettled(
            match_id=event.subject, fund_id=commitment.fund_id, amount_fen=paid_fen
        )
        journal.emit(payments.with_fallen(event.subject, paid_fen), fact)
    if commitment.outstanding_fen:
        _release_outstanding(states, journal, event, commitment)
    return journal.close()


def _pay(rules: Rules, states: States, event: Event[MatchConfirmed], now: datetime) -> Decision:
    """All that is still reserved is due. Nothing is that was not committed; that it was asked for
    stands on the log, once."""
    movement = _make_movement("obligation", event)
    commitment, fund, _, _ = states.get_each(
        (Commitment, event.subject),
        (Fund, movement.fund_id),
        (RequestPayments, event.data.request_id),
        (Payable, event.subject),
    )
    if commitment is not None and "disbursement" in commitment.refused:
        return NOTHING
    if commitment is not None and commitment.entry is not None:
        if not commitment.outstanding_fen:
            return NOTHING
        return _pay_committed(states, event, commitment, now)
    foundation = commitment.foundation if commitment else rules.choose_foundation(fund)
    journal = Journal.open(states, foundation, now)
    unknown = commitment or Commitment(
        id=event.subject,
        fund_id=movement.fund_id,
        foundation=foundation,
        donor_id=event.data.donor_id,
    )
    journal.refuse(
        movement, Refusal("not_committed"), unknown.mark_refused("disbursement", journal.now)
    )
    return journal.close()


def _pay_committed(
    states: States, event: Event[MatchConfirmed], commitment: Commitment, now: datetime
) -> Decision:
    """Or says on the log that the request would be paid more than it asks for; the money stays
    reserved until that is settled."""
    payments = get_payments(states, event.data.request_id)
    journal = Journal.open_for(states, commitment, now)
    amount_fen = commitment.outstanding_fen
    if payments.may_pay(event.subject, payments.paid.get(event.subject, 0) + amount_fen):
        journal.save(payments.with_paid(event.subject, amount_fen))
        owed = Movement(
            "obligation", _make_fact(event), commitment.fund_id, amount_fen, commitment.donor_id
        )
        post_obligation(states, journal, owed, commitment)
        return journal.close()
    journal.save(payments.with_refused(event.subject))
    movement = Movement(
        "obligation", _make_fact(event), commitment.fund_id, amount_fen, commitment.donor_id
    )
    refusal = Refusal("exceeds_request", payments.count_available(event.subject))
    journal.refuse(movement, refusal, commitment.mark_refused("disbursement", journal.now))
    return journal.close()


def _release_outstanding(
    states: States, journal: Journal, event: Event[M], commitment: Commitment
) -> None:
    """All that is outstanding, of the fund that reserved it, should a later event say otherwise."""
    fund, amount_fen = states.require(Fund, commitment.fund_id), commitment.outstanding_fen
    movement = Movement("release", _make_fact(event), fund.id, amount_fen, commitment.donor_id)
    journal.post(movement, fund, commitment)
    newest = journal.find_newest
    journal.save(*count_commitment(states, newest, commitment, -amount_fen))


def _hand_over(
    rules: Rules, states: States, event: Event[MatchConfirmed], now: datetime
) -> Decision:
    """Goods of a fund, once, if its stock has them."""
    match = event.data
    movement = _make_movement("goods_distributed", event)
    distribution, fund, stock = states.get_each(
        (Distribution, event.subject),
        (Fund, movement.fund_id),
        (Stock, derive_stock_id(movement.fund_id, match.item, match.unit)),
    )
    if distribution is not None:
        return NOTHING
    journal = Journal.open(states, rules.choose_foundation(fund), now)
    in_stock = stock.in_stock if stock else 0
    if fund is None or not fund.is_open:
        refusal = Refusal("unknown_fund")
    elif not fund.terms.may_pay_for(Spending.from_match(match)):
        refusal = Refusal("outside_terms", in_stock)
    elif in_stock < match.quantity:
        refusal = Refusal("insufficient_goods", in_stock)
    else:
        distribution = Distribution(id=event.subject, fund_id=fund.id, refused=False)
        journal.post(movement, fund, distribution, stock)
        return journal.close()
    refused = Distribution(id=event.subject, fund_id=movement.fund_id, refused=True)
    journal.refuse(movement, refusal, refused)
    return journal.close()


def _make_movement(kind: str, event: Event[M]) -> Movement:
    match = event.data
    is_money = match.unit == MONEY_UNIT
    return Movement(
        kind,
        _make_fact(event),
        match.fund_id or (GENERAL_FUND if is_money else ""),
        match.quantity if is_money else Goods(match.item, match.unit, match.quantity),
        match.donor_id,
        Spending.from_match(match).as_purpose(),
    )


def _make_fact(event: Event[M]) -> Fact:
    return Fact(ledger_fields.Event(id=event.id, source=event.source), event.subject, event.time)
