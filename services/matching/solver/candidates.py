"""Which offers a need may be served by, found once for needs that are alike to the rule."""

from collections import defaultdict
from collections.abc import Iterable

from services.matching.model.fit import fits
from services.matching.solver.interface import OpenNeed, OpenOffer


class Candidates:
    """In order of id."""

    def __init__(self, offers: Iterable[OpenOffer]) -> None:
        self._by_resource: dict[tuple[str, str], list[OpenOffer]] = defaultdict(list)
        for offer in sorted(offers, key=lambda o: o.id):
            self._by_resource[offer.unit, offer.item].append(offer)
        self._found: dict[tuple[str, ...], tuple[OpenOffer, ...]] = {}

    def of(self, need: OpenNeed) -> list[OpenOffer]:
        alike = (need.unit, need.item, need.category, need.beneficiary_class, need.town_code)
        found = self._found.get(alike)
        if found is None:
            offers = self._by_resource.get((need.unit, need.item), ())
            found = self._found[alike] = tuple(o for o in offers if fits(o, need))
        return [
            o
            for o in found
            if o.id not in need.excluded_offers and o.donor_id not in need.excluded_donors
        ]

    def serve(self, need: OpenNeed) -> bool:
        """Whether any has room for it: a round without such a need would be in vain."""
        shares = dict(need.shares)
        return any(room(o, o.free, shares.get(o.id, 0)) > 0 for o in self.of(need))


def room(offer: OpenOffer, free: int, share: int) -> int:
    """What the offer can still give to a need that has `share` from it."""
    cap = offer.cap_per_request
    return free if cap is None else min(free, cap - share)
