"""The figures of a play, as JSON and as tables."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.needs import UNKNOWN, HospitalItem, NeedEvents
from tests.bench.wuhan.offers import OfferRow
from tests.bench.wuhan.periods import ENDINGS, Ending, RequestPeriod

LABELS: Mapping[Ending, tuple[str, str]] = {
    "matched": ("已匹配", "matched, stands at the end"),
    "matched_in_part": ("部分匹配", "matched in part"),
    "matched_then_withdrawn": ("匹配后需求撤回", "matched, then not needed any more"),
    "no_offer": ("没有该物品的资源", "no offer of the item at all"),
    "transport_only": ("只有运力，没有物品", "only transport to the city is offered"),
    "offer_quantity_unknown": ("资源未写数量", "offered, nobody said how much"),
    "offer_unlicensed": ("资源缺少资质证明", "offered without a certificate"),
    "offer_over": ("资源已过有效期", "the offer was over"),
    "area_differs": ("不在服务范围", "the offer serves other areas"),
    "need_quantity_unknown": ("需求未写数量", "needed, nobody said how much"),
    "stock_exhausted": ("资源已分完", "the stock was spent"),
    "withdrawn_before_match": ("匹配前需求撤回", "withdrawn before the next round"),
    "waiting": ("等待下一轮", "waits for the next round"),
}


@dataclass(frozen=True, slots=True)
class EndingCounts:
    """requests, needs: how many ended so; a need as its last request. shares: of 1.

    withdrawn: how many of the requests were withdrawn meanwhile.
    """

    requests: int
    requests_share: float
    needs: int
    needs_share: float
    pieces: int
    pieces_share: float
    withdrawn: int


def count_endings(periods: Sequence[RequestPeriod]) -> dict[Ending, EndingCounts]:
    """Those that occur; every column sums to its whole. A part match's rest is in its reason."""
    requests = Counter(period.ending for period in periods)
    needs = Counter(period.ending for period in _pick_last(periods).values())
    withdrawn = Counter(period.ending for period in periods if period.ended_at)
    parts: Counter[Ending] = Counter()
    for period in periods:
        parts.update(period.shares())
    return {
        ending: EndingCounts(
            requests[ending],
            _compute_share(requests[ending], requests.total()),
            needs[ending],
            _compute_share(needs[ending], needs.total()),
            parts[ending],
            _compute_share(parts[ending], parts.total()),
            withdrawn[ending],
        )
        for ending in ENDINGS
        if requests[ending] or parts[ending]
    }


def _pick_last(periods: Iterable[RequestPeriod]) -> dict[HospitalItem, RequestPeriod]:
    return {period.item_needed: period for period in periods}


def _compute_share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def count_by_item(periods: Sequence[RequestPeriod]) -> dict[str, dict[str, int]]:
    """Requests, those that were ever matched, pieces asked and standing, of each item."""
    rows: dict[str, Counter[str]] = {}
    for period in periods:
        row = rows.setdefault(period.item_needed.item, Counter())
        row.update(requests=1, quantity_unknown=int(period.stated == UNKNOWN))
        row.update(ever_matched=int(period.matched_at is not None))
        row.update(pieces=period.pieces, standing=period.standing)
    return {item: dict(row) for item, row in sorted(rows.items())}


def count_pieces(periods: Sequence[RequestPeriod]) -> dict[str, int | float]:
    """said: where the hospital named the quantity. needs: each as its last request, so that what
    is asked again and again counts once; nothing stands for any request before the last.
    """
    standing = sum(s.standing for s in periods)
    needs = sum(s.pieces for s in _pick_last(periods).values())
    return {
        "requests": sum(s.pieces for s in periods),
        "requests_said": sum(s.pieces for s in periods if s.stated != UNKNOWN),
        "needs": needs,
        "standing": standing,
        "standing_said": sum(s.standing for s in periods if s.stated != UNKNOWN),
        "standing_share_of_needs": _compute_share(standing, needs),
    }


def measure_waits(periods: Iterable[RequestPeriod]) -> dict[str, float]:
    """From a request to its first match, in minutes."""
    passed = sorted((s.matched_at - s.opened_at).total_seconds() for s in periods if s.matched_at)
    minutes = [round(seconds / 60, 1) for seconds in passed]
    figures: dict[str, float] = {"matched": len(minutes), "at_once": minutes.count(0.0)}
    if minutes:
        at = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        figures |= {name: minutes[int(share * (len(minutes) - 1))] for name, share in at.items()}
    return figures


def describe_stream(events: NeedEvents, periods: Sequence[RequestPeriod]) -> dict[str, Any]:
    """What the rows were. returned: requests that say what one withdrawn before them said."""
    before: set[tuple[HospitalItem, int]] = set()
    returned = 0
    for period in periods:
        stated = (period.item_needed, period.stated)
        returned += stated in before
        before.add(stated)
    return {
        "rows": events.rows,
        "unread": dict(events.unread),
        "changes": len(events.changes),
        "hospitals": len({(s.item_needed.city, s.item_needed.hospital) for s in periods}),
        "needs": len(_pick_last(periods)),
        "requests": len(periods),
        "returned": returned,
        "quantity_unknown": sum(period.stated == UNKNOWN for period in periods),
    }


def describe_offers(offers: Sequence[OfferRow], periods: Iterable[RequestPeriod]) -> dict[str, Any]:
    """Rows by kind, and what the goods in them are good for. A row may name several items."""
    needed = {period.item_needed.item for period in periods}
    goods = [offer for offer in offers if offer.kind == "factory"]
    rows = Counter(kind for _, kind in {(offer.row, offer.kind) for offer in offers})
    why = Counter(
        "nobody_asked" if o.item not in needed else o.flaw or "allocatable" for o in goods
    )
    stock: Counter[str] = Counter()
    for offer in goods:
        if offer.quantity and not offer.flaw and offer.item in needed:
            stock[offer.item] += offer.quantity
    return {
        "rows": dict(sorted(rows.items())),
        "goods": dict(sorted(why.items())),
        "allocatable": dict(sorted(stock.items())),
    }


def build_figures(assumed: Assumptions, periods: Sequence[RequestPeriod]) -> dict[str, Any]:
    return {
        "assumptions": asdict(assumed),
        "endings": {ending: asdict(row) for ending, row in count_endings(periods).items()},
        "items": count_by_item(periods),
        "pieces": count_pieces(periods),
        "wait_minutes": measure_waits(periods),
    }


def build_brief(assumed: Assumptions, periods: Sequence[RequestPeriod]) -> dict[str, Any]:
    """One line to compare assumptions by."""
    requests = Counter(period.ending for period in periods)
    requested, standing = sum(s.pieces for s in periods), sum(s.standing for s in periods)
    needs = _pick_last(periods).values()
    return {
        "name": assumed.name,
        "ever_matched_share": _compute_share(
            sum(s.matched_at is not None for s in periods), len(periods)
        ),
        "standing_share": _compute_share(sum(s.standing > 0 for s in periods), len(periods)),
        "needs_standing_share": _compute_share(sum(s.standing > 0 for s in needs), len(needs)),
        "pieces_standing": standing,
        "pieces_share": _compute_share(standing, requested),
        "stock_exhausted": requests["stock_exhausted"],
    }
