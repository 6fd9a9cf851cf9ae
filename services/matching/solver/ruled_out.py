"""How many offers the service's rule kept from a need, each counted at the first part it fails."""

from collections import Counter
from collections.abc import Iterable

from services.matching.model.fit import fits_place
from services.matching.solver.candidates import room
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.solver.pool.why_not import RuledOut


def ruled_out(need: OpenNeed, offers: Iterable[OpenOffer]) -> RuledOut:
    """Of the offers of the need's resource; the rest are its candidates."""
    shares = dict(need.shares)
    alike = (o for o in offers if (o.unit, o.item) == (need.unit, need.item))
    counts = Counter(_first_failed(need, offer, shares.get(offer.id, 0)) for offer in alike)
    del counts[""]
    return RuledOut(**counts)


def _first_failed(need: OpenNeed, offer: OpenOffer, share: int) -> str:
    """The name of RuledOut's field, or nothing."""
    failed = {
        "category": bool(offer.categories) and need.category not in offer.categories,
        "area": not _serves_place(need, offer),
        "restriction": _is_restricted(need, offer),
        "declined": _has_declined(need, offer),
        "budget": offer.free <= 0,
        "open_cases": offer.cases_free == 0,
        "cap": room(offer, offer.free, share) <= 0,
    }
    return next((rule for rule, stands in failed.items() if stands), "")


def _serves_place(need: OpenNeed, offer: OpenOffer) -> bool:
    anywhere = bool(offer.village_codes) or not offer.town_codes
    return (anywhere or need.town_code in offer.town_codes) and fits_place(offer, need)


def _is_restricted(need: OpenNeed, offer: OpenOffer) -> bool:
    """To some beneficiaries, to others than a related party, or to a campaign."""
    classes = offer.beneficiary_classes
    return (
        (bool(classes) and need.beneficiary_class not in classes)
        or offer.fund_id in need.related_funds
        or (offer.campaign_id is not None and offer.campaign_id not in need.campaigns)
    )


def _has_declined(need: OpenNeed, offer: OpenOffer) -> bool:
    """The offer, its donor, or its fund that could not pay."""
    return (
        offer.id in need.excluded_offers
        or offer.donor_id in need.excluded_donors
        or offer.fund_id in need.excluded_funds
    )
