"""If a request were opened: what it would get, what would be left, and who would wait longer.

The open pool of its resource is solved twice, with it and without it. It is advice to a meeting:
nothing is reserved, and by the time a ruling counts the pool is another.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.matching.explaining.details import format_quantity
from services.matching.solver.interface import Allocation, Inputs, OpenNeed, OpenOffer
from shared.contracts.outlooks import OutlookSentence
from shared.contracts.values import LABELS, BeneficiaryClass

NEEDS_MAX = 500
FUNDS_MAX = 5
CLASSES_MAX = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """inputs: with the request. without, having: what a round gives without it, and with it.

    is_cut: more needs wait than were compared.
    """

    inputs: Inputs
    request_id: str
    without: Collection[Allocation]
    having: Collection[Allocation]
    is_cut: bool

    @property
    def need(self) -> OpenNeed:
        return next(each for each in self.inputs.needs if each.id == self.request_id)

    def list_worse(self) -> Iterator[tuple[OpenNeed, int]]:
        """(need, how much less it gets)."""
        before, after = _sum_by_need(self.without), _sum_by_need(self.having)
        for need in self.inputs.needs:
            less = before.get(need.id, 0) - after.get(need.id, 0)
            if less > 0 and need.id != self.request_id:
                yield need, less

    def list_sources(self) -> Iterator[tuple[str, int, int, int]]:
        """(fund, free now, left without it, left with it) of what it would get from; the fund is
        empty for what no fund gives."""
        offers = {offer.id: offer for offer in self.inputs.offers}
        used = {offers[each.offer_id].fund_id or "" for each in self._list_own()}
        for fund in sorted(used):
            free = sum(each.free for each in offers.values() if (each.fund_id or "") == fund)
            without = free - _sum_of_fund(self.without, offers, fund)
            yield fund, free, without, free - _sum_of_fund(self.having, offers, fund)

    def _list_own(self) -> list[Allocation]:
        return [each for each in self.having if each.request_id == self.request_id]

    def sum_own(self) -> int:
        return sum(each.quantity for each in self._list_own())


def _sum_by_need(rows: Iterable[Allocation]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for each in rows:
        sums[each.request_id] += each.quantity
    return sums


def _sum_of_fund(rows: Iterable[Allocation], offers: Mapping[str, OpenOffer], fund: str) -> int:
    return sum(each.quantity for each in rows if (offers[each.offer_id].fund_id or "") == fund)


# --- in words -------------------------------------------------------------------------------------


def format_outlook(comparison: Comparison) -> Iterator[OutlookSentence]:
    yield _format_given(comparison)
    for fund, free, left_without, left_with in list(comparison.list_sources())[:FUNDS_MAX]:
        yield _format_left(comparison.need, fund, free, left_without, left_with)
    yield _format_worse(comparison)
    if comparison.is_cut:
        yield OutlookSentence(
            zh=f"等候的诉求很多，只比较了最急的 {NEEDS_MAX} 件。",
            en=f"Many wait: only the {NEEDS_MAX} most urgent were compared.",
        )


def _format_given(comparison: Comparison) -> OutlookSentence:
    need, covered = comparison.need, comparison.sum_own()
    wanted = format_quantity(need.remaining, need.unit)
    if not covered:
        return OutlookSentence(
            zh=f"同意 {wanted}：按现有资源一时对接不上，要等新的资源。",
            en=f"If {wanted} are approved, nothing there is serves it: it waits for new offers.",
        )
    part = format_quantity(covered, need.unit)
    rest = format_quantity(need.remaining - covered, need.unit)
    if covered == need.remaining:
        return OutlookSentence(
            zh=f"同意 {wanted}：按现有资源可以全部对接。",
            en=f"If {wanted} are approved, what is offered now serves all of it.",
        )
    return OutlookSentence(
        zh=f"同意 {wanted}：按现有资源可以对接 {part}，还缺 {rest}，要等新的资源。",
        en=f"If {wanted} are approved, {part} are served now; {rest} wait for new offers.",
    )


def _format_left(
    need: OpenNeed, fund: str, free: int, left_without: int, left_with: int
) -> OutlookSentence:
    """After all that waits beside it is served too."""
    now, without, left = (
        format_quantity(each, need.unit) for each in (free, left_without, left_with)
    )
    name = (f"基金 {fund} ", f"Fund {fund}") if fund else ("其他爱心资源", "Other offers")
    return OutlookSentence(
        zh=f"{name[0]}现有 {now} 可用；等候的诉求都对接后还剩 {left}"
        f"（不同意这一件则剩 {without}）。",
        en=f"{name[1]}: {now} free; {left} are left when all that waits is served"
        f" ({without} without this one).",
    )


def _format_worse(comparison: Comparison) -> OutlookSentence:
    worse = list(comparison.list_worse())
    if not worse:
        return OutlookSentence(
            zh="没有别的诉求因此多等。", en="Nobody else waits longer because of it."
        )
    need = comparison.need
    less = format_quantity(sum(quantity for _, quantity in worse), need.unit)
    days = max(each.count_days_waited(comparison.inputs.time_ms) for each, _ in worse)
    classes = Counter(each.beneficiary_class for each, _ in worse).most_common()
    kinds = "、".join(f"{LABELS[BeneficiaryClass(each)]} {count} 件" for each, count in classes)
    kinds_en = ", ".join(f"{each.replace('_', ' ')} {count}" for each, count in classes)
    return OutlookSentence(
        zh=f"有 {len(worse)} 件别的诉求会因此多等，共少 {less}：{kinds}；"
        f"其中最久的已等 {days} 天。",
        en=f"{len(worse)} others wait longer and get {less} less ({kinds_en}); the longest has"
        f" waited {days} days.",
    )
