"""Why a request got what it got: its level, its candidates' scores, who lost by how much."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from services.matching.solver.flow.objective import sums
from services.matching.solver.flow.prices import costs_to
from services.matching.solver.flow.scores import Score, scores_of
from services.matching.solver.planner.plan import Part, Plan
from services.matching.solver.pool.weights import Weights
from services.matching.solver.pool.why_not import RuledOut, ruled_out

NEXT = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """level: in days, 0 is the most urgent. worth: points that a unit may cost at most."""

    tier: int
    days_apart: int
    level: int
    worth: int


@dataclass(frozen=True, slots=True)
class Missing:
    """What the nearest candidate would need to give the rest.

    no_case: none has a case free. excess: its points above the worth (1 where others came first
    at the same). days: of further waiting; None where no waiting suffices. quantity: so much more
    in that offer serves all who stand before this request there, and then it.
    """

    offer: str
    no_case: bool
    excess: int
    days: int | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """others: the next candidates. differences: their points above the dearest that gives, or
    above the worth where none gives. candidates: how many there were. donor_points: for each unit
    asked, of each giver beyond the first.
    """

    request: str
    unit: str
    item: str
    asked: int
    standing: Standing
    givers: tuple[Score, ...]
    others: tuple[Score, ...]
    differences: tuple[int, ...]
    candidates: int
    ruled_out: RuledOut
    unmatched: int
    missing: Missing | None
    donor_points: int

    @property
    def donors_total(self) -> int:
        """Points for each unit asked, of all givers."""
        return self.donor_points * max(0, len(self.givers) - 1)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {
            "donors": len(self.givers),
            "donors_total": self.donors_total,
            "givers": [_written(score) for score in self.givers],
            "others": [_written(score) for score in self.others],
        }


def _written(score: Score) -> dict[str, Any]:
    return asdict(score) | {"price": score.price, "total": score.total}


def explain(plan: Plan, request_id: str) -> Explanation | None:
    """None: the plan knows no such request."""
    for part in plan.parts:
        if request_id in part.pool.demand.ids:
            row = part.pool.demand.ids.index(request_id)
            scores = scores_of(part.pool, part.solved, row)
            return explained(plan.weights, part, row, scores, ruled_out(part.pool, row))
    return None


def explained(
    weights: Weights, part: Part, row: int, scores: Sequence[Score], ruled: RuledOut
) -> Explanation:
    """scores: of the request's candidates, the cheapest first. ruled: the offers that are none."""
    demand = part.pool.demand
    givers = tuple(score for score in scores if score.given)
    others = tuple(score for score in scores if not score.given)[:NEXT]
    standing = _standing(weights, part, row)
    against = max((score.total for score in givers), default=standing.worth)
    unmatched = int(demand.amount[row]) - sum(score.given for score in givers)
    return Explanation(
        request=demand.ids[row],
        unit=part.pool.unit,
        item=part.pool.item,
        asked=int(demand.amount[row]),
        standing=standing,
        givers=givers,
        others=others,
        differences=tuple(score.total - against for score in others),
        candidates=len(scores),
        ruled_out=ruled,
        unmatched=unmatched,
        missing=_missing(part, row, scores, standing) if unmatched else None,
        donor_points=weights.donor_points,
    )


def _standing(weights: Weights, part: Part, row: int) -> Standing:
    demand = part.pool.demand
    tier, level = int(demand.tier[row]), int(demand.level[row])
    lifted = weights.tier_days * tier - level
    return Standing(tier, lifted, level, int(part.solved.model.worth[row]))


def _missing(part: Part, row: int, scores: Sequence[Score], standing: Standing) -> Missing | None:
    open_ = [score for score in scores if score.given < score.room]
    if not open_:
        return None
    nearest = next((score for score in open_ if score.has_case), open_[0])
    excess = max(1, nearest.total - standing.worth)
    days = -(-excess // part.solved.model.points_per_level)
    return Missing(
        offer=nearest.offer,
        no_case=not nearest.has_case,
        excess=excess,
        days=days if days <= standing.level else None,
        quantity=_wanted_before(part, row, part.pool.supply.ids.index(nearest.offer)),
    )


def _wanted_before(part: Part, row: int, offer: int) -> int:
    """Units that this offer would have to have more until the request's turn has come and gone.

    Others come first who save more by such a unit, be it by way of other offers; at most so many,
    as what they save falls with every unit.
    """
    model, given = part.solved.model, part.solved.given
    arcs = model.arcs
    left = model.amount - sums(arcs.request, given, len(model.amount))
    saved = model.worth - costs_to(model, given, offer)
    own = np.flatnonzero((arcs.offer == offer) & (arcs.request == row))
    mine = int(model.worth[row] - arcs.cost[own[0]])
    before = saved >= mine
    before[row] = True
    return int(left[before].sum())
