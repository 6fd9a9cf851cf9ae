"""What a solver reads and says: plain frozen data, so that it can cross a process and be replayed.

Times are milliseconds since 1970, quantities integers in their unit (fen for money).
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Protocol

from services.matching.solver.weights import DAY_MS
from shared.documents import Document, Json

METRES_PER_KM = 1000

# Points of each offer's unit, by the offer's id.
Prices = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OpenNeed:
    """What is still to be met of a request, as the service or a what-if file gives it.

    tier: 0 is the most urgent. remaining: in `unit`. next_number: of its next match.
    shares: what each offer already gives to it. place: microdegrees, where known; middle: about
    the middle of its town, where that is known.
    excluded_funds: could not pay; related_funds: the person is a related party of theirs;
    barred_funds: their terms are for other needs.
    own_donors: of the donors, the records of the person who asks.
    campaigns: whose offers may serve it, beside those of none.
    """

    id: str
    unit: str
    item: str
    category: str
    beneficiary_class: str
    town_code: str
    tier: int
    recorded_ms: int
    remaining: int
    next_number: int
    excluded_offers: tuple[str, ...] = ()
    shares: tuple[tuple[str, int], ...] = ()
    excluded_donors: tuple[str, ...] = ()
    village_code: str | None = None
    place: tuple[int, int] | None = None
    excluded_funds: tuple[str, ...] = ()
    related_funds: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    middle: tuple[int, int] | None = None
    barred_funds: tuple[str, ...] = ()
    own_donors: tuple[str, ...] = ()

    def count_waited_ms(self, now_ms: int) -> int:
        return max(0, now_ms - self.recorded_ms)

    def count_days_waited(self, now_ms: int) -> int:
        return self.count_waited_ms(now_ms) // DAY_MS


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """What an offer can still give. Empty tuples mean any.

    quantity: of the whole offer; free: what is left of it. A village or a town is enough;
    radius_km counts beside them. place: microdegrees, the middle of the radius; middle: about that
    of the one town it serves.
    cases_free: how many more matches it may hold. tiers: of the requests that a restricted fund
    may serve. unreliability: points, 0 to 100.
    """

    id: str
    unit: str
    item: str
    quantity: int
    free: int
    categories: tuple[str, ...] = ()
    beneficiary_classes: tuple[str, ...] = ()
    town_codes: tuple[str, ...] = ()
    cap_per_request: int | None = None
    donor_id: str = ""
    village_codes: tuple[str, ...] = ()
    place: tuple[int, int] | None = None
    radius_km: float | None = None
    cases_free: int | None = None
    fund_id: str | None = None
    campaign_id: str | None = None
    unreliability: int = 0
    tiers: tuple[int, ...] = ()
    middle: tuple[int, int] | None = None

    @property
    def radius_m(self) -> int | None:
        return None if self.radius_km is None else round(self.radius_km * METRES_PER_KM)


@dataclass(frozen=True, slots=True)
class Allocation:
    """number: the request's match number this allocation is to have."""

    request_id: str
    offer_id: str
    number: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """now_ms: the pool's time; without it, the newest need's. weights: JSON, empty for defaults.

    prices: points of each offer's unit in the last whole solution. With them a micro-batch is
    decided; without, the pool is solved as a whole.
    """

    needs: tuple[OpenNeed, ...]
    offers: tuple[OpenOffer, ...]
    now_ms: int | None = None
    weights: str = ""
    prices: Prices | None = None

    @property
    def time_ms(self) -> int:
        """Of inputs without a time, the newest need's."""
        if self.now_ms is not None:
            return self.now_ms
        return max((need.recorded_ms for need in self.needs), default=0)


@dataclass(frozen=True, slots=True)
class SolverResult:
    """objective, bound: points times units. prices: of each offer's unit, by id; for the batches
    until the next whole solution. A micro-batch has no bound, and hands on the prices it was given.
    """

    allocations: tuple[Allocation, ...]
    prices: Prices = ()
    objective: int = 0
    bound: int | None = None


class Solver(Protocol):
    """The same inputs give the same allocations, in whatever order they come.

    On every machine where open cases are not limited; else with the same build of OR-Tools.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...

    def decide(self, inputs: Inputs) -> SolverResult: ...


def write_inputs(inputs: Inputs) -> str:
    """Canonical JSON: sorted by id, so that order of reading does not show."""
    needs = [_list_fields(need, "own_donors") for need in sorted(inputs.needs, key=_get_id)]
    offers = [_list_fields(offer, "tiers") for offer in sorted(inputs.offers, key=_get_id)]
    prices = None if inputs.prices is None else sorted(inputs.prices)
    beside = {"now_ms": inputs.now_ms, "weights": inputs.weights, "prices": prices}
    return format_canonical({"needs": needs, "offers": offers, **beside})


def _get_id(row: OpenNeed | OpenOffer) -> str:
    return row.id


def _list_fields(row: OpenNeed | OpenOffer, later: str) -> dict[str, object]:
    """later: a field that came later; left out where it is empty, so that a round's text is as it
    was before."""
    fields = asdict(row)
    return fields if fields[later] else {name: fields[name] for name in fields if name != later}


def read_inputs(text: str) -> Inputs:
    """A field that an older round does not have takes its default."""
    raw = json.loads(text)
    return Inputs(
        needs=tuple(OpenNeed(**_freeze(row)) for row in raw["needs"]),
        offers=tuple(OpenOffer(**_freeze(row)) for row in raw["offers"]),
        now_ms=raw.get("now_ms"),
        weights=raw.get("weights", ""),
        prices=_to_tuples(raw.get("prices")),
    )


def _freeze(row: Document) -> dict[str, Json]:
    return {name: _to_tuples(value) for name, value in row.items()}


def _to_tuples(value: Json) -> Json:
    return tuple(_to_tuples(part) for part in value) if isinstance(value, list) else value


def hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hash_solution(allocations: tuple[Allocation, ...]) -> str:
    return hash_text(format_canonical([asdict(a) for a in allocations]))


def hash_prices(prices: Prices) -> str:
    return hash_text(format_canonical(sorted(prices)))


def format_canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
