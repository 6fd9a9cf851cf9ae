"""The books: entries folded into balances by account, totals by fund, and commitments by match.

Invariants 7 to 10 are checked while folding, each before anything is posted. The fold changes its
books in place, because a replay passes millions of entries through it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, assert_never

from services.audit.verify.accounts import COMMITMENTS, RESERVE, TRANSFERS, account_class
from services.audit.verify.findings import BrokenError
from shared.contracts import ledger

Shape = frozenset[tuple[str, str]]

_PAID = {("Expenses", "debit"), ("Assets", "credit")}
_RESERVED = {(RESERVE, "debit"), (COMMITMENTS, "credit")}
_UNRESERVED = {(COMMITMENTS, "debit"), (RESERVE, "credit")}
_GIVING: Shape = frozenset({(TRANSFERS, "debit"), ("Assets", "credit")})
_TAKING: Shape = frozenset({("Assets", "debit"), (TRANSFERS, "credit")})
SHAPES: dict[str, tuple[Shape, ...]] = {
    "donation_received": (frozenset({("Assets", "debit"), ("Income", "credit")}),),
    "commitment": (frozenset(_RESERVED),),
    "disbursement": (frozenset(_PAID | _UNRESERVED),),
    "release": (frozenset(_UNRESERVED),),
    "transfer": (_GIVING, _TAKING),
}
"""The (account class, side) groups an entry of a kind has in each fund, all of the same amount."""


@dataclass(slots=True)
class FundBook:
    """A fund's totals in fen. Reversals count against what they reverse."""

    name: str
    restricted: bool
    accounts: frozenset[str]
    received_fen: int = 0
    transferred_fen: int = 0
    committed_fen: int = 0
    disbursed_fen: int = 0
    released_fen: int = 0

    @property
    def outstanding_fen(self) -> int:
        """Promised and not yet paid."""
        return self.committed_fen - self.disbursed_fen - self.released_fen

    @property
    def remaining_fen(self) -> int:
        """What can still be promised."""
        return self.received_fen + self.transferred_fen - self.committed_fen + self.released_fen


@dataclass(slots=True)
class CommitmentBook:
    """What became of one commitment: reserved = disbursed + released + outstanding."""

    subject: str
    fund: str
    reserved_fen: int = 0
    disbursed_fen: int = 0
    released_fen: int = 0

    @property
    def outstanding_fen(self) -> int:
        return self.reserved_fen - self.disbursed_fen - self.released_fen


@dataclass(slots=True)
class AccountBook:
    """An account's two counters within a fund, in fen."""

    debit_fen: int = 0
    credit_fen: int = 0


Amounts = dict[str, tuple[Shape, int]]
"""By fund: the shape of the legs there, and their amount."""


@dataclass(slots=True)
class Books:
    """Everything the log says about money, as of the last entry applied."""

    accounts: dict[tuple[str, str], AccountBook] = field(default_factory=dict)
    funds: dict[str, FundBook] = field(default_factory=dict)
    commitments: dict[int, CommitmentBook] = field(default_factory=dict)
    """By the index of the commitment's entry."""
    reversed_entries: set[int] = field(default_factory=set)

    def apply(self, entry: ledger.LedgerEntry, original: ledger.LedgerEntry | None = None) -> None:
        """Post one entry; a reversal comes with the entry it names. BrokenError if not allowed."""
        match entry["kind"]:
            case "fund_opened":
                self._open(entry)
            case "refusal":
                self._without_legs(entry)
            case "reversal":
                self._reverse(entry, original)
            case "donation_received" | "commitment" | "disbursement" | "release" | "transfer":
                amounts = self._amounts(entry)
                self._count(entry, amounts, 1)
                self._post(entry["legs"])
                self._check_funds(amounts, entry)
            case _:
                assert_never(entry["kind"])

    def _open(self, entry: ledger.FundOpened) -> None:
        self._without_legs(entry)
        if entry["fund"] in self.funds:
            raise BrokenError(7, f"fund {entry['fund']} was opened before", entry["index"])
        accounts = frozenset(entry["accounts"])
        self.funds[entry["fund"]] = FundBook(entry["name"], entry["restricted"], accounts)

    @staticmethod
    def _without_legs(entry: ledger.FundOpened | ledger.Refusal) -> None:
        if entry["legs"]:
            raise BrokenError(7, f"a {entry['kind']} moves no money", entry["index"])

    def _amounts(self, entry: ledger.LedgerEntry) -> Amounts:
        """What the legs move in each fund; BrokenError unless it is what the kind allows."""
        index, kind = entry["index"], entry["kind"]
        found: dict[str, dict[tuple[str, str], int]] = {}
        for leg in entry["legs"]:
            fund = leg["fund"]
            book = self.funds.get(fund)
            if book is None or leg["account"] not in book.accounts:
                raise BrokenError(7, f"{leg['account']} of fund {fund} was not opened", index)
            sums = found.setdefault(fund, {})
            group = (account_class(leg["account"]), leg["side"])
            sums[group] = sums.get(group, 0) + leg["amount_fen"]
        amounts: Amounts = {}
        for fund, sums in found.items():
            values = set(sums.values())
            shape = frozenset(sums)
            if len(values) != 1 or shape not in SHAPES[kind]:
                raise _why_not(entry, fund)
            amounts[fund] = (shape, values.pop())
        if not amounts:
            raise BrokenError(7, f"a {kind} without legs", index)
        return amounts

    def _count(self, entry: ledger.LedgerEntry, amounts: Amounts, sign: int) -> None:
        """Add (or, reversing, take off) an entry's amounts to totals and commitments."""
        if entry["kind"] == "transfer":
            self._count_transfer(entry, amounts, sign)
            return
        fund, (_, amount) = next(iter(amounts.items()))
        if len(amounts) != 1 or entry.get("fund") != fund:
            raise BrokenError(8, "legs in another fund than the entry's", entry["index"])
        book, signed = self.funds[fund], sign * amount
        match entry["kind"]:
            case "donation_received":
                book.received_fen += signed
            case "commitment":
                self._count_commitment(entry, signed)
                book.committed_fen += signed
            case "disbursement":
                self._settle(entry, disbursed_fen=signed)
                book.disbursed_fen += signed
            case "release":
                self._settle(entry, released_fen=signed)
                book.released_fen += signed

    def _count_transfer(self, entry: ledger.LedgerEntry, amounts: Amounts, sign: int) -> None:
        signed = {
            fund: sign * (amount if shape == _TAKING else -amount)
            for fund, (shape, amount) in amounts.items()
        }
        if sum(signed.values()) != 0:
            raise BrokenError(8, "a transfer gives what it takes", entry["index"])
        for fund, amount in signed.items():
            self.funds[fund].transferred_fen += amount

    def _count_commitment(self, entry: ledger.Commitment, signed: int) -> None:
        known = self.commitments.setdefault(
            entry["index"], CommitmentBook(entry["subject"], entry["fund"])
        )
        if known.outstanding_fen + signed < 0:
            raise BrokenError(9, "the commitment was settled already", entry["index"])
        known.reserved_fen += signed

    def _settle(
        self,
        entry: ledger.Disbursement | ledger.Release,
        *,
        disbursed_fen: int = 0,
        released_fen: int = 0,
    ) -> None:
        known = self.commitments.get(entry["commitment"])
        if known is None or (known.subject, known.fund) != (entry["subject"], entry["fund"]):
            raise BrokenError(
                9, f"entry {entry['commitment']} is not its commitment", entry["index"]
            )
        if known.outstanding_fen < disbursed_fen + released_fen:
            raise BrokenError(9, f"only {known.outstanding_fen} fen outstanding", entry["index"])
        known.disbursed_fen += disbursed_fen
        known.released_fen += released_fen

    def _reverse(self, entry: ledger.Reversal, original: ledger.LedgerEntry | None) -> None:
        index, named = entry["index"], entry["reverses"]
        if original is None or named >= index or original["index"] != named:
            raise BrokenError(10, f"entry {named} is no earlier entry", index)
        if original["kind"] == "reversal" or not original["legs"]:
            raise BrokenError(10, f"a {original['kind']} cannot be reversed", index)
        if named in self.reversed_entries:
            raise BrokenError(10, f"entry {named} was reversed before", index)
        if entry["legs"] != mirror(original["legs"]):
            raise BrokenError(10, f"the legs do not mirror those of entry {named}", index)
        amounts = self._amounts(original)
        self._count_reversed(original, amounts, index)
        self.reversed_entries.add(named)
        self._post(entry["legs"])
        self._check_funds(amounts, entry)

    def _count_reversed(self, original: ledger.LedgerEntry, amounts: Amounts, index: int) -> None:
        try:
            self._count(original, amounts, -1)
        except BrokenError as broken:
            raise BrokenError(broken.finding.invariant, broken.finding.message, index) from None

    def _post(self, legs: Iterable[ledger.Leg]) -> None:
        for leg in legs:
            place = (leg["fund"], leg["account"])
            book = self.accounts.get(place)
            if book is None:
                book = self.accounts[place] = AccountBook()
            if leg["side"] == "debit":
                book.debit_fen += leg["amount_fen"]
            else:
                book.credit_fen += leg["amount_fen"]

    def _check_funds(self, amounts: Amounts, entry: ledger.LedgerEntry) -> None:
        """A restricted fund is never below zero, and nobody promises what a fund has not got."""
        promises = entry["kind"] in ("commitment", "transfer")
        for fund in amounts:
            book = self.funds[fund]
            if book.remaining_fen < 0 and (promises or book.restricted):
                message = f"fund {fund} would be at {book.remaining_fen} fen"
                raise BrokenError(8, message, entry["index"])

    def snapshot(self) -> dict[str, Any]:
        """Every balance, in a form that canonical JSON writes the same way everywhere."""
        return {
            "accounts": [
                {
                    "fund": fund,
                    "account": account,
                    "debit_fen": book.debit_fen,
                    "credit_fen": book.credit_fen,
                }
                for (fund, account), book in sorted(self.accounts.items())
            ],
            "commitments": [
                {
                    "entry": index,
                    "subject": book.subject,
                    "fund": book.fund,
                    "reserved_fen": book.reserved_fen,
                    "disbursed_fen": book.disbursed_fen,
                    "released_fen": book.released_fen,
                    "outstanding_fen": book.outstanding_fen,
                }
                for index, book in sorted(self.commitments.items())
            ],
            "funds": [{"fund": fund, **totals(book)} for fund, book in sorted(self.funds.items())],
        }


def totals(book: FundBook) -> dict[str, int]:
    """A fund's totals in fen, by name."""
    return {
        "received_fen": book.received_fen,
        "transferred_fen": book.transferred_fen,
        "committed_fen": book.committed_fen,
        "disbursed_fen": book.disbursed_fen,
        "released_fen": book.released_fen,
        "outstanding_fen": book.outstanding_fen,
        "remaining_fen": book.remaining_fen,
    }


def mirror(legs: Iterable[ledger.Leg]) -> list[ledger.Leg]:
    """The legs that undo `legs`: the same in order, account, fund and amount; sides exchanged."""
    return [
        ledger.Leg(
            account=leg["account"],
            amount_fen=leg["amount_fen"],
            fund=leg["fund"],
            side="credit" if leg["side"] == "debit" else "debit",
        )
        for leg in legs
    ]


def _why_not(entry: ledger.LedgerEntry, fund: str) -> BrokenError:
    """Name the rule that legs of a wrong shape break: balance first, then balance by fund."""
    signed = [
        (leg["fund"], leg["amount_fen"] if leg["side"] == "debit" else -leg["amount_fen"])
        for leg in entry["legs"]
    ]
    if (total := sum(amount for _, amount in signed)) != 0:
        return BrokenError(7, f"debits exceed credits by {total} fen", entry["index"])
    if (total := sum(amount for each, amount in signed if each == fund)) != 0:
        message = f"debits exceed credits by {total} fen in fund {fund}"
        return BrokenError(8, message, entry["index"])
    return BrokenError(7, f"not the accounts of a {entry['kind']}", entry["index"])
