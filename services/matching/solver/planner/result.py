"""A plan as the file that `--out` writes, and the hashes that tell one plan from another."""

from typing import Any

from services.matching.solver.interface import canonical, digest
from services.matching.solver.planner.instance import Instance
from services.matching.solver.planner.plan import Plan


def result_of(plan: Plan) -> dict[str, Any]:
    """objective and bound: points times units, the less the better; gap: see Plan.gap."""
    objective = plan.objective
    return {
        "allocations": _rows(plan),
        "objective": {
            "total": objective.total,
            "without": objective.without,
            "pairs": objective.pairs,
            "load": objective.load,
            "donors": objective.donors,
            "worth": plan.worth,
        },
        "bound": plan.bound,
        "gap": plan.gap,
        "seconds": round(plan.seconds, 3),
    }


def solution_hash(plan: Plan) -> str:
    return digest(canonical(_rows(plan)))


def input_hash(instance: Instance) -> str:
    """Of the same things in whatever order they stand in the file."""
    raw = instance.model_dump(mode="json")
    for name in ("requests", "offers"):
        raw[name] = sorted(raw[name], key=lambda row: str(row["id"]))
    return digest(canonical(raw))


def _rows(plan: Plan) -> list[dict[str, Any]]:
    return [
        {"request": row.request, "offer": row.offer, "quantity": row.quantity}
        for row in plan.allocations
    ]
