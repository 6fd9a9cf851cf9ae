"""An instance as people write it: `{"now", "requests", "offers", "weights"}`."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.matching.messages import PLACE_UNPAIRED, RADIUS_UNCENTRED
from services.matching.solver.pool.records import Ask, Give, microdegrees
from services.matching.solver.pool.weights import TIER_MAX, Weights
from shared.contracts.values import Identifier, Moment, Quantity, ShortText, Value

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Tier = Annotated[int, Field(ge=0, le=TIER_MAX, description="0 is the most urgent")]
_METRES = 1000


class Asked(Value):
    """unit: fen for money; an item with its unit for goods and hours."""

    unit: Annotated[str, Field(min_length=1, max_length=20)]
    quantity: Quantity
    item: Annotated[str, Field(max_length=100)] = ""


class Placed(Value):
    """Degrees; both or neither."""

    lat: Latitude | None = None
    lon: Longitude | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise PLACE_UNPAIRED.invalid_value()
        return self

    @property
    def latitude(self) -> int | None:
        return None if self.lat is None else microdegrees(self.lat)

    @property
    def longitude(self) -> int | None:
        return None if self.lon is None else microdegrees(self.lon)


class Request(Placed):
    id: Identifier
    tier: Tier
    category: ShortText
    town: ShortText
    created_at: Moment
    need: Asked
    beneficiary_class: Annotated[str, Field(max_length=100)] = ""
    excluded_offers: tuple[Identifier, ...] = ()


class Offer(Placed):
    """Empty lists mean any. tiers: of a restricted fund. unreliability: 0 (never) to 100.

    kind is for the reader: what may stand in for what, unit and item say.
    """

    id: Identifier
    kind: ShortText
    categories: tuple[ShortText, ...] = ()
    beneficiary_classes: tuple[ShortText, ...] = ()
    towns: tuple[ShortText, ...] = ()
    tiers: tuple[Tier, ...] = ()
    radius_km: Annotated[float, Field(gt=0, le=40_000, allow_inf_nan=False)] | None = None
    unit: Annotated[str, Field(min_length=1, max_length=20)]
    item: Annotated[str, Field(max_length=100)] = ""
    quantity: Annotated[int, Field(ge=0, le=10**12)]
    cap_per_request: Quantity | None = None
    max_cases: Annotated[int, Field(ge=0, le=10**9)] | None = None
    unreliability: Annotated[int, Field(ge=0, le=100)] = 0
    valid_from: Moment | None = None
    valid_until: Moment | None = None

    @model_validator(mode="after")
    def _radius_has_a_centre(self) -> Self:
        if self.radius_km is not None and self.lat is None:
            raise RADIUS_UNCENTRED.invalid_value()
        return self

    def is_valid(self, now: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= now
        return begun and (self.valid_until is None or now < self.valid_until)


class Instance(Value):
    now: Moment
    requests: tuple[Request, ...]
    offers: tuple[Offer, ...]
    weights: Weights = Weights()

    def asks(self) -> list[Ask]:
        return [ask_of(request, self.now) for request in self.requests]

    def gives(self) -> list[Give]:
        """Of the offers valid now."""
        return [give_of(offer) for offer in self.offers if offer.is_valid(self.now)]


def ask_of(request: Request, now: datetime) -> Ask:
    return Ask(
        id=request.id,
        unit=request.need.unit,
        item=request.need.item,
        category=request.category,
        town=request.town,
        tier=request.tier,
        days_waited=max(0, (now - request.created_at).days),
        amount=request.need.quantity,
        beneficiary_class=request.beneficiary_class,
        latitude=request.latitude,
        longitude=request.longitude,
        excluded_offers=request.excluded_offers,
    )


def give_of(offer: Offer) -> Give:
    return Give(
        id=offer.id,
        unit=offer.unit,
        item=offer.item,
        budget=offer.quantity,
        categories=offer.categories,
        beneficiary_classes=offer.beneficiary_classes,
        towns=offer.towns,
        tiers=offer.tiers,
        latitude=offer.latitude,
        longitude=offer.longitude,
        radius_m=None if offer.radius_km is None else round(offer.radius_km * _METRES),
        cap_per_request=offer.cap_per_request,
        cases_max=offer.max_cases,
        unreliability=offer.unreliability,
    )
