"""A request that was paid is paid again only once that is settled: the payment was reversed, or two
people say so."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from services.audit import messages
from services.audit.decide.mandates import count_commitment
from services.audit.decide.obligations import post_obligation
from services.audit.decide.posting import Journal, Movement
from services.audit.decide.proposals import require_open
from services.audit.model import (
    ApproveSecondPayment,
    Commitment,
    Fund,
    Payable,
    ProposeSecondPayment,
    RequestPayments,
    SecondPayment,
    get_payments,
)
from shared.answers import Answer
from shared.contracts.events import PaymentSettled
from shared.messaging.decision import Command, Decision, States

# --- two people say so --------------------------------------------------------------------------


def decide_propose_second_payment(
    states: States,
    command: Command[ProposeSecondPayment],
    now: datetime,  # noqa: ARG001
) -> Decision:
    proposal = command.data
    existing, payments = states.get_each(
        (SecondPayment, proposal.request_id), (RequestPayments, proposal.request_id)
    )
    if payments is None or not payments.is_unsettled:
        return Decision(answer=messages.PAYMENTS_SETTLED.refusal(409, "request_id"))
    if existing is not None and existing.state == "proposed":
        return Decision(answer=messages.SECOND_PAYMENT_EXISTS.refusal(409, "request_id"))
    second = SecondPayment(
        id=proposal.request_id,
        maker=command.principal,
        reason=proposal.reason,
        fallen=payments.fallen,
    )
    return Decision((second,), answer=Answer(202, second.to_json()))


@require_open(SecondPayment)
def decide_approve_second_payment(
    states: States, command: Command[ApproveSecondPayment], now: datetime, second: SecondPayment
) -> Decision:
    """What fell after it was proposed was not part of it: that is proposed anew."""
    request_id = command.data.request_id
    payments = states.require(RequestPayments, request_id)
    if payments.fallen != second.fallen:
        return Decision(answer=messages.PAYMENTS_CHANGED.refusal(409, "request_id"))
    for payable in states.get_many(Payable, payments.fallen).values():
        if payable.owed_fen:
            return Decision(answer=messages.PAYABLE_HELD.refusal(409, id=payable.id))
    approved = second.resolve("approved", command.principal)
    fact = PaymentSettled(
        match_ids=(*payments.fallen, *payments.refused),
        maker=approved.maker,
        checker=approved.checker,
        reason=approved.reason,
    )
    journals: dict[str, Journal] = {}
    settled = pay_waiting(states, payments.settle(), payments.refused, journals, now)
    first = Decision((approved, settled), ((settled, fact),), Answer(200, approved.to_json()))
    return join(first, journals)


# --- the payment was reversed -------------------------------------------------------------------


def settle_reversed(
    states: States, commitment: Commitment, amount_fen: int, journals: dict[str, Journal]
) -> None:
    """A payment was undone. Of a match that fell, the money goes back to the fund; once nothing of
    the request is paid for nothing, it may be paid again.

    journals: by foundation; that of the commitment is open, and the reversal entered.
    """
    if not commitment.request_id:
        return
    before = get_payments(states, commitment.request_id)
    payments = before.with_paid(commitment.id, -amount_fen)
    journal = journals[commitment.foundation]
    if commitment.id in before.fallen:
        _release(states, commitment, journal)
    if not before.is_unsettled or payments.fallen:
        journal.save(payments)
        return
    fact = PaymentSettled(match_ids=(*before.fallen, *before.refused))
    settled = pay_waiting(
        states, payments.model_copy(update={"refused": ()}), before.refused, journals, journal.now
    )
    journal.emit(settled, fact)


def _release(states: States, commitment: Commitment, journal: Journal) -> None:
    fact = journal.make_fact(f"reversed:{journal.head.size}", commitment.id)
    fund = journal.find_newest(states.require(Fund, commitment.fund_id))
    movement = Movement("release", fact, fund.id, commitment.outstanding_fen, commitment.donor_id)
    journal.post(movement, fund, commitment)
    freed_fen, newest = -commitment.outstanding_fen, journal.find_newest
    journal.save(*count_commitment(states, newest, commitment, freed_fen))


# --- what waited for it -------------------------------------------------------------------------


def pay_waiting(
    states: States,
    payments: RequestPayments,
    refused: Iterable[str],
    journals: dict[str, Journal],
    now: datetime,
) -> RequestPayments:
    """What was confirmed meanwhile is due now, as far as the request asks for so much."""
    for commitment in states.get_many(Commitment, refused).values():
        amount_fen = commitment.outstanding_fen
        paid_fen = payments.paid.get(commitment.id, 0) + amount_fen
        if not amount_fen or "disbursement" not in commitment.refused:
            continue
        if not payments.may_pay(commitment.id, paid_fen):
            payments = payments.with_refused(commitment.id)
            continue
        if commitment.foundation not in journals:
            journals[commitment.foundation] = Journal.open_for(states, commitment, now)
        _pay(states, commitment, journals[commitment.foundation])
        payments = payments.with_paid(commitment.id, amount_fen)
    return payments


def _pay(states: States, commitment: Commitment, journal: Journal) -> None:
    fact = journal.make_fact("second_payment", commitment.id)
    movement = Movement(
        "obligation",
        fact,
        commitment.fund_id,
        commitment.outstanding_fen,
        commitment.donor_id,
    )
    post_obligation(states, journal, movement, commitment)


def join(first: Decision, journals: Mapping[str, Journal]) -> Decision:
    """The first decision's answer, and everything that any of them wrote."""
    decisions = [first, *(journal.close() for journal in journals.values())]
    return replace(
        first,
        states=tuple(state for each in decisions for state in each.states),
        events=tuple(event for each in decisions for event in each.events),
        records=tuple(record for each in decisions for record in each.records),
    )
