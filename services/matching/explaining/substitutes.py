"""What might be given instead: substitutes of the catalogue that somebody offers.

Advice to who works on the request: another thing is given only when the person wants it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.matching.eligibility import find_obstacle
from services.matching.explaining.details import format_quantity
from services.matching.model.need import Need
from services.matching.rounds.pool import OfferShelf
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.store import build_open_need, load_pool_context
from shared import mongo
from shared.catalogue import Catalogue, Entry


@dataclass(frozen=True, slots=True)
class Substitute:
    """free: in its own unit, of all offers that may serve the need but for what they give."""

    item: str
    unit: str
    offers: int
    free: int

    def format(self, item: str) -> str:
        quantity = format_quantity(self.free, self.unit)
        return (
            f"目录中可替代{item}的{self.item}还有{quantity}可用，请先问过本人，再按它登记 · "
            f"the catalogue's substitute {self.item}: {quantity} free; ask the person first"
        )


async def find_substitutes(
    database: mongo.Database,
    is_gone: Callable[[str], bool],
    catalogue: Catalogue,
    need: Need,
    now: datetime,
) -> list[Substitute]:
    """In the catalogue's order; none where nothing is still wanted. is_gone: as in `OfferShelf`."""
    entries = list_entries(catalogue, need.item)
    if need.state != "open" or not need.remaining or not entries:
        return []
    substitutes: list[Substitute] = []
    for entry in entries:
        resource = {"unit": entry.unit, "item": entry.name}
        offers = await OfferShelf(database, is_gone, resource).read(now)
        context = await load_pool_context(database, offers, now)
        open_need = build_open_need(need, context)
        if substitute := weigh_substitute(open_need, entry, context.admit(offers)):
            substitutes.append(substitute)
    return substitutes


def list_entries(catalogue: Catalogue, item: str) -> Sequence[Entry]:
    """What may be given instead of it."""
    entry = catalogue.find(item) if item else None
    names = entry.substitutes if entry else ()
    return [each for name in names if (each := catalogue.find(name))]


def weigh_substitute(
    need: OpenNeed, entry: Entry, offers: Iterable[OpenOffer]
) -> Substitute | None:
    """By all rules of eligibility, as if it were what the need asks for."""
    instead = replace(need, unit=entry.unit, item=entry.name)
    fitting = [offer for offer in offers if find_obstacle(instead, offer) is None]
    if not fitting:
        return None
    free = sum(offer.free for offer in fitting)
    return Substitute(entry.name, entry.unit, len(fitting), free)
