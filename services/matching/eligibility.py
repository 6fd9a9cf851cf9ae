"""Who may serve whom, as one table: a row for each reason why an offer may not serve a need.

All who ask take it from here: the decision on a proposal or claim (`find_obstacle`), the index of
candidates (`reads`), the solver's arcs (`allows_pairs`), the menu's query (`stored_needs`) and the
counts of an explanation (`group`). A property test holds them equal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from services.matching import messages
from services.matching.model.place import measure_metres
from services.matching.solver import pair_rules
from services.matching.solver.columns import (
    DONOR_ASKS,
    DONOR_EXCLUDED,
    FUND_BARRED,
    FUND_EXCLUDED,
    FUND_RELATED,
    OFFER_EXCLUDED,
)
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.solver.pair_rules import PairRule
from shared.errors import Message

Group = Literal["category", "area", "restriction", "declined", "budget", "open_cases", "cap"]

# An explanation counts an offer once, in the first of these in which a rule keeps it from the need.
GROUPS: Mapping[Group, tuple[str, str]] = {
    "category": ("类别不符", "category"),
    "area": ("不在服务范围", "area"),
    "restriction": ("资金用途或对象受限", "restricted fund"),
    "declined": ("此前已婉拒", "earlier decline"),
    "budget": ("已无余额", "budget"),
    "open_cases": ("在办件数已满", "open cases"),
    "cap": ("已达单件上限", "cap per request"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """refusal: what is answered where it does not allow a match. group: where it is counted.

    allows: whether the offer may give so much to the need. allows_pairs: the same of pairs of rows
    of a pool, for one unit; None where a pool holds only what the rule allows.
    reads: the fields of a need that it depends on, where they are few and alike for many needs.
    stored_needs: a condition on needs in the database that all it allows meet.
    """

    name: str
    refusal: Message
    group: Group
    allows: Callable[[OpenNeed, OpenOffer, int], bool]
    allows_pairs: PairRule | None
    reads: tuple[str, ...] = ()
    stored_needs: Callable[[OpenOffer], Mapping[str, object]] | None = None


def find_obstacle(need: OpenNeed, offer: OpenOffer, quantity: int = 1) -> Rule | None:
    """The first rule that keeps the offer from giving so much to the need."""
    return next((rule for rule in RULES if not rule.allows(need, offer, quantity)), None)


def build_query(offer: OpenOffer) -> dict[str, object]:
    """A condition on needs in the database that all that the offer may serve meet."""
    query: dict[str, object] = {}
    for rule in RULES:
        if rule.stored_needs is not None:
            query |= rule.stored_needs(offer)
    return query


# --- of one pair ----------------------------------------------------------------------------------


def _serves_area(need: OpenNeed, offer: OpenOffer, _quantity: int) -> bool:
    if not offer.town_codes and not offer.village_codes:
        return True
    return need.town_code in offer.town_codes or need.village_code in offer.village_codes


def _serves_distance(need: OpenNeed, offer: OpenOffer, _quantity: int) -> bool:
    """Who has set a radius helps only where the distance is known."""
    if offer.radius_m is None:
        return True
    if offer.place is None or need.place is None:
        return False
    return measure_metres(offer.place, need.place) <= offer.radius_m


def _keeps_cap(need: OpenNeed, offer: OpenOffer, quantity: int) -> bool:
    cap = offer.cap_per_request
    return cap is None or dict(need.shares).get(offer.id, 0) + quantity <= cap


# --- the table ------------------------------------------------------------------------------------


def _match_any(field: str, codes: tuple[str, ...]) -> dict[str, object]:
    return {field: {"$in": list(codes)}} if codes else {}


CAMPAIGN = Rule(
    "campaign",
    messages.NEED_NOT_IN_CAMPAIGN,
    "restriction",
    lambda need, offer, _: offer.campaign_id is None or offer.campaign_id in need.campaigns,
    pair_rules.match_campaigns,
)

# In the order in which a refusal is chosen.
RULES: tuple[Rule, ...] = (
    Rule(
        "offer_excluded",
        messages.OFFER_EXCLUDED,
        "declined",
        lambda need, offer, _: offer.id not in need.excluded_offers,
        pair_rules.exclude_reason(OFFER_EXCLUDED),
    ),
    Rule(
        "fund_excluded",
        messages.FUND_EXCLUDED,
        "declined",
        lambda need, offer, _: offer.fund_id not in need.excluded_funds,
        pair_rules.exclude_reason(FUND_EXCLUDED),
    ),
    Rule(
        "donor_excluded",
        messages.DONOR_EXCLUDED,
        "declined",
        lambda need, offer, _: offer.donor_id not in need.excluded_donors,
        pair_rules.exclude_reason(DONOR_EXCLUDED),
    ),
    Rule(
        "own_request",
        messages.OWN_REQUEST,
        "restriction",
        lambda need, offer, _: offer.donor_id not in need.own_donors,
        pair_rules.exclude_reason(DONOR_ASKS),
    ),
    Rule(
        "related_party",
        messages.RELATED_PARTY,
        "restriction",
        lambda need, offer, _: offer.fund_id not in need.related_funds,
        pair_rules.exclude_reason(FUND_RELATED),
    ),
    Rule(
        "fund_terms",
        messages.FUND_TERMS_OUTSIDE,
        "restriction",
        lambda need, offer, _: offer.fund_id not in need.barred_funds,
        pair_rules.exclude_reason(FUND_BARRED),
    ),
    Rule(
        "resource",
        messages.UNIT_DIFFERS,
        "category",
        lambda need, offer, _: (offer.unit, offer.item) == (need.unit, need.item),
        None,
        reads=("unit", "item"),
        stored_needs=lambda offer: {"unit": offer.unit, "item": offer.item},
    ),
    Rule(
        "category",
        messages.OFFER_UNSUITABLE,
        "category",
        lambda need, offer, _: not offer.categories or need.category in offer.categories,
        pair_rules.match_categories,
        reads=("category",),
        stored_needs=lambda offer: _match_any("category", offer.categories),
    ),
    Rule(
        "beneficiary_class",
        messages.OFFER_UNSUITABLE,
        "restriction",
        lambda need, offer, _: (
            not offer.beneficiary_classes or need.beneficiary_class in offer.beneficiary_classes
        ),
        pair_rules.match_classes,
        reads=("beneficiary_class",),
        stored_needs=lambda offer: _match_any("beneficiary_class", offer.beneficiary_classes),
    ),
    Rule(
        "tier",
        messages.OFFER_UNSUITABLE,
        "restriction",
        lambda need, offer, _: not offer.tiers or need.tier in offer.tiers,
        pair_rules.match_tiers,
    ),
    Rule(
        "area",
        messages.OFFER_UNSUITABLE,
        "area",
        _serves_area,
        pair_rules.match_areas,
        # A village is a place of its town, and no index helps with both.
        stored_needs=lambda offer: (
            {} if offer.village_codes else _match_any("town_code", offer.town_codes)
        ),
    ),
    Rule("radius", messages.OFFER_UNSUITABLE, "area", _serves_distance, pair_rules.match_radii),
    Rule(
        "remaining",
        messages.NEED_EXCEEDED,
        "budget",
        lambda need, _, quantity: quantity <= need.remaining,
        lambda pool, request, _: pool.demand.amount[request] > 0,
    ),
    Rule(
        "budget",
        messages.OFFER_EXCEEDED,
        "budget",
        lambda _, offer, quantity: quantity <= offer.free,
        lambda pool, _, offer: pool.supply.budget[offer] > 0,
    ),
    Rule(
        "cap",
        messages.CAP_EXCEEDED,
        "cap",
        _keeps_cap,
        lambda pool, request, offer: pool.supply.cap[offer] > pool.shares.find(request, offer),
    ),
    Rule(
        "open_cases",
        messages.CASES_EXCEEDED,
        "open_cases",
        lambda _, offer, __: offer.cases_free is None or offer.cases_free > 0,
        lambda pool, _, offer: pool.supply.cases[offer] > 0,
    ),
    CAMPAIGN,
)
