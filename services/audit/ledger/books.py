"""The books: entries folded into balances by account, by fund, by commitment and by item.

Invariants 7 to 10 are checked while folding, each before anything is posted. The fold changes its
books in place, because a replay passes millions of entries through it."""

from collections.abc import Iterable
from typing import Any, cast

from services.audit.ledger.accounts import NET_ASSETS, account_class
from services.audit.ledger.balances import (
    AccountBook,
    Balances,
    FundBook,
    GoodsAccountBook,
    UsualLegs,
    take_snapshot,
)
from services.audit.ledger.corrections import Reversible, check_refund, check_reversal
from services.audit.ledger.counting import (
    check_covered,
    check_fee,
    check_purpose,
    count_between_funds,
    count_goods,
    count_money,
)
from services.audit.ledger.findings import BALANCED
from services.audit.ledger.kinds import EntryKind, kind_of
from services.audit.ledger.legs import (
    GoodsEntry,
    InOneFund,
    MoneyEntry,
    match_usual,
    sum_amounts,
    sum_in_fund,
    sum_quantities,
)
from services.audit.ledger.years import (
    bring_commitment_forward,
    bring_fund_forward,
    bring_goods_forward,
    open_fund,
)
from services.audit.tlog.findings import BrokenError
from shared.contracts import ledger


class Books(Balances):
    """The balances, and how an entry changes them."""

    def apply(self, entry: ledger.LedgerEntry, original: ledger.LedgerEntry | None = None) -> None:
        """Post one entry, or BrokenError. What it names comes with it: see `named_original`."""
        kind = kind_of(entry)
        if not kind.total:
            self._apply_special(entry, original)
        elif kind.moves == "goods":
            self._move_goods(cast(GoodsEntry, entry), kind)
        elif len(kind.parts) > 1:
            self._move_between_funds(cast(MoneyEntry, entry), kind)
        else:
            self._move(cast(InOneFund, entry), kind)
            if kind.total == "fees_fen":
                check_fee(self.funds[cast(InOneFund, entry)["fund"]], entry["index"])
            elif kind.total == "refunded_fen":
                check_refund(self, cast(ledger.Refund, entry), original)

    def _apply_special(
        self, entry: ledger.LedgerEntry, original: ledger.LedgerEntry | None
    ) -> None:
        """Kinds that add nothing to a year's totals: openings, what goes on, undoing, refusals."""
        match entry["kind"]:
            case "refusal":
                self._expect_no_legs(entry)
            case "reversal":
                self._reverse(entry, check_reversal(self, entry, original))
            case "fund_opened":
                self._expect_no_legs(entry)
                open_fund(self, entry)
            case "fund_carried":
                bring_fund_forward(self, entry)
                self._post(entry["legs"], entry["index"])
            case "commitment_carried":
                bring_commitment_forward(self, entry)
            case "goods_carried":
                bring_goods_forward(self, entry)
                self._post_goods(entry["legs"], entry["index"])

    @staticmethod
    def _expect_no_legs(entry: ledger.FundOpened | ledger.Refusal) -> None:
        if entry["legs"]:
            raise BrokenError(BALANCED, f"a {entry['kind']} moves no money", entry["index"])

    def _move(self, entry: InOneFund, kind: EntryKind) -> None:
        """Legs like those of the kind's last entry in this fund need no second look."""
        book = self.funds.get(entry["fund"])
        usual = book.usual.get(kind.name) if book else None
        amount = match_usual(entry, usual) if usual else 0
        if book and usual and amount:
            count_money(self, book, entry, amount)
            usual.post(amount)
        else:
            book = self._move_unusual(entry)
        if kind.covered or book.restricted:
            check_covered(entry["fund"], book, entry["index"])

    def _move_unusual(self, entry: InOneFund) -> FundBook:
        amount = sum_in_fund(entry, self.funds)
        book = self.funds[entry["fund"]]
        count_money(self, book, entry, amount)
        self._post(entry["legs"], entry["index"])
        legs = self._usual_legs(entry)
        if match_usual(entry, legs):
            book.usual[entry["kind"]] = legs
        return book

    def _usual_legs(self, entry: InOneFund) -> UsualLegs:
        places = [(leg["account"], leg["side"]) for leg in entry["legs"]]
        of_side = {
            side: tuple(self.accounts[entry["fund"], at] for at, each in places if each == side)
            for side in ("debit", "credit")
        }
        return UsualLegs(tuple(places), of_side["debit"], of_side["credit"])

    def _move_between_funds(self, entry: MoneyEntry, kind: EntryKind) -> None:
        moved = sum_amounts(entry, self.funds)
        count_between_funds(self, entry, moved, 1)
        self._post(entry["legs"], entry["index"])
        self._check_covered(moved, kind, entry["index"])

    def _move_goods(self, entry: GoodsEntry, kind: EntryKind) -> None:
        moved = sum_quantities(entry, self.funds)
        if kind.within_terms:
            purpose = cast(ledger.GoodsDistributed, entry).get("purpose")
            check_purpose(self.funds[entry["fund"]], purpose, entry["index"])
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
        kind = kind_of(original)
        if kind.moves == "goods":
            goods = cast(GoodsEntry, original)
            count_goods(self, goods, sum_quantities(goods, self.funds), -1)
            self._post_goods(cast(list[ledger.GoodsLeg], entry["legs"]), entry["index"])
            return
        money = cast(MoneyEntry, original)
        moved = sum_amounts(money, self.funds)
        if len(kind.parts) > 1:
            count_between_funds(self, money, moved, -1)
        else:
            one = cast(InOneFund, original)
            count_money(self, self.funds[one["fund"]], one, -sum_in_fund(one, self.funds))
        self._post(cast(list[ledger.Leg], entry["legs"]), entry["index"])
        self._check_covered(moved, kind_of(entry), entry["index"])

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

    def _check_covered(self, funds: Iterable[str], kind: EntryKind, index: int) -> None:
        for fund in funds:
            book = self.funds[fund]
            if kind.covered or book.restricted:
                check_covered(fund, book, index)

    def snapshot(self) -> dict[str, Any]:
        """Every balance, in a form that canonical JSON writes the same way everywhere."""
        return take_snapshot(self)


def _check_apart(place: tuple[str, str], index: int) -> None:
    """Goods and money have accounts of their own; both are brought forward from net assets."""
    fund, account = place
    if account_class(account) != NET_ASSETS:
        raise BrokenError(BALANCED, f"{account} of fund {fund} has both money and goods", index)
