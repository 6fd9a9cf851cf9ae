"""What the books hold: counters by account, fund, commitment and item. Amounts are fen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from shared.contracts.ledger_fields import GoodsLeg, Leg, PreviousLog, Terms

AnyLeg = Leg | GoodsLeg


class FundArithmetic:
    """What follows from a fund's counters: in the books of a log, and in the service that writes
    it (`model.Fund`). Whoever inherits it has the counters as fields."""

    __slots__ = ()

    if TYPE_CHECKING:
        brought_forward_fen: int
        received_fen: int
        transferred_fen: int
        fees_fen: int
        interest_fen: int
        charges_fen: int
        refunded_fen: int
        committed_fen: int
        disbursed_fen: int
        released_fen: int
        obligated_fen: int
        paid_fen: int
        returned_fen: int
        payable_forward_fen: int

    @property
    def outstanding_fen(self) -> int:
        """Promised, and not yet due or paid."""
        settled = self.disbursed_fen + self.obligated_fen + self.released_fen
        return self.committed_fen - settled

    @property
    def payable_fen(self) -> int:
        """Due, and not yet paid by a bank."""
        return self.payable_forward_fen + self.obligated_fen - self.paid_fen + self.returned_fen

    @property
    def spent_fen(self) -> int:
        """What left the bank for help this year."""
        return self.disbursed_fen + self.paid_fen - self.returned_fen

    @property
    def remaining_fen(self) -> int:
        """What can still be promised."""
        income = self.brought_forward_fen + self.received_fen + self.transferred_fen
        costs = self.fees_fen + self.charges_fen + self.refunded_fen
        return income + self.interest_fen - costs - self.committed_fen + self.released_fen

    @property
    def balance_fen(self) -> int:
        """What lies at the bank."""
        return self.remaining_fen + self.outstanding_fen + self.payable_fen


class CommitmentArithmetic:
    """Of a commitment (`model.Commitment`):
    reserved = disbursed + obligated + released + outstanding."""

    __slots__ = ()

    if TYPE_CHECKING:
        reserved_fen: int
        disbursed_fen: int
        released_fen: int
        obligated_fen: int

    @property
    def outstanding_fen(self) -> int:
        settled = self.disbursed_fen + self.obligated_fen + self.released_fen
        return self.reserved_fen - settled


class PayableArithmetic:
    """Of what is due for one match (`model.Payable`): obligated = paid - returned + owed."""

    __slots__ = ()

    if TYPE_CHECKING:
        obligated_fen: int
        paid_fen: int
        returned_fen: int

    @property
    def owed_fen(self) -> int:
        return self.obligated_fen - self.paid_fen + self.returned_fen


class GoodsArithmetic:
    """Of one item of a fund, in its unit (`model.Stock`)."""

    __slots__ = ()

    if TYPE_CHECKING:
        brought_forward: int
        received: int
        distributed: int
        written_off: int

    @property
    def in_stock(self) -> int:
        return self.brought_forward + self.received - self.distributed - self.written_off


@dataclass(slots=True)
class FundBook(FundArithmetic):
    """A fund's totals of this log's year. Reversals count against what they reverse."""

    name: str
    restricted: bool
    accounts: dict[str, str]
    """The accounts opened for it, each with its class."""
    terms: Terms
    carried: bool = False
    brought_forward_fen: int = 0
    received_fen: int = 0
    transferred_fen: int = 0
    """What came from other funds less what went to them."""
    fees_fen: int = 0
    interest_fen: int = 0
    charges_fen: int = 0
    """What banks paid on its money, and took for themselves."""
    refunded_fen: int = 0
    committed_fen: int = 0
    disbursed_fen: int = 0
    released_fen: int = 0
    obligated_fen: int = 0
    paid_fen: int = 0
    returned_fen: int = 0
    payable_forward_fen: int = 0
    """What was due at the end of the year before, and not yet paid."""
    promised_forward_fen: int = 0
    """Of what was brought forward, so much was promised in an earlier year."""
    overdrawn_fen: int = 0
    """So far below zero banks took it by taking gifts back; less, as money comes in."""
    uncarried_fen: int = 0
    """Of that, what no commitment_carried has named yet."""
    usual: dict[object, "UsualLegs"] = field(default_factory=dict, repr=False, compare=False)
    """By kind (of goods: and by item and unit): the legs its last entry had, checked once."""


@dataclass(slots=True)
class CommitmentBook(CommitmentArithmetic):
    """What became of one commitment."""

    subject: str
    fund: str
    reserved_fen: int = 0
    disbursed_fen: int = 0
    released_fen: int = 0
    obligated_fen: int = 0


@dataclass(slots=True)
class PayableBook(PayableArithmetic):
    """What became of one obligation. Of one on an earlier year's log, obligated_fen is 0 here."""

    subject: str
    fund: str
    obligated_fen: int = 0
    paid_fen: int = 0
    returned_fen: int = 0


@dataclass(slots=True)
class GoodsBook(GoodsArithmetic):
    """What became of one item of a fund, in its unit."""

    brought_forward: int = 0
    received: int = 0
    distributed: int = 0
    written_off: int = 0


@dataclass(slots=True)
class AccountBook:
    """An account's two counters within a fund: in fen, or in the unit of an item."""

    debit: int = 0
    credit: int = 0


class UsualLegs:
    """Legs that are right for their kind, of one amount in one fund, and where they are posted."""

    __slots__ = ("_credited", "_debited", "_legs", "_measure")

    def __init__(self, legs: Sequence[AnyLeg], books: Sequence[AccountBook]) -> None:
        self._measure = "quantity" if "item" in legs[0] else "amount_fen"
        self._legs: list[dict[str, object]] = [{**leg} for leg in legs]
        """Once more, to be given an entry's amount and compared with its legs."""
        pairs = list(zip(legs, books, strict=True))
        self._debited = [book for leg, book in pairs if leg["side"] == "debit"]
        self._credited = [book for leg, book in pairs if leg["side"] == "credit"]

    def match(self, legs: Sequence[AnyLeg]) -> int:
        """The amount of legs that are these but for it; 0 where they are not."""
        measure = self._measure
        amount = cast(Mapping[str, int], legs[0])[measure] if legs else 0
        for leg in self._legs:
            leg[measure] = amount
        return amount if legs == self._legs else 0

    def post(self, amount: int) -> None:
        for book in self._debited:
            book.debit += amount
        for book in self._credited:
            book.credit += amount


@dataclass(slots=True)
class Balances:
    """Everything the log says about money and goods, as of the last entry applied."""

    accounts: dict[tuple[str, str], AccountBook] = field(default_factory=dict)
    """By fund and account."""
    funds: dict[str, FundBook] = field(default_factory=dict)
    commitments: dict[int, CommitmentBook] = field(default_factory=dict)
    """By the index of the commitment's entry, in this log."""
    payables: dict[tuple[str, int], PayableBook] = field(default_factory=dict)
    """By the log and the index of the obligation's entry."""
    goods: dict[tuple[str, str, str], GoodsBook] = field(default_factory=dict)
    """By fund, item and unit."""
    goods_accounts: dict[tuple[str, str, str, str], AccountBook] = field(default_factory=dict)
    """By fund, account, item and unit."""
    reversed_entries: set[int] = field(default_factory=set)
    refunds: dict[int, int] = field(default_factory=dict)
    """What was given back of a gift, by the index of its entry in this log."""
    opened_accounts: set[str] = field(default_factory=set)
    """The accounts that some fund of this log opened."""
    earlier_refunds: dict[tuple[str, int, str], int] = field(default_factory=dict)
    """What was given back of an earlier year's gift, by its log, its entry there, and the fund."""
    previous: PreviousLog | None = None
    """The frozen log that everything carried comes from."""
    carried_commitments: dict[int, int] = field(default_factory=dict)
    """Entries of the previous log that were carried, with the entry here that did."""


COUNTERS = (
    "brought_forward_fen",
    "received_fen",
    "transferred_fen",
    "fees_fen",
    "interest_fen",
    "charges_fen",
    "refunded_fen",
    "committed_fen",
    "disbursed_fen",
    "released_fen",
    "obligated_fen",
    "paid_fen",
    "returned_fen",
    "payable_forward_fen",
)
"""What a fund's entries of a year add up."""

TOTALS = (*COUNTERS, "outstanding_fen", "remaining_fen", "payable_fen", "spent_fen")


def list_totals(book: FundBook) -> dict[str, int]:
    """A fund's totals in fen, by name."""
    return {name: getattr(book, name) for name in TOTALS}


def take_snapshot(books: Balances) -> dict[str, object]:
    return {
        "accounts": [
            {
                "fund": fund,
                "account": account,
                "debit_fen": book.debit,
                "credit_fen": book.credit,
            }
            for (fund, account), book in sorted(books.accounts.items())
        ],
        "commitments": [
            {
                "entry": index,
                "subject": book.subject,
                "fund": book.fund,
                "reserved_fen": book.reserved_fen,
                "disbursed_fen": book.disbursed_fen,
                "released_fen": book.released_fen,
                "obligated_fen": book.obligated_fen,
                "outstanding_fen": book.outstanding_fen,
            }
            for index, book in sorted(books.commitments.items())
        ],
        "payables": [
            {
                "log": log,
                "entry": index,
                "subject": payable.subject,
                "fund": payable.fund,
                "obligated_fen": payable.obligated_fen,
                "paid_fen": payable.paid_fen,
                "returned_fen": payable.returned_fen,
            }
            for (log, index), payable in sorted(books.payables.items())
        ],
        "funds": [
            {"fund": fund, **list_totals(book)} for fund, book in sorted(books.funds.items())
        ],
        "goods": [
            {
                "fund": fund,
                "item": item,
                "unit": unit,
                "brought_forward": book.brought_forward,
                "received": book.received,
                "distributed": book.distributed,
                "written_off": book.written_off,
                "in_stock": book.in_stock,
            }
            for (fund, item, unit), book in sorted(books.goods.items())
        ],
    }
