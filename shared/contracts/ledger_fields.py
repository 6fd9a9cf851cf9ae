"""The parts that entries of the ledger are made of: values, legs, references and common fields."""

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, Strict, with_config
from typing_extensions import TypedDict

INTEGER_MAX = 2**53 - 1
"""Larger integers do not survive JSON readers that use doubles."""
ENTRY_BYTES_MAX = 65_535
"""A bundle gives each entry's length in two bytes."""

CLOSED = ConfigDict(extra="forbid", strict=True)

Timestamp = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"),
]
Index = Annotated[int, Strict(), Field(ge=0, le=INTEGER_MAX)]
AmountFen = Annotated[int, Strict(), Field(gt=0, le=INTEGER_MAX)]
Id = Annotated[str, Field(min_length=1, max_length=256)]
FundId = Annotated[str, Field(pattern=r"^[^\s:;]{1,128}$")]
Account = Annotated[
    str, Field(pattern=r"^(Assets|Liabilities|Income|Expenses|Equity)(:[^\s:;]{1,64}){1,8}$")
]
Side = Literal["debit", "credit"]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Town = Annotated[str, Field(pattern=r"^[0-9]{9}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Permille = Annotated[int, Strict(), Field(ge=0, le=1000)]


@with_config(CLOSED)
class Leg(TypedDict):
    """One line of a double entry."""

    account: Account
    amount_fen: AmountFen
    fund: FundId
    side: Side


@with_config(CLOSED)
class GoodsLeg(TypedDict):
    """One line of an entry about things: so many `unit` of `item`."""

    account: Account
    fund: FundId
    item: Id
    quantity: AmountFen
    side: Side
    unit: Id


@with_config(CLOSED)
class Terms(TypedDict):
    """What a fund is for; an empty list allows anything. Fees: of what was received this year."""

    beneficiary_classes: list[Code]
    categories: list[Code]
    fee_permille_max: Permille
    purpose: Annotated[str, Field(max_length=1000)]
    towns: list[Town]


@with_config(CLOSED)
class Purpose(TypedDict):
    """What money is spent on, as far as the request says."""

    beneficiary_class: NotRequired[Code]
    category: NotRequired[Code]
    town: NotRequired[Town]


@with_config(CLOSED)
class PreviousLog(TypedDict):
    """The frozen log something is carried forward from. root: in base64, as its last checkpoint."""

    log: Id
    root: Annotated[str, Field(min_length=44, max_length=44)]
    size: Index


@with_config(CLOSED)
class EntryRef(TypedDict):
    """An entry, in this log or in an earlier year's."""

    index: Index
    log: Id


@with_config(CLOSED)
class Position(TypedDict):
    """Where the fact stood on the broker; each occurs once in a log."""

    cluster: Id
    offset: Index
    partition: Index
    topic: Id


@with_config(CLOSED)
class Event(TypedDict):
    """The fact an entry records."""

    id: Id
    position: NotRequired[Position]
    source: Id


@with_config(CLOSED)
class Refused(TypedDict):
    """What was asked and why the ledger did not do it. fund: as asked: there may be no such."""

    amount_fen: NotRequired[AmountFen]
    code: Code
    fund: NotRequired[Id]
    item: NotRequired[Id]
    kind: Code
    quantity: NotRequired[AmountFen]
    unit: NotRequired[Id]


@with_config(CLOSED)
class Authorisation(TypedDict):
    """Two staff ids and the document that allows it. attachment: a file's SHA-256. voucher: 凭证"""

    attachment: NotRequired[Digest]
    checker: Id
    maker: Id
    reference: Id
    voucher: NotRequired[Id]


@with_config(CLOSED)
class Recorded(TypedDict):
    """The fields of every entry. subject: the fund, donation, match or transfer it is about."""

    currency: Literal["CNY"]
    effective_at: Timestamp
    event: Event
    index: Index
    log: Id
    recorded_at: Timestamp
    schema: Literal["guanjia.ledger.entry.v1"]
    subject: Id


class Moving(Recorded):
    legs: list[Leg]


class MovingGoods(Recorded):
    legs: list[GoodsLeg]
