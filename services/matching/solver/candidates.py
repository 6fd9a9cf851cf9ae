"""Which offers a need may be served by, found once for needs that are alike to the rule."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.matching.model.fit import fits_alike, fits_place
from services.matching.solver.interface import OpenNeed, OpenOffer

_ANYWHERE = ""


@dataclass(frozen=True, slots=True)
class _Alike:
    """plain: nothing but earlier events can rule one of them out."""

    offers: tuple[OpenOffer, ...]
    plain: bool


def _towns(offer: OpenOffer) -> set[str]:
    """A village's code begins with its town's."""
    return {*offer.town_codes, *(code[:9] for code in offer.village_codes)} or {_ANYWHERE}


def _is_local(offer: OpenOffer) -> bool:
    return bool(offer.village_codes or offer.radius_km or offer.campaign_id)


def _is_particular(need: OpenNeed) -> bool:
    excluded = need.excluded_offers or need.excluded_donors or need.excluded_funds
    return bool(excluded or need.related_funds)


class Candidates:
    """In order of id."""

    def __init__(self, offers: Iterable[OpenOffer]) -> None:
        self._by_town: dict[tuple[str, str, str], list[OpenOffer]] = defaultdict(list)
        for offer in offers:
            for town in _towns(offer):
                self._by_town[offer.unit, offer.item, town].append(offer)
        self._found: dict[tuple[str, ...], _Alike] = {}

    def of(self, need: OpenNeed) -> list[OpenOffer]:
        return list(self._each(need))

    def _each(self, need: OpenNeed) -> Iterator[OpenOffer]:
        alike = (need.unit, need.item, need.category, need.beneficiary_class, need.town_code)
        found = self._found.get(alike)
        if found is None:
            found = self._found[alike] = self._alike(need)
        if found.plain and not _is_particular(need):
            return iter(found.offers)
        return (o for o in found.offers if fits_place(o, need) and may_be_asked(o, need))

    def _alike(self, need: OpenNeed) -> "_Alike":
        towns = (_ANYWHERE, need.town_code)
        near = (o for town in towns for o in self._by_town.get((need.unit, need.item, town), ()))
        offers = sorted((o for o in near if fits_alike(o, need)), key=lambda o: o.id)
        return _Alike(tuple(offers), plain=not any(map(_is_local, offers)))

    def serve(self, need: OpenNeed) -> bool:
        """Whether any has room for it: a round without such a need would be in vain."""
        shares = dict(need.shares)
        return any(room(o, o.free, shares.get(o.id, 0)) > 0 for o in self._each(need))


def may_be_asked(offer: OpenOffer, need: OpenNeed) -> bool:
    """Whether nothing that happened, and nobody's relations, keep the offer from the need."""
    return (
        offer.id not in need.excluded_offers
        and offer.donor_id not in need.excluded_donors
        and offer.fund_id not in need.excluded_funds
        and offer.fund_id not in need.related_funds
        and (offer.campaign_id is None or offer.campaign_id in need.campaigns)
    )


def room(offer: OpenOffer, free: int, share: int) -> int:
    """What the offer can still give to a need that has `share` from it."""
    cap = offer.cap_per_request
    return free if cap is None else min(free, cap - share)
