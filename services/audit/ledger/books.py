"""The books: entries folded into balances by account, by fund, by commitment and by item.

Invariants 7 to 10 are checked while folding, each before anything is posted. The fold changes its
books in place, because a replay passes millions of entries through it."""

from collections.abc import Iterable
from typing import Any, assert_never, cast

from services.audit.ledger.accounts import NET_ASSETS, account_class
from services.audit.ledger.balances import (
    AccountBook,
    Balances,
    FundBook,
    GoodsAccountBook,
    UsualLegs,
    snapshot,
)
from services.audit.ledger.corrections import Reversible, check_refund, check_reversal
from services.audit.ledger.counting import (
    check_fee,
    check_promise,
    check_purpose,
    count,
    count_goods,
    count_transfer,
)
from services.audit.ledger.findings import BALANCED
from services.audit.ledger.legs import InOneFund, amount_in_fund, amounts, quantities, usual_amount
from services.audit.ledger.years import carry_commitment, carry_fund, carry_goods, open_fund
from services.audit.tlog.findings import BrokenError
from shared.contracts import ledger

PROMISES = frozenset({"commitment", "transfer", "management_fee", "refund"})
"""Kinds that may not use more than any fund has; a restricted fund is never below zero at all."""


class Books(Balances):
    """The balances, and how an entry changes them."""

    def apply(self, entry: ledger.LedgerEntry, original: ledger.LedgerEntry | None = None) -> None:
        """Post one entry, or BrokenError. What it names comes with it: see `named_original`."""
        match entry["kind"]:
            case "donation_received" | "commitment" | "disbursement" | "release":
                self._move(entry)
            case "management_fee":
                self._move(entry)
                check_fee(self.funds[entry["fund"]], entry["index"])
            case "refund":
                self._move(entry)
                check_refund(self, entry, original)
            case "transfer":
                moved = amounts(entry, self.funds)
                count_transfer(self, entry, moved, 1)
                self._post(entry["legs"], entry["index"])
                self._check_funds(moved, entry)
            case "goods_received" | "goods_distributed":
                self._move_goods(entry)
            case "refusal":
                self._without_legs(entry)
            case "reversal":
                self._reverse(entry, check_reversal(self, entry, original))
            case "fund_opened":
                self._without_legs(entry)
                open_fund(self, entry)
            case "fund_carried":
                carry_fund(self, entry)
                self._post(entry["legs"], entry["index"])
            case "commitment_carried":
                carry_commitment(self, entry)
            case "goods_carried":
                carry_goods(self, entry)
                self._post_goods(entry["legs"], entry["index"])
            case _:
                assert_never(entry["kind"])

    @staticmethod
    def _without_legs(entry: ledger.FundOpened | ledger.Refusal) -> None:
        if entry["legs"]:
            raise BrokenError(BALANCED, f"a {entry['kind']} moves no money", entry["index"])

    def _move(self, entry: InOneFund) -> None:
        """Legs like those of the kind's last entry in this fund need no second look."""
        kind, book = entry["kind"], self.funds.get(entry["fund"])
        usual = book.usual.get(kind) if book else None
        amount = usual_amount(entry, usual) if usual else 0
        if book and usual and amount:
            count(self, book, entry, amount)
            usual.post(amount)
        else:
            book = self._move_unusual(entry)
        if book.restricted or kind in PROMISES:
            check_promise(entry["fund"], book, entry["index"])

    def _move_unusual(self, entry: InOneFund) -> FundBook:
        amount = amount_in_fund(entry, self.funds)
        book = self.funds[entry["fund"]]
        count(self, book, entry, amount)
        self._post(entry["legs"], entry["index"])
        legs = self._usual_legs(entry)
        if usual_amount(entry, legs):
            book.usual[entry["kind"]] = legs
        return book

    def _usual_legs(self, entry: InOneFund) -> UsualLegs:
        places = [(leg["account"], leg["side"]) for leg in entry["legs"]]
        of_side = {
            side: tuple(self.accounts[entry["fund"], at] for at, each in places if each == side)
            for side in ("debit", "credit")
        }
        return UsualLegs(tuple(places), of_side["debit"], of_side["credit"])

    def _move_goods(self, entry: ledger.GoodsReceived | ledger.GoodsDistributed) -> None:
        moved = quantities(entry, self.funds)
        if entry["kind"] == "goods_distributed":
            check_purpose(self.funds[entry["fund"]], entry.get("purpose"), entry["index"])
        count_goods(self, entry, moved, 1)
        self._post_goods(entry["legs"], entry["index"])

    def _reverse(self, entry: ledger.Reversal, original: Reversible) -> None:
        index = entry["index"]
        try:
            self._undo(entry, original)
        except BrokenError as broken:  # it was raised for the original, which was right then
            raise BrokenError(broken.finding.broken, broken.finding.message, index) from None
        self.reversed_entries.add(original["index"])

    def _undo(self, entry: ledger.Reversal, original: Reversible) -> None:
        if original["kind"] == "goods_received" or original["kind"] == "goods_distributed":
            count_goods(self, original, quantities(original, self.funds), -1)
            self._post_goods(cast(list[ledger.GoodsLeg], entry["legs"]), entry["index"])
            return
        moved = amounts(original, self.funds)
        if original["kind"] == "transfer":
            count_transfer(self, original, moved, -1)
        else:
            book, amount = self.funds[original["fund"]], amount_in_fund(original, self.funds)
            count(self, book, original, -amount)
        self._post(cast(list[ledger.Leg], entry["legs"]), entry["index"])
        self._check_funds(moved, entry)

    def _post(self, legs: Iterable[ledger.Leg], index: int) -> None:
        for leg in legs:
            place = (leg["fund"], leg["account"])
            book = self.accounts.get(place)
            if book is None:
                book = self._account(place, index)
            if leg["side"] == "debit":
                book.debit_fen += leg["amount_fen"]
            else:
                book.credit_fen += leg["amount_fen"]

    def _account(self, place: tuple[str, str], index: int) -> AccountBook:
        if any(each[:2] == place for each in self.goods_accounts):
            _check_apart(place, index)
        book = self.accounts[place] = AccountBook()
        return book

    def _post_goods(self, legs: Iterable[ledger.GoodsLeg], index: int) -> None:
        for leg in legs:
            if (leg["fund"], leg["account"]) in self.accounts:
                _check_apart((leg["fund"], leg["account"]), index)
            place = (leg["fund"], leg["account"], leg["item"], leg["unit"])
            book = self.goods_accounts.setdefault(place, GoodsAccountBook())
            if leg["side"] == "debit":
                book.debit += leg["quantity"]
            else:
                book.credit += leg["quantity"]

    def _check_funds(self, moved: Iterable[str], entry: ledger.LedgerEntry) -> None:
        for fund in moved:
            book = self.funds[fund]
            if book.restricted or entry["kind"] in PROMISES:
                check_promise(fund, book, entry["index"])

    def snapshot(self) -> dict[str, Any]:
        """Every balance, in a form that canonical JSON writes the same way everywhere."""
        return snapshot(self)


def _check_apart(place: tuple[str, str], index: int) -> None:
    """Goods and money have accounts of their own; both are brought forward from net assets."""
    fund, account = place
    if account_class(account) != NET_ASSETS:
        raise BrokenError(BALANCED, f"{account} of fund {fund} has both money and goods", index)
