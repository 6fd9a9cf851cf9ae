"""The rule of two people: who proposed something cannot also decide on it."""

from typing import TypeVar

from services.audit import messages
from services.audit.model import (
    BankAnswer,
    Fund,
    LineRelease,
    Mandate,
    PaymentOrder,
    Proposal,
    Reversal,
    SecondPayment,
    Transfer,
)
from services.audit.model.months import MonthClose, MonthReopening
from services.audit.model.vouchers import FundFee, GiftRefund
from services.audit.months import messages as month_messages
from services.audit.vouchers import messages as voucher_messages
from shared.answers import Answer
from shared.errors import Message
from shared.messaging.decision import Decision, States

P = TypeVar(
    "P",
    Fund,
    Mandate,
    Transfer,
    Reversal,
    SecondPayment,
    PaymentOrder,
    BankAnswer,
    LineRelease,
    MonthClose,
    MonthReopening,
    FundFee,
    GiftRefund,
)

# By type: the name of its id in a command; what is said of one that is not there, or is decided.
WORDS: dict[type[Proposal], tuple[str, Message, Message]] = {
    Fund: ("fund_id", messages.FUND_UNKNOWN, messages.FUND_NOT_PROPOSED),
    Mandate: ("mandate_id", messages.MANDATE_UNKNOWN, messages.MANDATE_NOT_PROPOSED),
    Transfer: ("transfer_id", messages.TRANSFER_UNKNOWN, messages.TRANSFER_NOT_PROPOSED),
    Reversal: ("reversal_id", messages.REVERSAL_UNKNOWN, messages.REVERSAL_NOT_PROPOSED),
    PaymentOrder: ("order_id", messages.ORDER_UNKNOWN, messages.ORDER_NOT_PROPOSED),
    BankAnswer: (
        "question_id",
        messages.BANK_ANSWER_UNKNOWN,
        messages.BANK_ANSWER_NOT_PROPOSED,
    ),
    LineRelease: ("release_id", messages.RELEASE_UNKNOWN, messages.RELEASE_NOT_PROPOSED),
    MonthClose: (
        "close_id",
        month_messages.MONTH_CLOSE_UNKNOWN,
        month_messages.MONTH_CLOSE_NOT_PROPOSED,
    ),
    MonthReopening: (
        "reopening_id",
        month_messages.MONTH_REOPENING_UNKNOWN,
        month_messages.MONTH_REOPENING_NOT_PROPOSED,
    ),
    FundFee: ("fee_id", voucher_messages.FEE_UNKNOWN, voucher_messages.FEE_NOT_PROPOSED),
    GiftRefund: (
        "refund_id",
        voucher_messages.REFUND_UNKNOWN,
        voucher_messages.REFUND_NOT_PROPOSED,
    ),
    SecondPayment: (
        "request_id",
        messages.SECOND_PAYMENT_UNKNOWN,
        messages.SECOND_PAYMENT_NOT_PROPOSED,
    ),
}


def find_open(
    states: States, kind: type[P], id_: str, principal: str, digest: str = ""
) -> P | Answer:
    """The proposal, or why this person cannot approve or decline it. digest: see `Approval`."""
    field, unknown, not_proposed = WORDS[kind]
    proposal = states.get(kind, id_)
    if proposal is None:
        return unknown.refusal(404, field, id=id_)
    if proposal.state != "proposed":
        return not_proposed.refusal(409, state=proposal.state)
    if proposal.maker == principal:
        return messages.SECOND_PERSON_NEEDED.refusal(409)
    if digest not in ("", proposal.digest):
        return messages.PROPOSAL_CHANGED.refusal(409)
    return proposal


def decline(states: States, kind: type[P], id_: str, principal: str) -> Decision:
    """It stays as it is but for being declined."""
    proposal = find_open(states, kind, id_, principal)
    if isinstance(proposal, Answer):
        return Decision(answer=proposal)
    declined = proposal.resolve("declined", principal)
    return Decision((declined,), answer=Answer(200, declined.to_json()))
