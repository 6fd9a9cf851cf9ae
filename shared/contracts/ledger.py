"""The ledger entry, version 1: what one leaf of the public log says.

An entry is a JSON object in canonical form (see `services.audit.verify.canonical`). Every kind has
the fields of `Recorded`; what else it has, its own class says; nothing more is allowed. Fields:

- `index` is the leaf's number in the log `log` (the log's origin); `recorded_at` never decreases.
- `event` names the fact this entry records; (`source`, `id`) occurs once in a log. A fact that
  needs two entries (a fund opened by its first gift) gives them two ids.
- `legs` is the double entry. Amounts are positive; the side gives the direction. Debits equal
  credits within each fund. Refusals and openings have no legs.
- A commitment reserves money for a match: debit Equity:Commitments-Reserve, credit
  Equity:Commitments. A disbursement pays it and takes the same amount off the reservation; a
  release gives back what will not be spent. Both name the commitment by its index.
- A reversal names one earlier entry and has its legs with the sides exchanged.

No field holds personal data: `subject` and ids are opaque.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

SCHEMA = "guanjia.ledger.entry.v1"
INTEGER_MAX = 2**53 - 1
"""Larger integers do not survive JSON readers that use doubles."""
ENTRY_BYTES_MAX = 65_535
"""A bundle gives each entry's length in two bytes."""

_CLOSED = ConfigDict(extra="forbid", strict=True)

Timestamp = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"),
]
Index = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
AmountFen = Annotated[int, Field(gt=0, le=INTEGER_MAX)]
Id = Annotated[str, Field(min_length=1, max_length=256)]
FundId = Annotated[str, Field(pattern=r"^[^\s:;]{1,128}$")]
Account = Annotated[
    str, Field(pattern=r"^(Assets|Liabilities|Income|Expenses|Equity)(:[^\s:;]{1,64}){1,8}$")
]
Side = Literal["debit", "credit"]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


@with_config(_CLOSED)
class Leg(TypedDict):
    """One line of a double entry."""

    account: Account
    amount_fen: AmountFen
    fund: FundId
    side: Side


@with_config(_CLOSED)
class Position(TypedDict):
    """Where the fact stood on the broker; each occurs once in a log."""

    cluster: Id
    offset: Index
    partition: Index
    topic: Id


@with_config(_CLOSED)
class Event(TypedDict):
    """The fact an entry records."""

    id: Id
    position: NotRequired[Position]
    source: Id


@with_config(_CLOSED)
class Refused(TypedDict):
    """What was asked and why the ledger did not do it."""

    amount_fen: NotRequired[AmountFen]
    code: Code
    fund: NotRequired[Id]
    """As it was asked for: there may be no such fund."""
    kind: Code


@with_config(_CLOSED)
class Authorisation(TypedDict):
    """Who asked and who agreed (two staff ids), and the document that allows it."""

    checker: Id
    maker: Id
    reference: Id


@with_config(_CLOSED)
class Recorded(TypedDict):
    """The fields of every entry."""

    currency: Literal["CNY"]
    effective_at: Timestamp
    event: Event
    index: Index
    legs: list[Leg]
    log: Id
    recorded_at: Timestamp
    schema: Literal["guanjia.ledger.entry.v1"]
    subject: Id
    """The fund, donation, match or transfer the entry is about."""


@with_config(_CLOSED)
class FundOpened(Recorded):
    kind: Literal["fund_opened"]
    accounts: Annotated[list[Account], Field(min_length=1)]
    """The accounts this fund may use from now on."""
    fund: FundId
    name: Id
    restricted: bool
    """Restricted money has a purpose, and the fund may never fall below zero."""


@with_config(_CLOSED)
class DonationReceived(Recorded):
    kind: Literal["donation_received"]
    fund: FundId


@with_config(_CLOSED)
class Commitment(Recorded):
    kind: Literal["commitment"]
    fund: FundId


@with_config(_CLOSED)
class Disbursement(Recorded):
    kind: Literal["disbursement"]
    commitment: Index
    fund: FundId


@with_config(_CLOSED)
class Release(Recorded):
    kind: Literal["release"]
    commitment: Index
    fund: FundId


@with_config(_CLOSED)
class Transfer(Recorded):
    kind: Literal["transfer"]
    authorisation: Authorisation


@with_config(_CLOSED)
class Reversal(Recorded):
    kind: Literal["reversal"]
    authorisation: Authorisation
    reverses: Index


@with_config(_CLOSED)
class Refusal(Recorded):
    kind: Literal["refusal"]
    refused: Refused


LedgerEntry = (
    FundOpened
    | DonationReceived
    | Commitment
    | Disbursement
    | Release
    | Transfer
    | Reversal
    | Refusal
)

Kind = Literal[
    "fund_opened",
    "donation_received",
    "commitment",
    "disbursement",
    "release",
    "transfer",
    "reversal",
    "refusal",
]

entry_adapter: TypeAdapter[LedgerEntry] = TypeAdapter(
    Annotated[LedgerEntry, Field(discriminator="kind")],
    config=ConfigDict(hide_input_in_errors=True),
)


def entry_schema() -> dict[str, Any]:
    """The JSON Schema of an entry, for those who read the log with their own tools."""
    return entry_adapter.json_schema()
