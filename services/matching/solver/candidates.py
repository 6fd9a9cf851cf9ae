"""Which offers a need may be served by, found once for needs that the table does not tell apart."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter

from services.matching.eligibility import RULES, Rule
from services.matching.solver.interface import OpenNeed, OpenOffer

_ANYWHERE = ""
_SHARED: tuple[Rule, ...] = tuple(rule for rule in RULES if rule.reads)
_OWN: tuple[Rule, ...] = tuple(rule for rule in RULES if not rule.reads and rule.name != "area")
_kind = attrgetter(*(field for rule in _SHARED for field in rule.reads))


class Candidates:
    """In order of id. An index by place and by what many needs have alike."""

    def __init__(self, offers: Iterable[OpenOffer]) -> None:
        self._by_place: dict[tuple[str, str, str], list[OpenOffer]] = defaultdict(list)
        for offer in offers:
            for place in {*offer.town_codes, *offer.village_codes} or {_ANYWHERE}:
                self._by_place[offer.unit, offer.item, place].append(offer)
        self._alike: dict[tuple[object, ...], tuple[OpenOffer, ...]] = {}

    def find(self, need: OpenNeed) -> list[OpenOffer]:
        return list(self._list_each(need))

    def serve(self, need: OpenNeed) -> bool:
        """Whether any may serve it: a round without such a need would be in vain."""
        return next(self._list_each(need), None) is not None

    def _list_each(self, need: OpenNeed) -> Iterator[OpenOffer]:
        for offer in self._list_of_kind(need):
            if all(rule.allows(need, offer, 1) for rule in _OWN):
                yield offer

    def _list_of_kind(self, need: OpenNeed) -> tuple[OpenOffer, ...]:
        """What the rules allow that read little of a need, in its town or village or anywhere."""
        village = need.village_code
        if (need.unit, need.item, village) not in self._by_place:
            village = None
        key = (*_kind(need), need.town_code, village)
        alike = self._alike.get(key)
        if alike is None:
            places = {_ANYWHERE, need.town_code, village or _ANYWHERE}
            near = {
                offer.id: offer
                for place in places
                for offer in self._by_place.get((need.unit, need.item, place), ())
                if all(rule.allows(need, offer, 1) for rule in _SHARED)
            }
            alike = self._alike[key] = tuple(near[id_] for id_ in sorted(near))
        return alike
