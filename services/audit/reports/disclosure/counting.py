"""Entries counted into the figures of a period."""

import heapq
from collections.abc import Iterable

from services.audit.ledger.movements import MONEY, Unit, entering, leaving, promising, purpose_of
from services.audit.ledger.published import PublishedLog, day_of
from services.audit.reports.disclosure.figures import (
    LARGEST,
    UNSPECIFIED,
    Correction,
    Figures,
    FundFigures,
    GoodsFigures,
    Moved,
    Promise,
)
from services.audit.reports.disclosure.period import Period
from shared.contracts.ledger import (
    Commitment,
    CommitmentCarried,
    Disbursement,
    FundCarried,
    FundOpened,
    GoodsCarried,
    LedgerEntry,
    Release,
    Reversal,
)


def figures(logs: Iterable[PublishedLog], period: Period, *, major_fen: int) -> Figures:
    """The figures of `period` from one log or several in order. What is recorded before it makes
    the opening balances; what comes after is not read."""
    folding = _Folding(period, major_fen)
    for log in logs:
        folding.read(log)
    return folding.done()


class _Folding:
    def __init__(self, period: Period, major_fen: int) -> None:
        self._told = Figures(period)
        self._major_fen = major_fen
        self._begun = False
        self._largest: list[tuple[int, int, Moved]] = []
        """A heap of those that are not major: amount, a number that keeps the order, itself."""

    def read(self, log: PublishedLog) -> None:
        self._told.logs[log.origin] = 0
        for entry in log.entries():
            day = day_of(entry["recorded_at"])
            if day >= self._told.period.end:
                return
            if day >= self._told.period.start and not self._begun:
                self._begin()
            self._told.logs[log.origin] += 1
            self._told.entries += self._begun
            if entry["kind"] == "reversal":
                self._reverse(entry, log.entry(entry["reverses"]))
            else:
                self._apply(entry, 1)
            if self._begun:
                self._list(entry)

    def done(self) -> Figures:
        if not self._begun:
            self._begin()
        top = [moved for _, _, moved in heapq.nlargest(LARGEST, self._largest)]
        majors = sorted(self._told.moved, key=lambda moved: -moved.amount)
        self._told.moved = majors + top[: max(0, LARGEST - len(majors))]
        return self._told

    def _begin(self) -> None:
        """What was before the period is in its opening balances."""
        told, self._begun = self._told, True
        told.funds = {
            fund: FundFigures(
                each.name, each.restricted, each.closing, outstanding_before=each.outstanding
            )
            for fund, each in told.funds.items()
        }
        told.goods = {
            place: GoodsFigures(each.closing) for place, each in told.goods.items() if each.closing
        }
        for counter in (told.by_category, told.by_beneficiary_class, told.by_town):
            counter.clear()

    def _apply(self, entry: LedgerEntry, sign: int) -> None:
        match entry["kind"]:
            case "fund_opened" | "fund_carried" | "commitment_carried" | "goods_carried":
                self._carry(entry)
            case "donation_received":
                self._count("received", entering(entry), sign)
            case "goods_received":
                self._count_goods("received", entering(entry), sign)
            case "goods_distributed":
                self._count_goods("distributed", leaving(entry), sign)
            case "management_fee":
                self._count("fees", leaving(entry), sign)
            case "refund":
                self._count("refunded", leaving(entry), sign)
            case "transfer":
                self._count("transferred_in", entering(entry), sign)
                self._count("transferred_out", leaving(entry), sign)
            case "commitment":
                self._promise(entry, sign)
            case "disbursement" | "release":
                self._settle(entry, sign)

    def _reverse(self, entry: Reversal, original: LedgerEntry) -> None:
        self._apply(original, -1)
        if not self._begun:
            return
        sums: dict[Unit, int] = {}
        for (_, unit), amount in (leaving(original) or entering(original)).items():
            sums[unit] = sums.get(unit, 0) + amount
        self._told.corrections.append(
            Correction(
                (entry["log"], entry["index"]),
                day_of(entry["recorded_at"]),
                (original["log"], original["index"]),
                day_of(original["recorded_at"]),
                original["kind"],
                tuple(sums.items()) or ((MONEY, promising(original)),),
                entry["authorisation"]["reference"],
            )
        )

    def _count(self, name: str, moved: dict[tuple[str, Unit], int], sign: int) -> None:
        for (fund, _), amount in moved.items():
            _add(self._told.funds[fund], name, sign * amount)

    def _count_goods(self, name: str, moved: dict[tuple[str, Unit], int], sign: int) -> None:
        for place, quantity in moved.items():
            _add(self._told.goods.setdefault(place, GoodsFigures()), name, sign * quantity)

    def _promise(self, entry: Commitment, sign: int) -> None:
        key, amount = (entry["log"], entry["index"]), sign * promising(entry)
        promise = Promise(entry["subject"], entry["fund"], dict(purpose_of(entry)), 0)
        self._told.promises.setdefault(key, promise).outstanding += amount
        self._told.funds[entry["fund"]].committed += amount

    def _settle(self, entry: Disbursement | Release, sign: int) -> None:
        promise = self._told.promises[entry["log"], entry["commitment"]]
        fund, amount = self._told.funds[entry["fund"]], sign * promising(entry)
        promise.outstanding -= amount
        if entry["kind"] == "release":
            fund.released += amount
            return
        fund.disbursed += amount
        for counter, name in (
            (self._told.by_category, "category"),
            (self._told.by_beneficiary_class, "beneficiary_class"),
            (self._told.by_town, "town"),
        ):
            counter[promise.purpose.get(name, UNSPECIFIED)] += amount

    def _carry(self, entry: FundOpened | FundCarried | CommitmentCarried | GoodsCarried) -> None:
        """What an earlier year left is there when the period opens, whenever it is entered. Where
        that year's log was read, it is the same again."""
        fund, key = entry["fund"], (entry["log"], entry["index"])
        match entry["kind"]:
            case "fund_opened":
                self._told.funds[fund] = FundFigures(entry["name"], entry["restricted"])
            case "fund_carried":
                self._told.funds[fund] = FundFigures(
                    entry["name"],
                    entry["restricted"],
                    opening=sum(entering(entry).values()),
                    outstanding_before=promising(entry),
                )
            case "commitment_carried":
                earlier = (entry["previous"]["log"], entry["previous"]["index"])
                self._told.promises.pop(earlier, None)
                self._told.promises[key] = Promise(
                    entry["subject"], fund, dict(purpose_of(entry)), entry["amount_fen"]
                )
            case "goods_carried":
                for place, quantity in entering(entry).items():
                    self._told.goods[place] = GoodsFigures(opening=quantity)

    def _list(self, entry: LedgerEntry) -> None:
        if entry["kind"] == "refusal":
            self._told.refusals[entry["refused"]["code"]] += 1
        if entry["kind"] not in _MOVING:
            return
        moved = _moved(entry)
        if entry["kind"] == "transfer":
            self._told.transfers.append(moved)
        if entry["kind"] == "refund":
            self._told.refunds.append(moved)
        if moved.amount >= self._major_fen:
            self._told.moved.append(moved)
        else:
            heapq.heappush(self._largest, (moved.amount, -self._told.entries, moved))
            if len(self._largest) > LARGEST:
                heapq.heappop(self._largest)


_MOVING = ("donation_received", "disbursement", "transfer", "management_fee", "refund")


def _moved(entry: LedgerEntry) -> Moved:
    came, went = entering(entry), leaving(entry)
    return Moved(
        (entry["log"], entry["index"]),
        day_of(entry["recorded_at"]),
        entry["kind"],
        entry["subject"],
        sum((came or went).values()),
        tuple((fund, amount) for (fund, _), amount in came.items())
        + tuple((fund, -amount) for (fund, _), amount in went.items()),
        entry["authorisation"]["reference"] if entry["kind"] == "transfer" else "",
    )


def _add(told: FundFigures | GoodsFigures, name: str, amount: int) -> None:
    setattr(told, name, getattr(told, name) + amount)
