"""Offers of the goods that a file of requests asks for, so that something can match."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.campaign import Enterprise
from services.intake.channels.spreadsheet import SheetRequest, read_requests
from shared.contracts.events import OfferSubmitted
from shared.contracts.values import Channel

# Requested often enough to be of use, seldom enough that a few enterprises can give it.
REQUESTS_MIN, REQUESTS_MAX = 2, 120


@dataclass(frozen=True, slots=True)
class Demand:
    """All requests for one thing, together."""

    item: str
    unit: str
    quantity: int
    times: int


def list_demands(file: Path) -> list[Demand]:
    """What else than money the file asks for, the most frequent first."""
    quantities: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in read_requests(file.read_bytes(), Channel.SPREADSHEET):
        if isinstance(row, SheetRequest) and not row.request.need.is_money:
            need = row.request.need
            quantities[need.item, need.unit].append(need.quantity)
    demands = [Demand(item, unit, sum(q), len(q)) for (item, unit), q in quantities.items()]
    return sorted(demands, key=lambda demand: (-demand.times, demand.item))


def build_offers(
    file: Path, donors: Sequence[Enterprise], ids: dict[int, str]
) -> list[tuple[str, OfferSubmitted]]:
    """(message id, offer): one thing an enterprise, half of what is asked for."""
    demands = [d for d in list_demands(file) if REQUESTS_MIN <= d.times <= REQUESTS_MAX]
    return [
        (f"goods-{donor.number}", _build_offer(ids[donor.number], demand))
        for donor, demand in zip(donors, demands, strict=False)
    ]


def _build_offer(donor_id: str, demand: Demand) -> OfferSubmitted:
    quantity = max(1, demand.quantity // 2)
    return OfferSubmitted(donor_id=donor_id, unit=demand.unit, item=demand.item, quantity=quantity)
