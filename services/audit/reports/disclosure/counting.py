"""Entries counted into the figures of a period."""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import cast

from services.audit.ledger.kinds import Direction, EntryKind, kind_of
from services.audit.ledger.movements import (
    MONEY,
    Unit,
    list_purpose,
    sum_entering,
    sum_leaving,
    sum_owed,
    sum_promised,
)
from services.audit.ledger.published import PublishedLog, day_of
from services.audit.reports.disclosure.figures import (
    LARGEST,
    UNSPECIFIED,
    BankDays,
    Correction,
    Figures,
    FundFigures,
    GoodsFigures,
    Moved,
    Period,
    Promise,
)
from services.audit.reports.flow.gifts import EntryKey
from shared.contracts.ledger import (
    Commitment,
    CommitmentCarried,
    Disbursement,
    FundCarried,
    FundOpened,
    GoodsCarried,
    LedgerEntry,
    Obligation,
    Payment,
    PaymentReturned,
    Release,
    Reversal,
)

Committing = Commitment | Disbursement | Release
Opening = FundOpened | FundCarried | CommitmentCarried | GoodsCarried
Amounts = dict[tuple[str, Unit], int]
"""By fund and unit."""


def count_figures(logs: Iterable[PublishedLog], period: Period, *, major_fen: int) -> Figures:
    """The figures of `period` from one log or several in order. What is recorded before it makes
    the opening balances; of what comes after only gifts are read that the bank received in it."""
    folding = _Folding(period, major_fen)
    for log in logs:
        folding.read(log)
    return folding.finish()


class _Folding:
    def __init__(self, period: Period, major_fen: int) -> None:
        self._figures = Figures(period)
        self._major_fen = major_fen
        self._begun = False
        self._due: dict[EntryKey, Promise] = {}
        """By obligation, the promise of which it says that it is due."""
        self._largest: list[tuple[int, int, Moved]] = []
        """A heap of those that are not major: amount, a number that keeps the order, itself."""

    def read(self, log: PublishedLog) -> None:
        self._figures.logs[log.origin] = 0
        for entry in log.read_entries():
            day = day_of(entry["recorded_at"])
            original = log.read_entry(entry["reverses"]) if entry["kind"] == "reversal" else None
            self._count_bank_day(entry, original)
            if day >= self._figures.period.end:
                continue
            if day >= self._figures.period.start and not self._begun:
                self._begin()
            self._figures.logs[log.origin] += 1
            self._figures.entries += self._begun
            if original is not None and entry["kind"] == "reversal":
                self._reverse(entry, original)
            else:
                self._apply(entry, 1)
            if self._begun:
                self._list(entry)

    def finish(self) -> Figures:
        if not self._begun:
            self._begin()
        top = [moved for _, _, moved in heapq.nlargest(LARGEST, self._largest)]
        majors = sorted(self._figures.moved, key=lambda moved: -moved.amount)
        self._figures.moved = majors + top[: max(0, LARGEST - len(majors))]
        return self._figures

    def _count_bank_day(self, entry: LedgerEntry, original: LedgerEntry | None) -> None:
        gift = original or entry
        if gift["kind"] != "donation_received":
            return
        recorded, arrived = day_of(entry["recorded_at"]), day_of(gift["effective_at"])
        period = self._figures.period
        if arrived not in period and recorded not in period:
            return
        for (fund, _), amount in sum_entering(gift).items():
            days = self._figures.bank_days.setdefault(fund, BankDays())
            signed = -amount if original else amount
            if arrived in period:
                days.in_period += signed
                days.late += signed if recorded >= period.end else 0
            else:
                days.of_others += signed

    def _begin(self) -> None:
        """What was before the period is in its opening balances."""
        figures, self._begun = self._figures, True
        figures.funds = {
            fund: FundFigures(
                each.name,
                each.restricted,
                each.closing,
                outstanding_before=each.outstanding,
                due=each.due,
            )
            for fund, each in figures.funds.items()
        }
        figures.goods = {
            place: GoodsFigures(each.closing)
            for place, each in figures.goods.items()
            if each.closing
        }
        for counter in (figures.by_category, figures.by_beneficiary_class, figures.by_town):
            counter.clear()

    def _apply(self, entry: LedgerEntry, sign: int) -> None:
        kind = kind_of(entry)
        if kind.name == "fund_opened" or kind.traced == "brought_forward":
            self._bring_forward(cast(Opening, entry))
        for direction, name in kind.disclosed:
            for place, amount in _AMOUNTS[direction](entry).items():
                book = (
                    self._get_goods(place)
                    if kind.moves == "goods"
                    else self._figures.funds[place[0]]
                )
                _add(book, name, sign * amount)
        if kind.name == "obligation":
            self._count_due(cast(Obligation, entry), sign)
        elif kind.payable:
            self._count_payment(cast(Payment | PaymentReturned, entry), sign)
        elif kind.commitment:
            self._count_promise(kind, cast(Committing, entry), sign)

    def _reverse(self, entry: Reversal, original: LedgerEntry) -> None:
        self._apply(original, -1)
        if not self._begun:
            return
        sums: dict[Unit, int] = {}
        for (_, unit), amount in (sum_leaving(original) or sum_entering(original)).items():
            sums[unit] = sums.get(unit, 0) + amount
        self._figures.corrections.append(
            Correction(
                (entry["log"], entry["index"]),
                day_of(entry["recorded_at"]),
                (original["log"], original["index"]),
                day_of(original["recorded_at"]),
                original["kind"],
                tuple(sums.items()) or ((MONEY, sum_promised(original)),),
                entry["authorisation"]["reference"],
            )
        )

    def _get_goods(self, place: tuple[str, Unit]) -> GoodsFigures:
        return self._figures.goods.setdefault(place, GoodsFigures())

    def _count_promise(self, kind: EntryKind, entry: Committing, sign: int) -> None:
        """What is promised, whom it is for, and what of it is paid or given up."""
        amount = sign * sum_promised(entry)
        if kind.commitment == "reserved_fen":
            entry = cast(Commitment, entry)
            promise = Promise(entry["subject"], entry["fund"], dict(list_purpose(entry)), 0)
            key = (entry["log"], entry["index"])
            self._figures.promises.setdefault(key, promise).outstanding += amount
            return
        entry = cast(Disbursement | Release, entry)
        promise = self._figures.promises[entry["log"], entry["commitment"]]
        promise.outstanding -= amount
        if kind.commitment == "disbursed_fen":
            self._count_use(promise.purpose, amount)

    def _count_due(self, entry: Obligation, sign: int) -> None:
        """Due, and paid by no bank: it stays among what is promised, and is said beside it."""
        fund, key = self._figures.funds[entry["fund"]], (entry["log"], entry["index"])
        fund.due += sign * sum_owed(entry)
        self._due[key] = self._figures.promises[entry["log"], entry["commitment"]]

    def _count_payment(self, entry: Payment | PaymentReturned, sign: int) -> None:
        """Of what was due on a log that was not read, nobody knows what it is for."""
        amounts = _AMOUNTS["leaving" if entry["kind"] == "payment" else "returning"](entry)
        amount = sign * sum(amounts.values())
        self._figures.funds[entry["fund"]].due -= amount
        promise = self._due.get((entry["obligation"]["log"], entry["obligation"]["index"]))
        if promise is not None:
            promise.outstanding -= amount
        self._count_use(promise.purpose if promise else {}, amount)

    def _count_use(self, purpose: Mapping[str, str], amount: int) -> None:
        for counter, name in (
            (self._figures.by_category, "category"),
            (self._figures.by_beneficiary_class, "beneficiary_class"),
            (self._figures.by_town, "town"),
        ):
            counter[purpose.get(name, UNSPECIFIED)] += amount

    def _bring_forward(self, entry: Opening) -> None:
        """What an earlier year left is there when the period opens, whenever it is entered. Where
        that year's log was read, it is the same again."""
        fund, key = entry["fund"], (entry["log"], entry["index"])
        match entry["kind"]:
            case "fund_opened":
                self._figures.funds[fund] = FundFigures(entry["name"], entry["restricted"])
            case "fund_carried":
                self._figures.funds[fund] = FundFigures(
                    entry["name"],
                    entry["restricted"],
                    opening=sum(sum_entering(entry).values()) - sum(sum_leaving(entry).values()),
                    outstanding_before=sum_promised(entry) + sum_owed(entry),
                    due=sum_owed(entry),
                )
            case "commitment_carried":
                earlier = (entry["previous"]["log"], entry["previous"]["index"])
                self._figures.promises.pop(earlier, None)
                self._figures.promises[key] = Promise(
                    entry["subject"], fund, dict(list_purpose(entry)), entry["amount_fen"]
                )
            case "goods_carried":
                for place, quantity in sum_entering(entry).items():
                    self._figures.goods[place] = GoodsFigures(opening=quantity)

    def _list(self, entry: LedgerEntry) -> None:
        if entry["kind"] == "refusal":
            self._figures.refusals[entry["refused"]["code"]] += 1
        kind = kind_of(entry)
        if not kind.is_transaction:
            return
        moved = self._mark_lifted(_build_moved(entry))
        if kind.listed:
            getattr(self._figures, kind.listed).append(moved)
        if moved.amount >= self._major_fen:
            self._figures.moved.append(moved)
        else:
            heapq.heappush(self._largest, (moved.amount, -self._figures.entries, moved))
            if len(self._largest) > LARGEST:
                heapq.heappop(self._largest)

    def _mark_lifted(self, moved: Moved) -> Moved:
        """Says so where restricted money became unrestricted."""
        sides = {self._figures.funds[fund].restricted: amount for fund, amount in moved.funds}
        is_lifted = moved.kind == "transfer" and sides.get(True, 0) < 0 < sides.get(False, 0)
        return replace(moved, lifts_restriction=True) if is_lifted else moved


def _sum_promising(entry: LedgerEntry) -> Amounts:
    return {(cast(Committing, entry)["fund"], MONEY): sum_promised(entry)}


def _sum_returning(entry: LedgerEntry) -> Amounts:
    """What had left the bank, and came back."""
    return {place: -amount for place, amount in sum_entering(entry).items()}


_AMOUNTS: dict[Direction, Callable[[LedgerEntry], Amounts]] = {
    "entering": sum_entering,
    "leaving": sum_leaving,
    "promising": _sum_promising,
    "returning": _sum_returning,
}


def _build_moved(entry: LedgerEntry) -> Moved:
    came, went = sum_entering(entry), sum_leaving(entry)
    return Moved(
        (entry["log"], entry["index"]),
        day_of(entry["recorded_at"]),
        day_of(entry["effective_at"]),
        entry["kind"],
        entry["subject"],
        sum((came or went).values()),
        tuple((fund, amount) for (fund, _), amount in came.items())
        + tuple((fund, -amount) for (fund, _), amount in went.items()),
        entry["authorisation"]["reference"] if entry["kind"] == "transfer" else "",
    )


def _add(book: FundFigures | GoodsFigures, name: str, amount: int) -> None:
    setattr(book, name, getattr(book, name) + amount)
