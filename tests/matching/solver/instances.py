"""Random instances of every size, as raw JSON objects; hypothesis strategies for small ones."""

import random
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import strategies as st

from services.matching.planner.instance import Instance
from services.matching.planner.plan import Plan
from services.matching.solver.columns import Pool, build_pools
from services.matching.solver.interface import format_canonical, hash_text

NOW = "2026-02-01T00:00:00+08:00"
CATEGORIES = ("meals", "medical", "education", "housing_repair", "supplies")
TOWNS = tuple(f"4419001{n:02}" for n in range(1, 9))
# Without a fixed charge for donors the model is a flow, and its optimum exact.
EXACT: Mapping[str, Any] = {"donor_points": 0}
WEIGHTS: tuple[Mapping[str, Any], ...] = ({}, {"order": "strict"}, {"level_points": 50})
CLASSES = ("", "elderly_alone", "general")
# Of instances that take seconds: the others are for `make test-long`.
SEEDS = (0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2)))


def random_instance(
    requests: int,
    offers: int,
    seed: int,
    *,
    cases: bool = False,
    weights: Mapping[str, Any] | None = None,
) -> Instance:
    """Money and hours; budgets at about 90% of what is asked."""
    chance = random.Random(seed)
    mean = 0.9 * requests / max(1, offers)
    return Instance.model_validate(
        {
            "now": NOW,
            "requests": [_request(chance, f"R-{n:04}", offers) for n in range(requests)],
            "offers": [_offer(chance, f"O-{n:03}", mean, cases) for n in range(offers)],
            "weights": weights or {},
        }
    )


def _request(chance: random.Random, id_: str, offers: int) -> dict[str, Any]:
    hours = chance.random() < 0.2
    excluded = [f"O-{chance.randrange(offers):03}"] if offers and chance.random() < 0.1 else []
    return {
        "id": id_,
        "tier": chance.randrange(5),
        "category": chance.choice(CATEGORIES),
        "town": chance.choice(TOWNS),
        "beneficiary_class": chance.choice(CLASSES),
        "created_at": f"2026-01-{chance.randint(1, 28):02}T08:00:00+08:00",
        "need": {"unit": "hours", "quantity": chance.randint(1, 20)}
        if hours
        else {"unit": "fen", "quantity": chance.randint(1, 300)},
        "excluded_offers": excluded,
        **(_place(chance) if chance.random() < 0.9 else {}),
    }


def _offer(chance: random.Random, id_: str, mean: float, cases: bool) -> dict[str, Any]:
    hours = chance.random() < 0.2
    typical = 10 if hours else 150
    place = _place(chance) if chance.random() < 0.9 else {}
    return {
        "id": id_,
        "kind": "hours" if hours else "money",
        "categories": chance.sample(CATEGORIES, chance.choice((0, 1, 2, 3, 4))),
        "towns": chance.sample(TOWNS, chance.choice((0, 0, 3, 5))),
        "tiers": [chance.randrange(5)] if chance.random() < 0.2 else [],
        "beneficiary_classes": ["elderly_alone"] if chance.random() < 0.1 else [],
        "unit": "hours" if hours else "fen",
        "quantity": int(mean * typical * chance.uniform(0.4, 1.6)),
        "cap_per_request": chance.randint(1, typical) if chance.random() < 0.3 else None,
        "max_cases": max(1, int(mean * chance.uniform(0.6, 2))) if cases else None,
        "radius_km": chance.randint(5, 25) if place and chance.random() < 0.3 else None,
        "unreliability": chance.randrange(101),
        "valid_until": "2026-01-31T00:00:00+08:00" if chance.random() < 0.1 else None,
        **place,
    }


def _place(chance: random.Random) -> dict[str, float]:
    latitude, longitude = chance.uniform(22.8, 23.1), chance.uniform(113.6, 114.1)
    return {"lat": round(latitude, 6), "lon": round(longitude, 6)}


@st.composite
def instances(draw: st.DrawFn, *, cases: bool | None = None, exact: bool = False) -> Instance:
    donors = EXACT if exact else draw(st.sampled_from(({}, EXACT, {"donor_points": 5000})))
    return random_instance(
        draw(st.integers(0, 12)),
        draw(st.integers(0, 6)),
        draw(st.integers(0, 2**32)),
        cases=draw(st.booleans()) if cases is None else cases,
        weights={**draw(st.sampled_from(WEIGHTS)), **donors},
    )


def pools(instance: Instance) -> list[Pool]:
    needs, offers = instance.open_needs(), instance.open_offers()
    return build_pools(needs, offers, instance.weights, instance.now_ms)


def solution_hash(plan: Plan) -> str:
    return hash_text(format_canonical([asdict(share) for share in plan.allocations]))


def input_hash(instance: Instance) -> str:
    """Of the same things in whatever order they stand in the file."""
    raw = instance.model_dump(mode="json")
    for name in ("requests", "offers"):
        raw[name] = sorted(raw[name], key=lambda row: str(row["id"]))
    return hash_text(format_canonical(raw))


def shuffled(instance: Instance, seed: int) -> Instance:
    chance = random.Random(seed)
    requests, offers = list(instance.requests), list(instance.offers)
    chance.shuffle(requests)
    chance.shuffle(offers)
    return instance.model_copy(update={"requests": tuple(requests), "offers": tuple(offers)})
