"""A plan for people and programs: two small tables, and the JSON that `--out` writes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from services.matching.explaining.details import format_quantity
from services.matching.planner.plan import Part, Plan, compute_gap
from services.matching.solver.arrays import Flags


@dataclass(frozen=True, slots=True)
class Coverage:
    """whole, partly: requests met in full and in part. asked, given: units."""

    requests: int
    whole: int
    partly: int
    asked: int
    given: int


def compute_coverage(part: Part, which: Flags | None = None) -> Coverage:
    """which: of the requests."""
    model = part.solved.model
    received = model.sum_by_request(part.solved.quantities)
    rows = np.ones(len(received), dtype=np.bool_) if which is None else which
    received, amount = received[rows], model.amount[rows]
    return Coverage(
        requests=len(received),
        whole=int((received == amount).sum()),
        partly=int(((received > 0) & (received < amount)).sum()),
        asked=int(amount.sum()),
        given=int(received.sum()),
    )


def build_tables(plan: Plan) -> Iterator[Table]:
    yield _build_resource_table(plan)
    yield _build_tier_table(plan)


def _build_resource_table(plan: Plan) -> Table:
    table = _start_table("资源 resource", "资源数 offers", "差距 gap")
    for part in plan.parts:
        solved = part.solved
        gap = compute_gap(solved.objective.total, solved.bound, part.worth)
        name = f"{part.pool.unit} {part.pool.item}".strip()
        offers = f"{len(part.pool.supply):,}"
        table.add_row(
            name, offers, f"{gap:.3%}", *_format_cells(compute_coverage(part), part.pool.unit)
        )
    return table


def _build_tier_table(plan: Plan) -> Table:
    table = _start_table("资源 resource", "级别 tier")
    for part in plan.parts:
        name = f"{part.pool.unit} {part.pool.item}".strip()
        for tier in np.unique(part.pool.demand.tier).tolist():
            coverage = compute_coverage(part, part.pool.demand.tier == tier)
            table.add_row(name, str(tier), *_format_cells(coverage, part.pool.unit))
    return table


def _start_table(*first: str) -> Table:
    table = Table(*first)
    for heading in ("诉求 requests", "全部满足 whole", "部分 partly", "需要 asked", "满足 given"):
        table.add_column(heading, justify="right")
    return table


def _format_cells(coverage: Coverage, unit: str) -> Iterable[str]:
    share = coverage.given / coverage.asked if coverage.asked else 0.0
    yield f"{coverage.requests:,}"
    yield f"{coverage.whole:,}"
    yield f"{coverage.partly:,}"
    yield format_quantity(coverage.asked, unit)
    yield f"{share:.1%}"


def build_result(plan: Plan) -> dict[str, object]:
    """objective and bound: points times units, the less the better; gap: see Plan.gap."""
    objective = plan.objective
    return {
        "allocations": [
            {"request": share.request, "offer": share.offer, "quantity": share.quantity}
            for share in plan.allocations
        ],
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
