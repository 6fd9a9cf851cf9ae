"""What audit says: every entry on the log, told."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import (
    Identifier,
    PositiveFen,
    Quantity,
    Whole,
)


class LedgerFact(Fact):
    """An entry on the log; every entry is told. Subject: the match, donation or fund concerned.

    entry: the leaf's exact canonical JSON; index: its place in the log, from 0.
    """

    TOPIC: ClassVar[str] = topics.LEDGER
    log: str
    index: Annotated[Whole, Field(ge=0)]
    fund_id: Identifier
    entry: str


class LedgerFundOpened(LedgerFact):
    TYPE: ClassVar[str] = "guanjia.ledger.fund_opened.v1"


class LedgerAmountFact(LedgerFact):
    """amount_fen: what was moved, or was asked for and refused."""

    amount_fen: PositiveFen
    donor_id: Identifier | None = None


class LedgerReceived(LedgerAmountFact):
    TYPE: ClassVar[str] = "guanjia.ledger.received.v1"


class LedgerBalanceOpened(LedgerAmountFact):
    """What a fund had when the program that kept the books before ended. Subject: the fund."""

    TYPE: ClassVar[str] = "guanjia.ledger.balance_opened.v1"


class LedgerCommitted(LedgerAmountFact):
    TYPE: ClassVar[str] = "guanjia.ledger.committed.v1"


class LedgerTransferred(LedgerAmountFact):
    """fund_id gives, to_fund_id takes. Subject: the transfer."""

    TYPE: ClassVar[str] = "guanjia.ledger.transferred.v1"
    to_fund_id: Identifier


class LedgerFeeCharged(LedgerAmountFact):
    TYPE: ClassVar[str] = "guanjia.ledger.fee_charged.v1"


class LedgerInterestReceived(LedgerAmountFact):
    """A bank paid interest. Subject: the fund."""

    TYPE: ClassVar[str] = "guanjia.ledger.interest_received.v1"


class LedgerBankCharged(LedgerAmountFact):
    """A bank took a charge for itself. Subject: the fund."""

    TYPE: ClassVar[str] = "guanjia.ledger.bank_charged.v1"


class LedgerRefunded(LedgerAmountFact):
    """overdrawn_fen: so far below nothing the fund is after it, since a bank took the gift back."""

    TYPE: ClassVar[str] = "guanjia.ledger.refunded.v1"
    donation_id: Identifier
    overdrawn_fen: Annotated[Whole, Field(ge=0)] = 0


class LedgerReversed(LedgerFact):
    """reverses: the index, in the same log, of the entry that is undone.

    match_id, amount_fen: where that was a payment or what was due, whose and how much.
    """

    TYPE: ClassVar[str] = "guanjia.ledger.reversed.v1"
    reverses: Annotated[Whole, Field(ge=0)]
    match_id: Identifier | None = None
    amount_fen: PositiveFen | None = None


class LedgerCarried(LedgerFact):
    """A fund, a commitment or goods in stock go on in the next ledger year."""

    TYPE: ClassVar[str] = "guanjia.ledger.carried.v1"


class LedgerGoodsFact(LedgerFact):
    """quantity: of `unit` of `item`: what was moved, or was asked for and refused."""

    item: str
    unit: str
    quantity: Quantity
    donor_id: Identifier | None = None


class LedgerGoodsReceived(LedgerGoodsFact):
    TYPE: ClassVar[str] = "guanjia.ledger.goods_received.v1"


class LedgerGoodsDistributed(LedgerGoodsFact):
    TYPE: ClassVar[str] = "guanjia.ledger.goods_distributed.v1"


class LedgerGoodsWrittenOff(LedgerGoodsFact):
    """What a count did not find, or what is of no use any more. Subject: the count."""

    TYPE: ClassVar[str] = "guanjia.ledger.goods_written_off.v1"


RefusedReason = Literal[
    "insufficient_funds",
    "unknown_fund",
    "outside_terms",
    "id_reused",
    "not_committed",
    "exceeds_commitment",
    "exceeds_gift",
    "exceeds_fee_limit",
    "unknown_donation",
    "insufficient_goods",
    "already_paid",
    "exceeds_request",
]


MandateObstacle = Literal[
    "missing",
    "unknown",
    "ended",
    "other_fund",
    "other_donor",
    "other_source",
    "outside_terms",
    "exceeded",
    "gifts_used",
]
"""Why a mandate does not carry a commitment."""


class LedgerGoodsRefused(LedgerGoodsFact):
    TYPE: ClassVar[str] = "guanjia.ledger.goods_refused.v1"
    reason: RefusedReason
    available: Annotated[Whole, Field(ge=0)]


class LedgerRefused(LedgerAmountFact):
    """reason: a commitment is refused as insufficient_funds, unknown_fund, outside_terms, or
    already_paid where its request was paid before; a gift as unknown_fund, or id_reused by other
    content; a payment as not_committed, exceeds_commitment or exceeds_request; a refund as
    unknown_donation, exceeds_gift or insufficient_funds; a fee as unknown_fund, exceeds_fee_limit
    or insufficient_funds. mandate: where a commitment is refused for want of a mandate (the log
    says outside_terms), what is wrong with it."""

    TYPE: ClassVar[str] = "guanjia.ledger.refused.v1"
    reason: RefusedReason
    available_fen: Annotated[Whole, Field(ge=0)]
    mandate: MandateObstacle | None = None


class LedgerDisbursed(LedgerAmountFact):
    """Money left the bank for a match. was_due: a bank's line says that it paid what was due;
    else it is an instalment before the help was confirmed, or an entry from before there were
    payables. person_id: of earlier releases; `MatchPaid` names the person."""

    TYPE: ClassVar[str] = "guanjia.ledger.disbursed.v1"
    was_due: bool = False
    person_id: Identifier | None = None


class LedgerObligated(LedgerAmountFact):
    """The help was confirmed: so much is due (应付) to who gave it, and no bank has paid it yet."""

    TYPE: ClassVar[str] = "guanjia.ledger.obligated.v1"


class LedgerPaymentReturned(LedgerAmountFact):
    """What a bank had paid came back: it is due again."""

    TYPE: ClassVar[str] = "guanjia.ledger.payment_returned.v1"


class LedgerAccountsOpened(LedgerFact):
    """A fund that was opened before there were payables has an account for them."""

    TYPE: ClassVar[str] = "guanjia.ledger.accounts_opened.v1"


class LedgerReleased(LedgerAmountFact):
    TYPE: ClassVar[str] = "guanjia.ledger.released.v1"


class PaymentApproved(Fact):
    """Two people agreed to pay what is due for a match; the bank has not paid yet. Subject: the
    match. person_id: of earlier releases; nobody reads it."""

    TYPE: ClassVar[str] = "guanjia.payment.approved.v1"
    TOPIC: ClassVar[str] = topics.LEDGER
    fund_id: Identifier
    amount_fen: PositiveFen
    donor_id: Identifier | None = None
    person_id: Identifier | None = None


class PaymentUnsettled(Fact):
    """Money was paid for a match that fell afterwards: finance reverses it, or two people say that
    the request may be paid again. No entry: the ledger has the payment. Subject: the request."""

    TYPE: ClassVar[str] = "guanjia.payment.unsettled.v1"
    TOPIC: ClassVar[str] = topics.LEDGER
    match_id: Identifier
    fund_id: Identifier
    amount_fen: PositiveFen


class PaymentSettled(Fact):
    """The request may be paid again. Subject: the request.

    match_ids: those that were paid for nothing, and those that were refused because of it.
    maker, checker, reason: of the two people who said so; none where the payments were reversed.
    """

    TYPE: ClassVar[str] = "guanjia.payment.settled.v1"
    TOPIC: ClassVar[str] = topics.LEDGER
    match_ids: tuple[Identifier, ...]
    maker: str = ""
    checker: str = ""
    reason: str = ""


FACTS: tuple[type[Fact], ...] = (
    LedgerFundOpened,
    LedgerReceived,
    LedgerCommitted,
    LedgerRefused,
    LedgerDisbursed,
    LedgerObligated,
    LedgerPaymentReturned,
    LedgerAccountsOpened,
    LedgerReleased,
    LedgerBalanceOpened,
    LedgerTransferred,
    LedgerFeeCharged,
    LedgerInterestReceived,
    LedgerBankCharged,
    LedgerRefunded,
    LedgerReversed,
    LedgerCarried,
    LedgerGoodsReceived,
    LedgerGoodsDistributed,
    LedgerGoodsWrittenOff,
    LedgerGoodsRefused,
    PaymentApproved,
    PaymentUnsettled,
    PaymentSettled,
)
