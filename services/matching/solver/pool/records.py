"""A request and an offer as the model reads them, wherever they come from."""

from dataclasses import dataclass

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Ask:
    """What is still to be met of a request.

    tier: 0 is the most urgent. shares: what each offer gives to it already.
    latitude, longitude: microdegrees, None where not known.
    """

    id: str
    unit: str
    item: str
    category: str
    town: str
    tier: int
    days_waited: int
    amount: int
    beneficiary_class: str = ""
    latitude: int | None = None
    longitude: int | None = None
    excluded_offers: tuple[str, ...] = ()
    excluded_donors: tuple[str, ...] = ()
    shares: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Give:
    """What an offer can still give. Empty tuples mean any.

    used: what of it is given or promised already, in its unit: it counts for the load.
    cases_max: how many requests more it may serve at once; those it serves already are none.
    tiers: of the requests that its restricted fund may serve. unreliability: 0 to 100.
    """

    id: str
    unit: str
    item: str
    budget: int
    used: int = 0
    donor: str = ""
    categories: tuple[str, ...] = ()
    beneficiary_classes: tuple[str, ...] = ()
    towns: tuple[str, ...] = ()
    tiers: tuple[int, ...] = ()
    latitude: int | None = None
    longitude: int | None = None
    radius_m: int | None = None
    cap_per_request: int | None = None
    cases_max: int | None = None
    unreliability: int = 0


def microdegrees(degrees: float) -> int:
    return round(degrees * MICRO)
