"""What a solver reads and says: plain frozen data, so that it can cross a process and be replayed.

Times are milliseconds since 1970, quantities integers in their unit (fen for money).
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class OpenNeed:
    """shares: what each offer already gives to it. next_number: of its next match."""

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


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """Empty tuples mean any."""

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


@dataclass(frozen=True, slots=True)
class Allocation:
    """number: the request's match number this allocation is to have."""

    request_id: str
    offer_id: str
    number: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Inputs:
    needs: tuple[OpenNeed, ...]
    offers: tuple[OpenOffer, ...]


class Solver(Protocol):
    """The same inputs give the same allocations on every machine, in whatever order they come."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...

    def solve(self, inputs: Inputs) -> tuple[Allocation, ...]: ...


def written(inputs: Inputs) -> str:
    """Canonical JSON: sorted by id, so that order of reading does not show."""
    needs = [asdict(need) for need in sorted(inputs.needs, key=lambda n: n.id)]
    offers = [asdict(offer) for offer in sorted(inputs.offers, key=lambda o: o.id)]
    return _canonical({"needs": needs, "offers": offers})


def read(text: str) -> Inputs:
    raw = json.loads(text)
    return Inputs(
        needs=tuple(
            OpenNeed(
                **n
                | {
                    "excluded_offers": tuple(n["excluded_offers"]),
                    # rounds closed before donors were excluded have none
                    "excluded_donors": tuple(n.get("excluded_donors", ())),
                    "shares": tuple((offer, quantity) for offer, quantity in n["shares"]),
                }
            )
            for n in raw["needs"]
        ),
        offers=tuple(
            OpenOffer(
                **o
                | {
                    name: tuple(o[name])
                    for name in ("categories", "beneficiary_classes", "town_codes")
                }
            )
            for o in raw["offers"]
        ),
    )


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def solution_digest(allocations: tuple[Allocation, ...]) -> str:
    return digest(_canonical([asdict(a) for a in allocations]))


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
