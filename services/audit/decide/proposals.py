"""The rule of two people: who proposed something cannot also decide on it."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from services.audit import messages
from services.audit.beginning import messages as beginning_messages
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
from services.audit.model.beginning import ChartProposal, OpeningBalances
from services.audit.model.months import MonthClose, MonthReopening
from services.audit.model.proposal import Approval
from services.audit.model.statement_files import StatementFile
from services.audit.model.stock import StockCount
from services.audit.model.vouchers import BankEntry, FundFee, GiftRefund
from services.audit.months import messages as month_messages
from services.audit.statement_files import messages as file_messages
from services.audit.statements import messages as statement_messages
from services.audit.vouchers import messages as voucher_messages
from shared.answers import Answer
from shared.contracts.values import Value
from shared.errors import Message
from shared.messaging.decision import Command, Decision, States

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
    BankEntry,
    ChartProposal,
    OpeningBalances,
    StockCount,
    StatementFile,
)

V = TypeVar("V", bound=Value)
More = ParamSpec("More")


class Terms(NamedTuple):
    """id_field: the name of its id in a command. unknown, not_proposed: what is answered of one
    that is not there, or is decided."""

    id_field: str
    unknown: Message
    not_proposed: Message


TERMS: dict[type[Proposal], Terms] = {
    Fund: Terms("fund_id", messages.FUND_UNKNOWN, messages.FUND_NOT_PROPOSED),
    Mandate: Terms("mandate_id", messages.MANDATE_UNKNOWN, messages.MANDATE_NOT_PROPOSED),
    Transfer: Terms("transfer_id", messages.TRANSFER_UNKNOWN, messages.TRANSFER_NOT_PROPOSED),
    Reversal: Terms("reversal_id", messages.REVERSAL_UNKNOWN, messages.REVERSAL_NOT_PROPOSED),
    PaymentOrder: Terms("order_id", messages.ORDER_UNKNOWN, messages.ORDER_NOT_PROPOSED),
    BankAnswer: Terms(
        "question_id",
        statement_messages.BANK_ANSWER_UNKNOWN,
        statement_messages.BANK_ANSWER_NOT_PROPOSED,
    ),
    LineRelease: Terms("release_id", messages.RELEASE_UNKNOWN, messages.RELEASE_NOT_PROPOSED),
    MonthClose: Terms(
        "close_id",
        month_messages.MONTH_CLOSE_UNKNOWN,
        month_messages.MONTH_CLOSE_NOT_PROPOSED,
    ),
    MonthReopening: Terms(
        "reopening_id",
        month_messages.MONTH_REOPENING_UNKNOWN,
        month_messages.MONTH_REOPENING_NOT_PROPOSED,
    ),
    FundFee: Terms("fee_id", voucher_messages.FEE_UNKNOWN, voucher_messages.FEE_NOT_PROPOSED),
    BankEntry: Terms(
        "entry_id",
        voucher_messages.BANK_ENTRY_UNKNOWN,
        voucher_messages.BANK_ENTRY_NOT_PROPOSED,
    ),
    GiftRefund: Terms(
        "refund_id",
        voucher_messages.REFUND_UNKNOWN,
        voucher_messages.REFUND_NOT_PROPOSED,
    ),
    ChartProposal: Terms(
        "chart_id", beginning_messages.CHART_UNKNOWN, beginning_messages.CHART_NOT_PROPOSED
    ),
    OpeningBalances: Terms(
        "opening_id", beginning_messages.OPENING_UNKNOWN, beginning_messages.OPENING_NOT_PROPOSED
    ),
    StockCount: Terms(
        "count_id", voucher_messages.COUNT_UNKNOWN, voucher_messages.COUNT_NOT_PROPOSED
    ),
    StatementFile: Terms(
        "file_id",
        file_messages.STATEMENT_FILE_UNKNOWN,
        file_messages.STATEMENT_FILE_NOT_PROPOSED,
    ),
    SecondPayment: Terms(
        "request_id",
        messages.SECOND_PAYMENT_UNKNOWN,
        messages.SECOND_PAYMENT_NOT_PROPOSED,
    ),
}


def require_open(
    kind: type[P],
) -> Callable[
    [Callable[Concatenate[States, Command[V], datetime, P, More], Decision]],
    Callable[Concatenate[States, Command[V], datetime, More], Decision],
]:
    """For a decision on a proposal: it gets the proposal that its command names. Where this person
    cannot decide on it, the answer says why, and the decision is not asked."""

    def wrap(
        decide: Callable[Concatenate[States, Command[V], datetime, P, More], Decision],
    ) -> Callable[Concatenate[States, Command[V], datetime, More], Decision]:
        @wraps(decide)
        def decide_on_open(
            states: States,
            command: Command[V],
            now: datetime,
            /,
            *args: More.args,
            **kwargs: More.kwargs,
        ) -> Decision:
            proposal = _find_open(states, kind, command.data, command.principal)
            if isinstance(proposal, Answer):
                return Decision(answer=proposal)
            return decide(states, command, now, proposal, *args, **kwargs)

        return decide_on_open

    return wrap


def _find_open(states: States, kind: type[P], data: Value, principal: str) -> P | Answer:
    """The proposal, or why this person cannot approve or decline it."""
    terms = TERMS[kind]
    id_: str = getattr(data, terms.id_field)
    proposal = states.get(kind, id_)
    if proposal is None:
        return terms.unknown.refusal(404, terms.id_field, id=id_)
    if proposal.state != "proposed":
        return terms.not_proposed.refusal(409, state=proposal.state)
    if proposal.maker == principal:
        return messages.SECOND_PERSON_NEEDED.refusal(409)
    if isinstance(data, Approval) and data.digest not in ("", proposal.digest):
        return messages.PROPOSAL_CHANGED.refusal(409)
    return proposal


def decide_decline(
    kind: type[P],
    states: States,
    command: Command[Value],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """It stays as it is but for being declined."""
    proposal = _find_open(states, kind, command.data, command.principal)
    if isinstance(proposal, Answer):
        return Decision(answer=proposal)
    declined = proposal.resolve("declined", command.principal)
    return Decision((declined,), answer=Answer(200, declined.to_json()))
