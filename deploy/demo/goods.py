"""Goods for the requests of a file: offers of what it asks for, so that something can match."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.campaign import Enterprise
from services.intake.channels.spreadsheet import Row, read
from shared.contracts.events import OfferSubmitted
from shared.contracts.values import Channel

# Asked for often enough to be of use, seldom enough that a few enterprises can give it.
ASKED_TIMES_MIN, ASKED_TIMES_MAX = 2, 120


@dataclass(frozen=True, slots=True)
class Wanted:
    """All requests for one thing, together."""

    item: str
    unit: str
    quantity: int
    times: int


def wanted(file: Path) -> list[Wanted]:
    """What else than money the file asks for, the most frequent first."""
    quantities: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in read(file.read_bytes(), Channel.SPREADSHEET):
        if isinstance(row, Row) and not row.request.need.is_money:
            need = row.request.need
            quantities[need.item, need.unit].append(need.quantity)
    found = [Wanted(item, unit, sum(q), len(q)) for (item, unit), q in quantities.items()]
    return sorted(found, key=lambda each: (-each.times, each.item))


def offers_for(
    file: Path, givers: Sequence[Enterprise], ids: dict[int, str]
) -> list[tuple[str, OfferSubmitted]]:
    """(message id, offer): one thing an enterprise, half of what is asked for."""
    some = [w for w in wanted(file) if ASKED_TIMES_MIN <= w.times <= ASKED_TIMES_MAX]
    return [
        (f"goods-{giver.number}", _offer(ids[giver.number], each))
        for giver, each in zip(givers, some, strict=False)
    ]


def _offer(donor_id: str, each: Wanted) -> OfferSubmitted:
    quantity = max(1, each.quantity // 2)
    return OfferSubmitted(donor_id=donor_id, unit=each.unit, item=each.item, quantity=quantity)
