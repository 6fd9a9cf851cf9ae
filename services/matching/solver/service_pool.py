"""The service's open needs and offers as pools, with its own rule of who may serve whom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.matching.solver.candidates import Candidates
from services.matching.solver.interface import Inputs, OpenNeed, OpenOffer
from services.matching.solver.pool.arcs import Arcs, arcs_between
from services.matching.solver.pool.build import pools_of
from services.matching.solver.pool.columns import Pool
from services.matching.solver.pool.records import Ask, Give
from services.matching.solver.pool.weights import TIER_MAX, Weights

_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, eq=False)
class ServicePool:
    """One resource of a round."""

    pool: Pool
    arcs: Arcs


def weights_of(inputs: Inputs) -> Weights:
    return Weights.model_validate_json(inputs.weights) if inputs.weights else Weights()


def now_of(inputs: Inputs) -> int:
    """Milliseconds; of inputs without a time, the newest need's."""
    if inputs.now_ms is not None:
        return inputs.now_ms
    return max((need.recorded_ms for need in inputs.needs), default=0)


def service_pools(inputs: Inputs, weights: Weights) -> list[ServicePool]:
    now_ms = now_of(inputs)
    asks = [ask_of(need, now_ms) for need in inputs.needs]
    gives = [_give(offer) for offer in inputs.offers]
    candidates = Candidates(inputs.offers)
    needs = {need.id: need for need in inputs.needs}
    return [
        ServicePool(pool, _arcs(pool, weights, [needs[id_] for id_ in pool.demand.ids], candidates))
        for pool in pools_of(asks, gives, weights)
        if len(pool.demand) and len(pool.supply)
    ]


def _arcs(pool: Pool, weights: Weights, needs: Sequence[OpenNeed], candidates: Candidates) -> Arcs:
    """The decision on an offer reads the same rule, so nothing is proposed in vain.

    There every further match is a case, also for a need that the offer serves already.
    """
    rows = {id_: row for row, id_ in enumerate(pool.supply.ids)}
    found = [[rows[offer.id] for offer in candidates.of(need)] for need in needs]
    request = np.repeat(np.arange(len(found), dtype=np.int32), [len(of) for of in found])
    offer = np.fromiter((row for of in found for row in of), np.int32, len(request))
    arcs = arcs_between(pool, weights, request, offer)
    arcs = arcs.only(pool.supply.cases[arcs.offer] > 0)
    return replace(arcs, held=np.zeros(len(arcs), dtype=np.bool_))


def ask_of(need: OpenNeed, now_ms: int) -> Ask:
    place = need.place or (None, None)
    return Ask(
        id=need.id,
        unit=need.unit,
        item=need.item,
        category=need.category,
        town=need.town_code,
        tier=min(need.tier, TIER_MAX),
        days_waited=max(0, now_ms - need.recorded_ms) // _DAY_MS,
        amount=need.remaining,
        latitude=place[0],
        longitude=place[1],
        shares=need.shares,
    )


def _give(offer: OpenOffer) -> Give:
    place = offer.place or (None, None)
    return Give(
        id=offer.id,
        unit=offer.unit,
        item=offer.item,
        budget=offer.free,
        used=offer.quantity - offer.free,
        categories=offer.categories,
        latitude=place[0],
        longitude=place[1],
        cap_per_request=offer.cap_per_request,
        cases_max=offer.cases_free,
        unreliability=offer.unreliability,
    )
