"""An instance as people write it, read from a file: `{"now", "requests", "offers", "weights"}`.

Its rows become the same needs and offers that the service's rounds are solved from.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, Strict, ValidationError, model_validator

from services.matching.model.place import Place, find_middle_of
from services.matching.planner import messages
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.solver.weights import TIER_MAX, Weights
from shared.contracts.values import (
    MONEY_UNIT,
    Identifier,
    Moment,
    Quantity,
    ShortText,
    Value,
    Whole,
)
from shared.errors import Invalid, Problem
from shared.moments import count_milliseconds
from shared.towns import find_middle
from shared.validation import Location, describe_validation

Latitude = Annotated[float, Strict(), Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Strict(), Field(ge=-180, le=180, allow_inf_nan=False)]
Tier = Annotated[Whole, Field(ge=0, le=TIER_MAX, description="0 is the most urgent")]

_MICRO = 1_000_000


class NeededQuantity(Value):
    """unit: fen for money; an item with its unit for goods and hours."""

    unit: Annotated[str, Field(min_length=1, max_length=20)]
    quantity: Quantity
    item: Annotated[str, Field(max_length=100)] = ""


class PlacedRow(Value):
    """Degrees; both or neither."""

    lat: Latitude | None = None
    lon: Longitude | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise messages.PLACE_UNPAIRED.invalid_value()
        return self

    @property
    def place(self) -> Place | None:
        """In millionths of a degree."""
        if self.lat is None or self.lon is None:
            return None
        return round(self.lat * _MICRO), round(self.lon * _MICRO)


class RequestRow(PlacedRow):
    """person: an opaque number, to know a fund's related parties by.

    campaigns: those it was joined to by name. excluded_*: never asked (again) for it.
    """

    id: Identifier
    tier: Tier
    category: ShortText
    town: ShortText
    created_at: Moment
    need: NeededQuantity
    beneficiary_class: Annotated[str, Field(max_length=100)] = ""
    village: ShortText | None = None
    person: Identifier | None = None
    campaigns: tuple[Identifier, ...] = ()
    excluded_offers: tuple[Identifier, ...] = ()
    excluded_donors: tuple[Identifier, ...] = ()
    excluded_funds: tuple[Identifier, ...] = ()


class OfferRow(PlacedRow):
    """Empty lists mean any; of towns and villages one is enough. unreliability: 0 (never) to 100.

    kind is for the reader: what may stand in for what, unit and item say. tiers: of a restricted
    fund. campaign: it serves that campaign's requests alone.
    """

    id: Identifier
    kind: ShortText
    categories: tuple[ShortText, ...] = ()
    beneficiary_classes: tuple[ShortText, ...] = ()
    towns: tuple[ShortText, ...] = ()
    villages: tuple[ShortText, ...] = ()
    tiers: tuple[Tier, ...] = ()
    radius_km: Annotated[float, Strict(), Field(gt=0, le=40_000, allow_inf_nan=False)] | None = None
    unit: Annotated[str, Field(min_length=1, max_length=20)]
    item: Annotated[str, Field(max_length=100)] = ""
    quantity: Annotated[Whole, Field(ge=0, le=10**12)]
    cap_per_request: Quantity | None = None
    max_cases: Annotated[Whole, Field(ge=0, le=10**9)] | None = None
    unreliability: Annotated[Whole, Field(ge=0, le=100)] = 0
    donor: Annotated[str, Field(max_length=200)] = ""
    fund: Identifier | None = None
    campaign: Identifier | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None

    @model_validator(mode="after")
    def _radius_has_a_centre(self) -> Self:
        if self.radius_km is not None and self.lat is None:
            raise messages.RADIUS_UNCENTRED.invalid_value()
        return self

    def is_valid(self, now: datetime) -> bool:
        return _is_within(now, self.valid_from, self.valid_until)


class FundRow(Value):
    """related_parties: persons who never receive from it (利害关系人). The rest: its terms; empty
    lists mean any."""

    id: Identifier
    related_parties: tuple[Identifier, ...] = ()
    categories: tuple[ShortText, ...] = ()
    beneficiary_classes: tuple[ShortText, ...] = ()
    towns: tuple[ShortText, ...] = ()

    def may_pay_for(self, request: "RequestRow") -> bool:
        return all(
            not allowed or value in allowed
            for allowed, value in (
                (self.categories, request.category),
                (self.beneficiary_classes, request.beneficiary_class),
                (self.towns, request.town),
            )
        )


class CriteriaRow(Value):
    """Which requests belong to a campaign of themselves. Empty lists mean any."""

    categories: tuple[ShortText, ...] = ()
    beneficiary_classes: tuple[ShortText, ...] = ()
    towns: tuple[ShortText, ...] = ()

    def is_met_by(self, request: RequestRow) -> bool:
        return (
            (not self.categories or request.category in self.categories)
            and (
                not self.beneficiary_classes
                or request.beneficiary_class in self.beneficiary_classes
            )
            and (not self.towns or request.town in self.towns)
        )


class CampaignRow(Value):
    """budget: what is left of it, in fen. donors: who may give in it; empty is anybody.

    criteria: None where requests are joined by name alone.
    """

    id: Identifier
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    budget: Annotated[Whole, Field(ge=0, le=10**15)] | None = None
    donors: tuple[Identifier, ...] = ()
    criteria: CriteriaRow | None = None

    def is_on(self, moment: datetime) -> bool:
        return _is_within(moment, self.starts_at, self.ends_at)

    def covers(self, request: RequestRow) -> bool:
        """Joined by name; or it meets the criteria and was created within the period."""
        if self.id in request.campaigns:
            return True
        criteria = self.criteria
        return (
            criteria is not None and criteria.is_met_by(request) and self.is_on(request.created_at)
        )

    def admits(self, offer: OfferRow, now: datetime) -> bool:
        return self.is_on(now) and (not self.donors or offer.donor in self.donors)


class Instance(Value):
    now: Moment
    requests: tuple[RequestRow, ...]
    offers: tuple[OfferRow, ...]
    weights: Annotated[Weights, AfterValidator(Weights.require_range)] = Weights()
    funds: tuple[FundRow, ...] = ()
    campaigns: tuple[CampaignRow, ...] = ()

    @property
    def now_ms(self) -> int:
        return count_milliseconds(self.now)

    def open_needs(self) -> list[OpenNeed]:
        related: dict[str, list[str]] = {}
        for fund in sorted(self.funds, key=lambda f: f.id):
            for person in fund.related_parties:
                related.setdefault(person, []).append(fund.id)
        on = [campaign for campaign in self.campaigns if campaign.is_on(self.now)]
        funds = sorted(self.funds, key=lambda fund: fund.id)
        return [
            _open_need(
                request,
                barred_funds=tuple(f.id for f in funds if not f.may_pay_for(request)),
                related_funds=tuple(related.get(request.person or "", ())),
                campaigns=tuple(sorted(c.id for c in on if c.covers(request))),
            )
            for request in self.requests
        ]

    def open_offers(self) -> list[OpenOffer]:
        """Of the offers valid now; of a campaign's money no more than its budget has left."""
        campaigns = {campaign.id: campaign for campaign in self.campaigns}
        offers = []
        for row in self.offers:
            campaign = campaigns[row.campaign] if row.campaign else None
            if not row.is_valid(self.now) or (campaign and not campaign.admits(row, self.now)):
                continue
            offer = _open_offer(row)
            if campaign and campaign.budget is not None and row.unit == MONEY_UNIT:
                offer = replace(offer, free=min(offer.free, campaign.budget))
            offers.append(offer)
        return offers


def _is_within(moment: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or start <= moment) and (end is None or moment < end)


def _open_need(
    row: RequestRow,
    *,
    barred_funds: tuple[str, ...],
    related_funds: tuple[str, ...],
    campaigns: tuple[str, ...],
) -> OpenNeed:
    return OpenNeed(
        id=row.id,
        unit=row.need.unit,
        item=row.need.item,
        category=row.category,
        beneficiary_class=row.beneficiary_class,
        town_code=row.town,
        tier=row.tier,
        recorded_ms=count_milliseconds(row.created_at),
        remaining=row.need.quantity,
        next_number=1,
        excluded_offers=row.excluded_offers,
        excluded_donors=row.excluded_donors,
        village_code=row.village,
        place=row.place,
        excluded_funds=row.excluded_funds,
        related_funds=related_funds,
        campaigns=campaigns,
        middle=find_middle(row.town),
        barred_funds=barred_funds,
    )


def _open_offer(row: OfferRow) -> OpenOffer:
    return OpenOffer(
        id=row.id,
        unit=row.unit,
        item=row.item,
        quantity=row.quantity,
        free=row.quantity,
        categories=row.categories,
        beneficiary_classes=row.beneficiary_classes,
        town_codes=row.towns,
        cap_per_request=row.cap_per_request,
        donor_id=row.donor,
        village_codes=row.villages,
        place=row.place,
        radius_km=row.radius_km,
        cases_free=row.max_cases,
        fund_id=row.fund,
        campaign_id=row.campaign,
        unreliability=row.unreliability,
        tiers=row.tiers,
        middle=find_middle_of((*row.towns, *row.villages)),
    )


# --- from a file ----------------------------------------------------------------------------------


def read_instance(content: bytes) -> Instance:
    """Raises Invalid with every problem found, each with its path: `$.requests[3].need.unit`."""
    try:
        raw = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise messages.FILE_NOT_UTF8.invalid("$") from None
    except json.JSONDecodeError as error:
        raise messages.FILE_NOT_JSON.invalid(
            "$", line=error.lineno, column=error.colno, reason=error.msg
        ) from None
    except RecursionError:
        raise messages.FILE_TOO_DEEP.invalid("$") from None
    return _validate(raw)


def _validate(raw: object) -> Instance:
    try:
        instance = Instance.model_validate(raw, strict=None)
    except ValidationError as error:
        raise Invalid(*describe_validation(error, _format_path)) from None
    tables: Mapping[str, Iterable[RequestRow | OfferRow | FundRow | CampaignRow]] = {
        "requests": instance.requests,
        "offers": instance.offers,
        "funds": instance.funds,
        "campaigns": instance.campaigns,
    }
    problems = [p for name, rows in tables.items() for p in _find_repeated(name, rows)]
    problems += _find_unlisted(instance)
    if problems:
        raise Invalid(*problems)
    return instance


def _format_path(location: Location) -> str:
    """`$.offers[0].unit`."""
    return "$" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location)


def _find_repeated(
    name: str, rows: Iterable[RequestRow | OfferRow | FundRow | CampaignRow]
) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, row in enumerate(rows):
        other = first.setdefault(row.id, number)
        if other != number:
            yield messages.ID_REPEATED.problem(f"$.{name}[{number}].id", first=f"$.{name}[{other}]")


def _find_unlisted(instance: Instance) -> Iterator[Problem]:
    """Campaigns that are named and do not stand under `campaigns`."""
    listed = {campaign.id for campaign in instance.campaigns}
    for number, offer in enumerate(instance.offers):
        if offer.campaign is not None and offer.campaign not in listed:
            yield messages.CAMPAIGN_UNLISTED.problem(
                f"$.offers[{number}].campaign", id=offer.campaign
            )
    for number, request in enumerate(instance.requests):
        for at, id_ in enumerate(request.campaigns):
            if id_ not in listed:
                yield messages.CAMPAIGN_UNLISTED.problem(
                    f"$.requests[{number}].campaigns[{at}]", id=id_
                )
