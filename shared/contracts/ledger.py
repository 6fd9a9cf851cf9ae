"""The ledger entry, version 1: what one leaf of the public log says.

An entry is a JSON object in canonical form (see `services.audit.ledger.canonical`). Every kind has
the fields of `Recorded`; what else it has, its own class says; nothing more is allowed. Fields:

- `index` is the leaf's number in the log `log` (the log's origin); `recorded_at` never decreases.
- `event` names the fact this entry records; (`source`, `id`) occurs once in a log. A fact that
  needs two entries (a fund opened by its first gift) gives them two ids.
- `legs` is the double entry. Amounts are positive; the side gives the direction. Debits equal
  credits within each fund. Refusals and openings have no legs. Goods have legs of their own kind,
  so many units of one item, and never share an entry with money.
- `terms` is what a fund's money may be spent on (empty lists mean anything); the `purpose` of a
  commitment says what it is spent on, in the same codes.
- A commitment reserves money for a match: debit Equity:Commitments-Reserve, credit
  Equity:Commitments. A disbursement pays it and takes the same amount off the reservation; a
  release gives back what will not be spent. Both name the commitment by its index.
- An obligation says that a part of a commitment is due (应付): it is spent, and owed until the bank
  has paid. It takes the amount off the reservation. A payment is the bank's line, with its
  reference, and names the obligation; what comes back from the bank (退汇) is owed again.
- A reversal names one earlier entry of the same log and has its legs with the sides exchanged.
- A log holds one ledger year. What is left at its end is brought forward into the next year's log
  by `*_carried` entries, which name the frozen log they come from: a fund before anything else is
  entered for it, a commitment before it is settled, goods before they move.
- No field holds personal data: `subject` and ids are opaque.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config

from shared.contracts.ledger_fields import (
    CLOSED,
    Account,
    AmountFen,
    Authorisation,
    EntryRef,
    FundId,
    GoodsLeg,
    Id,
    Index,
    Leg,
    Moving,
    MovingGoods,
    PreviousLog,
    Purpose,
    Recorded,
    Refused,
    Terms,
)
from shared.documents import Document

SCHEMA = "guanjia.ledger.entry.v1"


@with_config(CLOSED)
class FundOpened(Moving):
    """accounts: which it may use from now on. restricted: to a purpose; it is never below zero.
    maker, checker: the staff ids of who proposed and who approved it; earlier
    releases named nobody."""

    kind: Literal["fund_opened"]
    accounts: Annotated[list[Account], Field(min_length=1)]
    checker: NotRequired[Id]
    fund: FundId
    maker: NotRequired[Id]
    name: Id
    restricted: bool
    terms: Terms


@with_config(CLOSED)
class FundCarried(Moving):
    """The fund goes on from an earlier year: its bank balance against net assets, and what of it
    is still promised. No legs where nothing is left. overdrawn_fen: what it has not got of what it
    promised and owes, since banks took gifts back."""

    kind: Literal["fund_carried"]
    accounts: Annotated[list[Account], Field(min_length=1)]
    fund: FundId
    name: Id
    overdrawn_fen: NotRequired[AmountFen]
    previous: PreviousLog
    restricted: bool
    terms: Terms


@with_config(CLOSED)
class OpeningBalance(Moving):
    """What a fund had when the program that kept the books before ended: the first that moves."""

    kind: Literal["opening_balance"]
    authorisation: Authorisation
    fund: FundId


@with_config(CLOSED)
class CommitmentCarried(Moving):
    """A promise of an earlier year, of `amount_fen` still outstanding; a settlement names this
    entry. No legs: the fund carried them."""

    kind: Literal["commitment_carried"]
    amount_fen: AmountFen
    fund: FundId
    previous: EntryRef
    purpose: NotRequired[Purpose]


@with_config(CLOSED)
class GoodsCarried(MovingGoods):
    """What of one item lay in stock at the year's end."""

    kind: Literal["goods_carried"]
    fund: FundId
    previous: PreviousLog


@with_config(CLOSED)
class GoodsReceived(MovingGoods):
    kind: Literal["goods_received"]
    fund: FundId


@with_config(CLOSED)
class GoodsDistributed(MovingGoods):
    kind: Literal["goods_distributed"]
    fund: FundId
    purpose: NotRequired[Purpose]


@with_config(CLOSED)
class GoodsWrittenOff(MovingGoods):
    """What a count did not find, or what is of no use any more."""

    kind: Literal["goods_written_off"]
    authorisation: Authorisation
    fund: FundId


@with_config(CLOSED)
class DonationReceived(Moving):
    kind: Literal["donation_received"]
    fund: FundId


@with_config(CLOSED)
class Commitment(Moving):
    kind: Literal["commitment"]
    fund: FundId
    purpose: NotRequired[Purpose]


@with_config(CLOSED)
class Disbursement(Moving):
    kind: Literal["disbursement"]
    commitment: Index
    fund: FundId


@with_config(CLOSED)
class AccountsOpened(Moving):
    """More accounts that a fund may use, which was opened before there were such."""

    kind: Literal["accounts_opened"]
    accounts: Annotated[list[Account], Field(min_length=1)]
    fund: FundId


@with_config(CLOSED)
class Obligation(Moving):
    """The person has confirmed: so much of the commitment is due, and owed until it is paid."""

    kind: Literal["obligation"]
    commitment: Index
    fund: FundId


@with_config(CLOSED)
class Payment(Moving):
    """A bank has paid what was owed. reference: the bank's, of its line."""

    kind: Literal["payment"]
    fund: FundId
    obligation: EntryRef
    reference: Id


@with_config(CLOSED)
class PaymentReturned(Moving):
    """What a bank had paid came back: it is owed again."""

    kind: Literal["payment_returned"]
    fund: FundId
    obligation: EntryRef
    reference: Id


@with_config(CLOSED)
class Release(Moving):
    kind: Literal["release"]
    commitment: Index
    fund: FundId


@with_config(CLOSED)
class Transfer(Moving):
    kind: Literal["transfer"]
    authorisation: Authorisation


@with_config(CLOSED)
class ManagementFee(Moving):
    """What the foundation keeps for its work, within the fund's `fee_permille_max`."""

    kind: Literal["management_fee"]
    authorisation: NotRequired[Authorisation]
    fund: FundId


@with_config(CLOSED)
class BankInterest(Moving):
    """What a bank pays on an account (结息): income of a fund, and nobody's gift."""

    kind: Literal["bank_interest"]
    authorisation: NotRequired[Authorisation]
    fund: FundId


@with_config(CLOSED)
class BankCharge(Moving):
    """What a bank takes for itself: for a payment, for the account."""

    kind: Literal["bank_charge"]
    authorisation: NotRequired[Authorisation]
    fund: FundId


@with_config(CLOSED)
class Refund(Moving):
    """A gift, or a part of it, given back to its giver. forced_by: the bank took it back, whatever
    the fund had left: it has less than nothing then."""

    kind: Literal["refund"]
    authorisation: NotRequired[Authorisation]
    forced_by: NotRequired[Literal["bank"]]
    fund: FundId
    gift: EntryRef


@with_config(CLOSED)
class Reversal(Recorded):
    kind: Literal["reversal"]
    authorisation: Authorisation
    legs: list[Leg] | list[GoodsLeg]
    reverses: Index


@with_config(CLOSED)
class Refusal(Moving):
    kind: Literal["refusal"]
    refused: Refused


LedgerEntry = (
    FundOpened
    | OpeningBalance
    | FundCarried
    | CommitmentCarried
    | GoodsCarried
    | DonationReceived
    | GoodsReceived
    | Commitment
    | Disbursement
    | AccountsOpened
    | Obligation
    | Payment
    | PaymentReturned
    | Release
    | GoodsDistributed
    | GoodsWrittenOff
    | Transfer
    | ManagementFee
    | BankInterest
    | BankCharge
    | Refund
    | Reversal
    | Refusal
)

Kind = Literal[
    "fund_opened", "opening_balance", "fund_carried", "commitment_carried", "goods_carried",
    "donation_received", "goods_received", "commitment", "disbursement", "accounts_opened",
    "obligation", "payment", "payment_returned", "release", "goods_distributed",
    "goods_written_off", "transfer", "management_fee", "bank_interest", "bank_charge", "refund",
    "reversal", "refusal",
]  # fmt: skip

entry_adapter: TypeAdapter[LedgerEntry] = TypeAdapter(
    Annotated[LedgerEntry, Field(discriminator="kind")],
    config=ConfigDict(hide_input_in_errors=True),
)


def build_entry_schema() -> Document:
    """The JSON Schema of an entry, for those who read the log with their own tools."""
    return entry_adapter.json_schema()
