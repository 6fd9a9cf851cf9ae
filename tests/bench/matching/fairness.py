"""`python -m tests.bench fairness`: a year of days, and how long anybody waited.

A typhoon on the first day brings the requests of many days at once; from then on requests come by
Poisson's law, and each morning means that suffice for them on average and never catch up. One
whole solution a day gives them. What waits, waits on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from services.matching.solver.arrays import sum_by_row
from services.matching.solver.columns import build_pools
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.solver.model import build_model
from services.matching.solver.solve import solve
from services.matching.solver.weights import BEFORE_WAITING_COUNTED_ON, DAY_MS, Weights

TIERS = 5
TIER_SHARES = (0.1, 0.2, 0.25, 0.2, 0.25)
COUNTING, CLAMPED = Weights(), Weights.model_validate(BEFORE_WAITING_COUNTED_ON)
_MIDDLE = (23_000_000, 113_750_000)  # microdegrees, about Dongguan's
_AROUND = 90_000  # about ten kilometres


@dataclass(frozen=True, slots=True)
class Year:
    """a_day: requests on average, for which the means suffice. typhoon: so many on the first."""

    days: int = 365
    a_day: int = 12
    typhoon: int = 1200
    seed: int = 1

    @property
    def means_a_day(self) -> int:
        return self.a_day * UNITS


UNITS = 4  # that a request asks for


@dataclass(slots=True)
class Waits:
    """In days, by tier. lead_days: how far demand ran ahead of the means at most, in days of them.

    waiting: what still waits at the end, whose days count too.
    """

    longest: list[int] = field(default_factory=lambda: [0] * TIERS)
    lead_days: float = 0.0
    served: int = 0
    waiting: int = 0

    def bound(self, tier: int, weights: Weights = COUNTING) -> float:
        """In docs/matching.md; a day more, as means come in the morning."""
        return weights.tier_days * tier + self.lead_days + 1

    def count(self, tier: int, days: int) -> None:
        self.longest[tier] = max(self.longest[tier], days)


def simulate(year: Year, weights: Weights) -> Waits:
    """The same requests and means by whatever weights."""
    chance = np.random.default_rng(year.seed)
    waits, open_needs = Waits(), {}
    asked = given = 0
    lead = 0
    for day in range(year.days):
        for need in _arrivals(year, chance, day):
            open_needs[need.id] = need
            asked += need.remaining
        given += year.means_a_day
        given = min(given, asked)  # what nobody asks for is not kept
        lead = max(lead, asked - given)
        for id_, units in _give(open_needs, year, weights, day).items():
            need = open_needs.pop(id_)
            if units < need.remaining:
                open_needs[id_] = replace(need, remaining=need.remaining - units)
                continue
            waits.served += 1
            waits.count(need.tier, need.count_days_waited((day + 1) * DAY_MS))
    for need in open_needs.values():
        waits.count(need.tier, need.count_days_waited(year.days * DAY_MS))
    waits.lead_days = lead / year.means_a_day
    waits.waiting = len(open_needs)
    return waits


def _arrivals(year: Year, chance: np.random.Generator, day: int) -> Iterator[OpenNeed]:
    count = int(chance.poisson(year.a_day)) + (0 if day else year.typhoon)
    for number in range(count):
        latitude, longitude = chance.integers(-_AROUND, _AROUND, 2).tolist()
        yield OpenNeed(
            id=f"R-{chance.integers(1 << 40):010x}",
            unit="fen",
            item="",
            category="meals",
            beneficiary_class="",
            town_code="",
            tier=int(chance.choice(TIERS, p=TIER_SHARES)),
            recorded_ms=day * DAY_MS + number * DAY_MS // (count + 1),
            remaining=UNITS,
            next_number=1,
            place=(_MIDDLE[0] + latitude, _MIDDLE[1] + longitude),
        )


def _give(needs: dict[str, OpenNeed], year: Year, weights: Weights, day: int) -> dict[str, int]:
    """What each gets on the next morning."""
    if not needs:
        return {}
    means = year.means_a_day
    offer = OpenOffer(f"O-{day}", "fen", "", means, means, place=_MIDDLE)
    [pool] = build_pools(needs.values(), [offer], weights, (day + 1) * DAY_MS)
    solved = solve(build_model(pool, weights))
    units = sum_by_row(solved.model.arcs.request, solved.quantities, len(pool.demand))
    return {pool.demand.ids[row]: int(units[row]) for row in np.flatnonzero(units).tolist()}


def main(
    days: Annotated[int, typer.Option(help="simulated")] = 365,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """等候时间：改前与改后。The longest wait of a simulated year, before and after."""
    year = Year(days=days, seed=seed)
    console = Console()
    with console.status("simulating"):
        before, after = (simulate(year, weights) for weights in (CLAMPED, COUNTING))
    console.print(build_table(year, before, after))


def build_table(year: Year, before: Waits, after: Waits) -> Table:
    title = (
        f"{year.days} days, {year.typhoon} requests on the first, then {year.a_day} a day and "
        f"means for as many; demand was {after.lead_days:.1f} days ahead at most"
    )
    table = Table("tier", title=title)
    for heading in ("clamped at 0: days", "counting on: days", "bound: days"):
        table.add_column(heading, justify="right")
    for tier in range(TIERS):
        row = before.longest[tier], after.longest[tier], f"{after.bound(tier):.0f}"
        table.add_row(str(tier), *map(str, row))
    table.add_row("served", f"{before.served:,}", f"{after.served:,}", "")
    table.add_row("waiting at the end", str(before.waiting), str(after.waiting), "")
    return table


if __name__ == "__main__":
    typer.run(main)
