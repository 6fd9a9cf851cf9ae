"""Why a request got what it got: its level, its candidates' scores, who lost by how much."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from services.matching.eligibility import GROUPS, RULES, Group
from services.matching.model.place import NOWHERE, measure_metres
from services.matching.planner.plan import Part, Plan
from services.matching.solver.arrays import Flags, Ints
from services.matching.solver.columns import Pool
from services.matching.solver.interface import OpenNeed
from services.matching.solver.model import QUARTERS
from services.matching.solver.pair_rules import PairRule
from services.matching.solver.prices import compute_costs_to
from services.matching.solver.solve import PoolSolution
from services.matching.solver.weights import STEPS, TIER_MAX, Weights

NEXT = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose request it is, in codes: what a person asks first."""

    category: str
    beneficiary_class: str
    town_code: str


@dataclass(frozen=True, slots=True)
class Score:
    """Points for a unit. metres: to it, where both places are known. load: of the offer's next
    quarter; scarcity: what its units are worth elsewhere beyond that. given: units to this request.
    room: units it could give it at most.
    """

    offer: str
    base: int
    distance: int
    specialism: int
    unreliability: int
    load: int
    scarcity: int
    given: int
    room: int
    has_case: bool
    metres: int | None = None

    @property
    def price(self) -> int:
        return self.load + self.scarcity

    @property
    def total(self) -> int:
        return self.base + self.distance + self.specialism + self.unreliability + self.price


@dataclass(frozen=True, slots=True)
class Standing:
    """level: in days, the lower the more urgent. worth: points that a unit may cost at most."""

    tier: int
    days_waited: int
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
    subject: Subject
    unit: str
    item: str
    asked: int
    standing: Standing
    givers: tuple[Score, ...]
    others: tuple[Score, ...]
    differences: tuple[int, ...]
    candidates: int
    ruled_out: Mapping[Group, int]
    unmatched: int
    missing: Missing | None
    donor_points: int

    @property
    def donors_total(self) -> int:
        """Points for each unit asked, of all givers."""
        return self.donor_points * max(0, len(self.givers) - 1)

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {
            "donors": len(self.givers),
            "donors_total": self.donors_total,
            "givers": [_score_fields(score) for score in self.givers],
            "others": [_score_fields(score) for score in self.others],
        }


def _score_fields(score: Score) -> dict[str, object]:
    return asdict(score) | {"price": score.price, "total": score.total}


def explain(plan: Plan, request_id: str) -> Explanation | None:
    """None: the plan knows no such request."""
    for part in plan.parts:
        if request_id in part.pool.demand.ids:
            row = part.pool.demand.ids.index(request_id)
            scores = score_candidates(part.pool, part.solved, row)
            subject = _find_subject(plan, request_id)
            return build_explanation(plan.weights, part, row, scores, subject)
    return None


def _find_subject(plan: Plan, request_id: str) -> Subject:
    request = next(each for each in plan.instance.requests if each.id == request_id)
    return Subject(request.category, request.beneficiary_class, request.town)


def build_explanation(
    weights: Weights, part: Part, row: int, scores: Sequence[Score], subject: Subject
) -> Explanation:
    """scores: of the request's candidates, the cheapest first."""
    demand = part.pool.demand
    givers = tuple(score for score in scores if score.given)
    others = tuple(score for score in scores if not score.given)[:NEXT]
    standing = _build_standing(part, row)
    against = max((score.total for score in givers), default=standing.worth)
    unmatched = int(demand.amount[row]) - sum(score.given for score in givers)
    return Explanation(
        request=demand.ids[row],
        subject=subject,
        unit=part.pool.unit,
        item=part.pool.item,
        asked=int(demand.amount[row]),
        standing=standing,
        givers=givers,
        others=others,
        differences=tuple(score.total - against for score in others),
        candidates=len(scores),
        ruled_out=count_ruled_out(part.pool, row),
        unmatched=unmatched,
        missing=_find_missing(weights, part, row, scores) if unmatched else None,
        donor_points=weights.donor_points,
    )


def build_subject(need: OpenNeed) -> Subject:
    return Subject(need.category, need.beneficiary_class, need.town_code)


def explain_without_offers(need: OpenNeed, now_ms: int, weights: Weights) -> Explanation:
    """Of a need of whose resource nothing was offered."""
    tier = min(need.tier, TIER_MAX)
    days = need.count_days_waited(now_ms)
    points = weights.compute_level_points(0, 0)
    steps = weights.count_steps(tier, need.count_waited_ms(now_ms))
    worth = (weights.level_max + 1) * points - steps * points // STEPS
    return Explanation(
        request=need.id,
        subject=build_subject(need),
        unit=need.unit,
        item=need.item,
        asked=need.remaining,
        standing=Standing(tier, days, weights.compute_level(tier, days), worth),
        givers=(),
        others=(),
        differences=(),
        candidates=0,
        ruled_out=dict.fromkeys(GROUPS, 0),
        unmatched=need.remaining,
        missing=None,
        donor_points=weights.donor_points,
    )


def _build_standing(part: Part, row: int) -> Standing:
    demand = part.pool.demand
    tier, days, level = (int(column[row]) for column in (demand.tier, demand.waited, demand.level))
    return Standing(tier, days, level, int(part.solved.model.worth[row]))


def _find_missing(
    weights: Weights, part: Part, row: int, scores: Sequence[Score]
) -> Missing | None:
    open_ = [score for score in scores if score.given < score.room]
    if not open_:
        return None
    nearest = next((score for score in open_ if score.has_case), open_[0])
    excess = max(1, nearest.total - int(part.solved.model.worth[row]))
    days = -(-excess // part.solved.model.points_per_level)
    days_max = int(part.pool.demand.level[row]) - weights.level_min
    return Missing(
        offer=nearest.offer,
        no_case=not nearest.has_case,
        excess=excess,
        days=days if days <= days_max else None,
        quantity=_sum_wanted_before(part, row, part.pool.supply.ids.index(nearest.offer)),
    )


def _sum_wanted_before(part: Part, row: int, offer: int) -> int:
    """Units that this offer would have to have more until the request's turn has come and gone.

    Others come first who save more by such a unit, be it by way of other offers; at most so many,
    as what they save falls with every unit.
    """
    model, quantities = part.solved.model, part.solved.quantities
    arcs = model.arcs
    remaining = model.amount - model.sum_by_request(quantities)
    saved = model.worth - compute_costs_to(model, quantities, offer)
    own = np.flatnonzero((arcs.offer == offer) & (arcs.request == row))
    mine = int(model.worth[row] - arcs.cost[own[0]])
    before = saved >= mine
    before[row] = True
    return int(remaining[before].sum())


def count_ruled_out(pool: Pool, request: int) -> dict[Group, int]:
    """By group, how many of the pool's offers may not serve the request in this row."""
    offers = np.arange(len(pool.supply), dtype=np.int32)
    requests = np.full(len(offers), request, dtype=np.int32)
    remaining = np.ones(len(offers), dtype=np.bool_)
    counts: dict[Group, int] = {}
    for group in GROUPS:
        passes = np.ones(len(offers), dtype=np.bool_)
        for rule in _list_rules(group):
            passes &= rule(pool, requests, offers)
        counts[group] = int((remaining & ~passes).sum())
        remaining &= passes
    return counts


def _list_rules(group: Group) -> Iterator[PairRule]:
    for rule in RULES:
        if rule.group == group and rule.allows_pairs is not None:
            yield rule.allows_pairs


# --- scores ---------------------------------------------------------------------------------------


def score_candidates(pool: Pool, solved: PoolSolution, request: int) -> list[Score]:
    """Of the request's row, the cheapest first."""
    first, end = np.searchsorted(solved.model.arcs.request, [request, request + 1])
    load, free_case = find_next_load(solved), has_free_case(solved)
    scores = [
        _build_score(pool, solved, at, int(load[offer]), bool(free_case[offer]))
        for at, offer in enumerate(solved.model.arcs.offer[first:end].tolist(), int(first))
    ]
    return sorted(scores, key=lambda score: (score.total, score.offer))


def _build_score(pool: Pool, solved: PoolSolution, at: int, load: int, free_case: bool) -> Score:
    arcs, offer = solved.model.arcs, int(solved.model.arcs.offer[at])
    price, quantity = int(solved.prices.offer[offer]), int(solved.quantities[at])
    return Score(
        offer=pool.supply.ids[offer],
        base=1,
        distance=int(arcs.distance[at]),
        specialism=int(pool.supply.specialism[offer]),
        unreliability=int(pool.supply.unreliability[offer]),
        load=min(load, price),
        scarcity=max(0, price - load),
        given=quantity,
        room=int(arcs.room[at]),
        has_case=free_case or quantity > 0,
        metres=_measure(pool, int(arcs.request[at]), offer),
    )


def _measure(pool: Pool, request: int, offer: int) -> int | None:
    """None where a place is not known."""
    here, there = (
        (int(rows.latitude[row]), int(rows.longitude[row]))
        for rows, row in ((pool.demand, request), (pool.supply, offer))
    )
    return None if NOWHERE in (*here, *there) else measure_metres(here, there)


def find_next_load(solved: PoolSolution) -> Ints:
    """Points of each offer's next unit; of its last quarter where it is full."""
    model = solved.model
    room = model.quarters > model.fill_quarters(solved.quantities)
    first = np.where(room.any(axis=1), room.argmax(axis=1), QUARTERS - 1)
    return model.load[first]


def has_free_case(solved: PoolSolution) -> Flags:
    return solved.model.count_cases(solved.quantities) < solved.model.cases
