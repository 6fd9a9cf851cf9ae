"""The figures of a play, as JSON and as tables."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.needs import UNKNOWN, NeedEvents, Wanted
from tests.bench.wuhan.offers import Offered
from tests.bench.wuhan.spells import ENDINGS, Ending, Spell

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
class Class:
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


def classes(spells: Sequence[Spell]) -> dict[Ending, Class]:
    """Those that occur; every column sums to its whole. A part match's rest is in its reason."""
    requests = Counter(spell.ending for spell in spells)
    needs = Counter(spell.ending for spell in _last(spells).values())
    withdrawn = Counter(spell.ending for spell in spells if spell.ended_at)
    parts: Counter[Ending] = Counter()
    for spell in spells:
        parts.update(spell.shares())
    return {
        ending: Class(
            requests[ending],
            _share(requests[ending], requests.total()),
            needs[ending],
            _share(needs[ending], needs.total()),
            parts[ending],
            _share(parts[ending], parts.total()),
            withdrawn[ending],
        )
        for ending in ENDINGS
        if requests[ending] or parts[ending]
    }


def _last(spells: Iterable[Spell]) -> dict[Wanted, Spell]:
    return {spell.wanted: spell for spell in spells}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def by_item(spells: Sequence[Spell]) -> dict[str, dict[str, int]]:
    """Requests, those that were ever matched, pieces asked and standing, of each item."""
    found: dict[str, Counter[str]] = {}
    for spell in spells:
        row = found.setdefault(spell.wanted.item, Counter())
        row.update(requests=1, quantity_unknown=int(spell.said == UNKNOWN))
        row.update(ever_matched=int(spell.matched_at is not None))
        row.update(pieces=spell.pieces, standing=spell.standing)
    return {item: dict(row) for item, row in sorted(found.items())}


def pieces(spells: Sequence[Spell]) -> dict[str, int | float]:
    """said: where the hospital named the quantity. needs: each as its last request, so that what
    is asked again and again counts once; nothing stands for any request before the last.
    """
    standing = sum(s.standing for s in spells)
    needs = sum(s.pieces for s in _last(spells).values())
    return {
        "requests": sum(s.pieces for s in spells),
        "requests_said": sum(s.pieces for s in spells if s.said != UNKNOWN),
        "needs": needs,
        "standing": standing,
        "standing_said": sum(s.standing for s in spells if s.said != UNKNOWN),
        "standing_share_of_needs": _share(standing, needs),
    }


def waits(spells: Iterable[Spell]) -> dict[str, float]:
    """From a request to its first match, in minutes."""
    passed = sorted((s.matched_at - s.opened_at).total_seconds() for s in spells if s.matched_at)
    minutes = [round(seconds / 60, 1) for seconds in passed]
    found: dict[str, float] = {"matched": len(minutes), "at_once": minutes.count(0.0)}
    if minutes:
        at = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        found |= {name: minutes[int(share * (len(minutes) - 1))] for name, share in at.items()}
    return found


def stream(events: NeedEvents, spells: Sequence[Spell]) -> dict[str, Any]:
    """What the rows were. returned: requests that say what one withdrawn before them said."""
    before: set[tuple[Wanted, int]] = set()
    returned = 0
    for spell in spells:
        said = (spell.wanted, spell.said)
        returned += said in before
        before.add(said)
    return {
        "rows": events.rows,
        "unread": dict(events.unread),
        "changes": len(events.changes),
        "hospitals": len({(s.wanted.city, s.wanted.hospital) for s in spells}),
        "needs": len(_last(spells)),
        "requests": len(spells),
        "returned": returned,
        "quantity_unknown": sum(spell.said == UNKNOWN for spell in spells),
    }


def offered(offers: Sequence[Offered], spells: Iterable[Spell]) -> dict[str, Any]:
    """Rows by kind, and what the goods in them are good for. A row may name several items."""
    asked = {spell.wanted.item for spell in spells}
    goods = [offer for offer in offers if offer.kind == "factory"]
    rows = Counter(kind for _, kind in {(offer.row, offer.kind) for offer in offers})
    why = Counter("nobody_asked" if o.item not in asked else o.flaw or "allocatable" for o in goods)
    stock: Counter[str] = Counter()
    for offer in goods:
        if offer.quantity and not offer.flaw and offer.item in asked:
            stock[offer.item] += offer.quantity
    return {
        "rows": dict(sorted(rows.items())),
        "goods": dict(sorted(why.items())),
        "allocatable": dict(sorted(stock.items())),
    }


def figures(assumed: Assumptions, spells: Sequence[Spell]) -> dict[str, Any]:
    return {
        "assumptions": asdict(assumed),
        "endings": {ending: asdict(row) for ending, row in classes(spells).items()},
        "items": by_item(spells),
        "pieces": pieces(spells),
        "wait_minutes": waits(spells),
    }


def brief(assumed: Assumptions, spells: Sequence[Spell]) -> dict[str, Any]:
    """One line to compare assumptions by."""
    requests = Counter(spell.ending for spell in spells)
    asked, standing = sum(s.pieces for s in spells), sum(s.standing for s in spells)
    needs = _last(spells).values()
    return {
        "name": assumed.name,
        "ever_matched_share": _share(sum(s.matched_at is not None for s in spells), len(spells)),
        "standing_share": _share(sum(s.standing > 0 for s in spells), len(spells)),
        "needs_standing_share": _share(sum(s.standing > 0 for s in needs), len(needs)),
        "pieces_standing": standing,
        "pieces_share": _share(standing, asked),
        "stock_exhausted": requests["stock_exhausted"],
    }
