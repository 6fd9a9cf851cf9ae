"""Pledge, bank, ledger: what of one has no match in the others, and for how long. Pure.

All of one donor's pledges to a fund are answered by all his gifts to it, the oldest first: a donor
does not say which pledge a transfer is for. Ids only, no names.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from services.audit.model import Donation, Pledge
from shared.documents import Json

Kind = Literal[
    "pledged_not_arrived", "arrived_not_pledged", "listed_not_on_ledger", "on_ledger_not_listed"
]
KIND_TITLES: Mapping[Kind, tuple[str, str]] = {
    "pledged_not_arrived": ("已认捐未到账", "pledged, not arrived"),
    "arrived_not_pledged": ("到账未认捐", "arrived, not pledged"),
    "listed_not_on_ledger": ("流水有账本无", "listed, not on the ledger"),
    "on_ledger_not_listed": ("账本有流水无", "on the ledger, in no statement"),
}
KINDS: tuple[Kind, ...] = tuple(KIND_TITLES)
AGES = ("0-30", "31-60", "61-90", "over 90")
"""Days."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What does not match. id: the offer's or the gift's. since: registered or received."""

    kind: Kind
    id: str
    donor_id: str
    fund_id: str
    amount_fen: int
    since: datetime

    def find_age(self, now: datetime) -> str:
        return AGES[min(max((now - self.since).days - 1, 0) // 30, len(AGES) - 1)]

    def to_json(self, now: datetime) -> dict[str, object]:
        return {
            "kind": self.kind,
            "age": self.find_age(now),
            "days": max((now - self.since).days, 0),
            "id": self.id,
            "donor_id": self.donor_id,
            "fund_id": self.fund_id,
            "amount_fen": self.amount_fen,
            "since": self.since.isoformat(),
        }


def find_gaps(pledges: Sequence[Pledge], gifts: Sequence[Donation]) -> Iterator[Gap]:
    """All of one donor to one fund."""
    gifts = sorted(gifts, key=lambda gift: (gift.received_at, gift.id))
    yield from _find_awaited(pledges, gifts)
    yield from _find_unexpected(pledges, gifts)
    for gift in gifts:
        if gift.is_on_ledger and not gift.statements:
            yield _make_gap("on_ledger_not_listed", gift, gift.amount_fen)
        elif not gift.is_on_ledger and gift.statements:
            yield _make_gap("listed_not_on_ledger", gift, gift.amount_fen)


def _find_awaited(pledges: Sequence[Pledge], gifts: Sequence[Donation]) -> Iterator[Gap]:
    arrived_fen = sum(gift.refundable_fen for gift in gifts)
    for pledge in sorted(pledges, key=lambda p: (p.registered_at, p.id)):
        if pledge.withdrawn_at is not None:
            continue
        open_fen = max(pledge.amount_fen - arrived_fen, 0)
        arrived_fen = max(arrived_fen - pledge.amount_fen, 0)
        if open_fen:
            yield Gap(
                "pledged_not_arrived",
                pledge.id,
                pledge.donor_id,
                pledge.fund_id,
                open_fen,
                pledge.registered_at,
            )


def _find_unexpected(pledges: Sequence[Pledge], gifts: Sequence[Donation]) -> Iterator[Gap]:
    """A withdrawn pledge still answers for what came."""
    pledged_fen = sum(pledge.amount_fen for pledge in pledges)
    for gift in gifts:
        over_fen = max(gift.refundable_fen - pledged_fen, 0)
        pledged_fen = max(pledged_fen - gift.refundable_fen, 0)
        if over_fen:
            yield _make_gap("arrived_not_pledged", gift, over_fen)


def _make_gap(kind: Kind, gift: Donation, amount_fen: int) -> Gap:
    return Gap(kind, gift.id, gift.donor_id, gift.fund_id, amount_fen, gift.received_at)


@dataclass(slots=True)
class Reconciliation:
    """Totals by fund, gaps by kind and age, and the `limit` oldest of them, in bounded memory."""

    now: datetime
    limit: int
    funds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    checked: Counter[str] = field(default_factory=Counter)
    """How many pledges and gifts were compared."""
    ageing: dict[tuple[Kind, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    _oldest: list[tuple[float, str, str, Gap]] = field(default_factory=list)

    def add(self, pledges: Sequence[Pledge], gifts: Sequence[Donation]) -> None:
        """All of one donor to one fund."""
        self.checked.update(pledges=len(pledges), gifts=len(gifts))
        for pledge in pledges:
            total = "withdrawn_fen" if pledge.withdrawn_at else "pledged_fen"
            self.funds[pledge.fund_id][total] += pledge.amount_fen
        for gift in gifts:
            self._count(gift)
        for gap in find_gaps(pledges, gifts):
            self.add_gap(gap)

    def add_gap(self, gap: Gap) -> None:
        self.funds[gap.fund_id][f"{gap.kind}_fen"] += gap.amount_fen
        cell = self.ageing[gap.kind, gap.find_age(self.now)]
        cell["count"] += 1
        cell["amount_fen"] += gap.amount_fen
        entry = (-gap.since.timestamp(), gap.kind, gap.id, gap)
        if len(self._oldest) < self.limit:
            heapq.heappush(self._oldest, entry)
        elif self.limit:
            heapq.heappushpop(self._oldest, entry)

    def list_oldest(self) -> list[Gap]:
        """The oldest first, `limit` of them."""
        return [gap for *_, gap in sorted(self._oldest, reverse=True)]

    def _count(self, gift: Donation) -> None:
        fund = self.funds[gift.fund_id]
        if gift.statements:
            fund["listed_fen"] += gift.amount_fen
        if gift.is_on_ledger:
            fund["ledger_fen"] += gift.amount_fen
            fund["refunded_fen"] += gift.refunded_fen

    def to_json(self) -> dict[str, Json]:
        return {
            "as_of": self.now.isoformat(),
            "checked": {"pledges": self.checked["pledges"], "gifts": self.checked["gifts"]},
            "funds": [_describe_fund(id_, self.funds[id_]) for id_ in sorted(self.funds)],
            "ageing": {
                kind: {age: _describe_cell(self.ageing.get((kind, age))) for age in AGES}
                for kind in KINDS
            },
            "gaps": [gap.to_json(self.now) for gap in self.list_oldest()],
        }


TOTAL_TITLES: Mapping[str, tuple[str, str]] = {
    "pledged_fen": ("认捐", "pledged"),
    "withdrawn_fen": ("撤回", "withdrawn"),
    "listed_fen": ("流水", "listed"),
    "ledger_fen": ("账本", "ledger"),
    "refunded_fen": ("退款", "refunded"),
}
TOTALS = tuple(TOTAL_TITLES)


def _describe_fund(id_: str, sums: Counter[str]) -> dict[str, object]:
    names: Iterable[str] = (*TOTALS, *(f"{kind}_fen" for kind in KINDS))
    return {"fund_id": id_, **{name: sums[name] for name in names}}


def _describe_cell(cell: Counter[str] | None) -> dict[str, int]:
    cell = cell or Counter()
    return {"count": cell["count"], "amount_fen": cell["amount_fen"]}
