"""What counts how much. Costs are points for each unit given (each fen, bag or hour)."""

import json
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field

from services.matching.solver.messages import WEIGHTS_TOO_LARGE
from shared.contracts.values import Value

Points = Annotated[int, Field(ge=0, le=1_000_000)]
TIER_MAX = 4
# Of a unit left without. Times the units of a request it stays within 64 bits, and the flow solver
# bears it with as many requests as a round may have.
WORTH_MAX = 1 << 32
DAY_MS = 24 * 3600 * 1000
# Need is told apart by quarters of an hour, so that of two alike who waited longer comes first.
STEPS = 96
_STEP = timedelta(days=1) / STEPS
# What rounds counted by that were recorded before waiting counted on.
BEFORE_WAITING_COUNTED_ON = {"level_points": 4096, "waiting": "ends_at_0"}
# What rounds counted by that were recorded before an unknown place was far.
BEFORE_UNKNOWN_WAS_FAR = {"town_metres": 0, "unknown_metres": 0}


class Weights(Value):
    """One objective for rounds and micro-batches: the least sum of points.

    A unit given costs 1 + distance + specialism + unreliability + load; a unit left without
    costs `level_points` for each level that the request stands above the last one, and a 96th of
    them for each quarter of an hour. At 131072 that is more than distance, specialism,
    unreliability and load together: among those whom one offer may serve, need and then waiting
    decide alone.

    Few donors: every donor of a request beyond its first costs `donor_points` for each unit that
    the request asks for, so alike in fen, bags and hours. At 100 a second donor must save what ten
    kilometres cost on the whole request: the steps between quarters of load alone do not split it.
    Only plans that give every request as much are compared by it; 0 leaves donors uncounted.
    """

    version: Annotated[str, Field(min_length=1, max_length=40)] = "2026-11"
    metres_per_point: Annotated[
        int, Field(ge=1, le=1_000_000, description="metres of distance that cost a point")
    ] = 100
    distance_points_max: Annotated[Points, Field(description="points; farther costs no more")] = 600
    town_metres: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="metres at least to where only the town is known: half across a town, and "
            "the error of the table of middles",
        ),
    ] = 5_000
    unknown_metres: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="metres where not even the town is known: the middle of the field, half "
            "across the city",
        ),
    ] = 25_000
    category_points: Annotated[
        Points, Field(description="points for each category beyond the first that an offer serves")
    ] = 12
    categories_of_any: Annotated[
        int, Field(ge=1, le=1000, description="categories an offer for any category counts as")
    ] = 15
    tier_days: Annotated[
        int, Field(ge=0, le=1000, description="days of waiting that lift a request one tier")
    ] = 30
    level_max: Annotated[
        int, Field(ge=0, le=10_000, description="days; the level of what may wait longest")
    ] = 150
    waiting: Annotated[
        Literal["counts_on", "ends_at_0"],
        Field(
            description="counts_on: every day waited raises the need; ends_at_0: none beyond "
            "level 0, and whole days alone, as before 2026-11"
        ),
    ] = "counts_on"
    level_points: Annotated[
        int, Field(ge=1, le=1 << 24, description="points for a unit left without, for each level")
    ] = 1 << 17
    load_points: Annotated[
        tuple[Points, Points, Points, Points],
        Field(description="points for a unit in each quarter of an offer's quantity"),
    ] = (0, 40, 120, 300)
    donor_points: Annotated[
        Points,
        Field(
            description="points for each unit a request asks for, for each donor beyond its first"
        ),
    ] = 100
    order: Annotated[
        Literal["fast", "strict"],
        Field(
            description="strict: level_points are computed so that no saving of distance or load, "
            "however long the chain of displacements, outweighs a quarter of an hour"
        ),
    ] = "fast"

    @classmethod
    def from_json(cls, text: str) -> "Weights":
        """Those of a round; empty text is the defaults. Older ones do not name what came since, and
        count as they did."""
        if not text:
            return cls()
        fields = BEFORE_UNKNOWN_WAS_FAR | json.loads(text)
        waits = {} if "waiting" in fields else BEFORE_WAITING_COUNTED_ON
        return cls.model_validate_json(json.dumps(waits | fields))

    def require_range(self) -> Self:
        """Where weights are set: those of a recorded round are taken as they were."""
        if self.level_points * (self.level_max + 1) > WORTH_MAX:
            raise WEIGHTS_TOO_LARGE.invalid_value(most=WORTH_MAX)
        return self

    @property
    def level_min(self) -> int:
        """Where a level ends: the solver's integers bear none below it."""
        if self.waiting == "ends_at_0":
            return 0
        return self.level_max + 1 - WORTH_MAX // self.level_points

    def compute_level(self, tier: int, days_waited: int) -> int:
        """In days; the lower, the more urgent. Below 0 it goes on falling."""
        level = self.tier_days * tier - max(0, days_waited)
        return max(self.level_min, min(self.level_max, level))

    def count_steps(self, tier: int, waited_ms: int) -> int:
        """The level in steps of a quarter of an hour.

        A tier counts one step less than its days: who stands equal by having waited longer is
        before who stands there by his tier.
        """
        if self.waiting == "ends_at_0":
            return STEPS * self.compute_level(tier, waited_ms // DAY_MS)
        longer = tier if self.tier_days else 0
        steps = STEPS * self.tier_days * tier - longer - waited_ms * STEPS // DAY_MS
        return max(STEPS * self.level_min, min(STEPS * self.level_max, steps))

    def compute_wait(self, tier: int) -> timedelta:
        """The waiting that a tier stands for: what `count_steps` counts for it."""
        return timedelta(days=self.tier_days) * tier - _STEP * (tier if self.tier_days else 0)

    def compute_specialism(self, categories: int) -> int:
        """Points; 0 categories are any. Who can serve little else gives first."""
        return self.category_points * ((categories or self.categories_of_any) - 1)

    def compute_level_points(self, offers: int, cost_max: int) -> int:
        """cost_max: the dearest pair's points, without load."""
        if self.order == "fast":
            return self.level_points
        strict = 2 * (offers + 1) * (cost_max + self.load_points[-1]) + 1
        steps = STEPS if self.waiting == "counts_on" else 1
        return max(self.level_points, steps * strict)
