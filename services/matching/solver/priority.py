"""Priority order: the most urgent need first, from the least used offer that may serve it.

A need is not split while one offer covers it; otherwise several share it.
"""

from services.matching.solver.candidates import Candidates, room
from services.matching.solver.interface import Allocation, Inputs, OpenNeed, OpenOffer

_PARTS = 1_000_000  # relative use in millionths: integers compare alike on every machine


class PriorityOrder:
    """Tier, then waiting time, then id."""

    name = "priority_order"
    version = "2"

    def solve(self, inputs: Inputs) -> tuple[Allocation, ...]:
        candidates = Candidates(inputs.offers)
        free = {offer.id: offer.free for offer in inputs.offers}
        ordered = sorted(inputs.needs, key=lambda n: (n.tier, n.recorded_ms, n.id))
        return tuple(a for need in ordered for a in _serve(need, candidates.of(need), free))


def _serve(need: OpenNeed, candidates: list[OpenOffer], free: dict[str, int]) -> list[Allocation]:
    """Takes from `free` what it gives."""
    given: list[Allocation] = []
    remaining = need.remaining
    usable = {offer.id: offer for offer in candidates}
    shares = dict(need.shares)
    while remaining > 0:
        rooms = {id_: room(o, free[id_], shares.get(id_, 0)) for id_, o in usable.items()}
        able = [id_ for id_, units in rooms.items() if units > 0]
        if not able:
            break
        best = min(able, key=lambda id_: (rooms[id_] < remaining, _use(usable[id_], free), id_))
        quantity = min(remaining, rooms[best])
        given.append(Allocation(need.id, best, need.next_number + len(given), quantity))
        free[best] -= quantity
        remaining -= quantity
        del usable[best]
    return given


def _use(offer: OpenOffer, free: dict[str, int]) -> int:
    return (offer.quantity - free[offer.id]) * _PARTS // offer.quantity
