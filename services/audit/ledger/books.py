"""The books: entries folded into balances by account, by fund, by commitment and by item.

Invariants 7 to 10 are checked while folding, each before anything is posted. The fold changes its
books in place, because a replay passes millions of entries through it."""

from collections.abc import Iterable
from typing import cast

from services.audit.ledger.accounts import NET_ASSETS, classify_account
from services.audit.ledger.balances import (
    AccountBook,
    Balances,
    FundBook,
    UsualLegs,
    take_snapshot,
)
from services.audit.ledger.corrections import Reversible, check_refund, check_reversal
from services.audit.ledger.counting import (
    check_covered,
    check_fee,
    check_payable,
    check_purpose,
    count_between_funds,
    count_goods,
    count_money,
    settle_overdrawn,
)
from services.audit.ledger.findings import BALANCED
from services.audit.ledger.kinds import KINDS, EntryKind, kind_of
from services.audit.ledger.legs import (
    GoodsEntry,
    InOneFund,
    MoneyEntry,
    sum_amounts,
    sum_in_fund,
    sum_quantities,
)
from services.audit.ledger.years import (
    bring_commitment_forward,
    bring_fund_forward,
    bring_goods_forward,
    check_opening,
    open_accounts,
    open_fund,
)
from services.audit.tlog.findings import BrokenError
from shared.contracts import ledger, ledger_fields
from shared.documents import Document


class Books(Balances):
    """The balances, and how an entry changes them."""

    def apply(self, entry: ledger.LedgerEntry, original: ledger.LedgerEntry | None = None) -> None:
        """Post one entry, or BrokenError. What it names comes with it: see `find_named`."""
        kind = KINDS[entry["kind"]]
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
            elif kind.total == "brought_forward_fen":
                fund = cast(InOneFund, entry)["fund"]
                check_opening(fund, self.funds[fund], entry["index"])
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
            case "accounts_opened":
                self._expect_no_legs(entry)
                open_accounts(self, entry)
            case "fund_carried":
                bring_fund_forward(self, entry)
                self._post(entry["legs"], entry["index"])
            case "commitment_carried":
                bring_commitment_forward(self, entry)
            case "goods_carried":
                bring_goods_forward(self, entry)
                self._post_goods(entry["legs"], entry["index"])

    @staticmethod
    def _expect_no_legs(
        entry: ledger.FundOpened | ledger.AccountsOpened | ledger.Refusal,
    ) -> None:
        if entry["legs"]:
            raise BrokenError(BALANCED, f"a {entry['kind']} moves no money", entry["index"])

    def _move(self, entry: InOneFund, kind: EntryKind) -> None:
        """Legs like those of the kind's last entry in this fund need no second look."""
        book = self.funds.get(entry["fund"])
        usual = book.usual.get(kind.name) if book else None
        if book and usual and (amount := usual.match(entry["legs"])):
            count_money(self, book, kind, entry, amount)
            usual.post(amount)
        else:
            book = self._move_unusual(entry, kind)
        if "forced_by" in entry:
            book.overdrawn_fen = max(book.overdrawn_fen, -book.remaining_fen)
        if kind.covered or book.restricted:
            check_covered(entry["fund"], book, entry["index"])
        if book.overdrawn_fen:
            settle_overdrawn(book)
        if kind.payable:
            check_payable(entry["fund"], book, entry["index"])

    def _move_unusual(self, entry: InOneFund, kind: EntryKind) -> FundBook:
        amount = sum_in_fund(entry, self.funds)
        book, legs = self.funds[entry["fund"]], entry["legs"]
        count_money(self, book, kind, entry, amount)
        self._post(legs, entry["index"])
        usual = UsualLegs(legs, [self.accounts[leg["fund"], leg["account"]] for leg in legs])
        if usual.match(legs):
            book.usual[kind.name] = usual
        return book

    def _move_between_funds(self, entry: MoneyEntry, kind: EntryKind) -> None:
        moved = sum_amounts(entry, self.funds)
        count_between_funds(self, kind, entry, moved, 1)
        self._post(entry["legs"], entry["index"])
        self._check_covered(moved, kind, entry["index"])

    def _move_goods(self, entry: GoodsEntry, kind: EntryKind) -> None:
        """As `_move`, by item and unit."""
        fund, index, legs = entry["fund"], entry["index"], entry["legs"]
        place = (kind.name, legs[0]["item"], legs[0]["unit"]) if legs else None
        book = self.funds.get(fund)
        usual = book.usual.get(place) if book else None
        if book and usual and (quantity := usual.match(legs)):
            self._check_purpose(book, entry, kind)
            count_goods(self, kind, index, (fund, legs[0]["item"], legs[0]["unit"]), quantity)
            usual.post(quantity)
            return
        moved, book = sum_quantities(entry, self.funds), self.funds[fund]
        self._check_purpose(book, entry, kind)
        for thing, quantity in moved.items():
            count_goods(self, kind, index, thing, quantity)
        self._post_goods(legs, index)
        usual = UsualLegs(legs, [self.goods_accounts[_find_goods_place(leg)] for leg in legs])
        if len(moved) == 1 and usual.match(legs):
            book.usual[place] = usual

    @staticmethod
    def _check_purpose(book: FundBook, entry: GoodsEntry, kind: EntryKind) -> None:
        if kind.within_terms:
            purpose = cast(ledger.GoodsDistributed, entry).get("purpose")
            check_purpose(book, purpose, entry["index"])

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
            for thing, quantity in sum_quantities(goods, self.funds).items():
                count_goods(self, kind, original["index"], thing, -quantity)
            self._post_goods(cast(list[ledger_fields.GoodsLeg], entry["legs"]), entry["index"])
            return
        money = cast(MoneyEntry, original)
        moved = sum_amounts(money, self.funds)
        if len(kind.parts) > 1:
            count_between_funds(self, kind, money, moved, -1)
        else:
            one = cast(InOneFund, original)
            amount = sum_in_fund(one, self.funds)
            count_money(self, self.funds[one["fund"]], kind, one, -amount)
            if kind.payable:
                check_payable(one["fund"], self.funds[one["fund"]], entry["index"])
        self._post(cast(list[ledger_fields.Leg], entry["legs"]), entry["index"])
        self._check_covered(moved, kind_of(entry), entry["index"])

    def _post(self, legs: Iterable[ledger_fields.Leg], index: int) -> None:
        for leg in legs:
            place = (leg["fund"], leg["account"])
            book = self.accounts.get(place)
            if book is None:
                book = self._open_account(place, index)
            if leg["side"] == "debit":
                book.debit += leg["amount_fen"]
            else:
                book.credit += leg["amount_fen"]

    def _open_account(self, place: tuple[str, str], index: int) -> AccountBook:
        if any(each[:2] == place for each in self.goods_accounts):
            _check_apart(place, index)
        book = self.accounts[place] = AccountBook()
        return book

    def _post_goods(self, legs: Iterable[ledger_fields.GoodsLeg], index: int) -> None:
        for leg in legs:
            if (leg["fund"], leg["account"]) in self.accounts:
                _check_apart((leg["fund"], leg["account"]), index)
            book = self.goods_accounts.setdefault(_find_goods_place(leg), AccountBook())
            if leg["side"] == "debit":
                book.debit += leg["quantity"]
            else:
                book.credit += leg["quantity"]

    def _check_covered(self, funds: Iterable[str], kind: EntryKind, index: int) -> None:
        for fund in funds:
            book = self.funds[fund]
            if kind.covered or book.restricted:
                check_covered(fund, book, index)
            settle_overdrawn(book)

    def take_snapshot(self) -> Document:
        """Every balance, in a form that canonical JSON writes the same way everywhere."""
        return take_snapshot(self)


def _find_goods_place(leg: ledger_fields.GoodsLeg) -> tuple[str, str, str, str]:
    return leg["fund"], leg["account"], leg["item"], leg["unit"]


def _check_apart(place: tuple[str, str], index: int) -> None:
    """Goods and money have accounts of their own; both are brought forward from net assets."""
    fund, account = place
    if classify_account(account) != NET_ASSETS:
        raise BrokenError(BALANCED, f"{account} of fund {fund} has both money and goods", index)
