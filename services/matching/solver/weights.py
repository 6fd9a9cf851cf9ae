"""What counts how much. Costs are points for each unit given (each fen, bag or hour)."""

from typing import Annotated, Literal, Self

from pydantic import Field

from services.matching.messages import WEIGHTS_TOO_LARGE
from shared.contracts.values import Value

Points = Annotated[int, Field(ge=0, le=1_000_000)]
TIER_MAX = 4
# Of a unit left without. Times the units of a request it stays within 64 bits, and the flow solver
# bears it with as many requests as a round may have.
WORTH_MAX = 1 << 32


class Weights(Value):
    """One objective for rounds and micro-batches: the least sum of points.

    A unit given costs 1 + distance + specialism + unreliability + load; a unit left without
    costs `level_points` for each level that the request stands above the last one.

    Few donors: every donor of a request beyond its first costs `donor_points` for each unit that
    the request asks for, so alike in fen, bags and hours. At 100 a second donor must save what ten
    kilometres cost on the whole request: the steps between quarters of load alone do not split it.
    Only plans that give every request as much are compared by it; 0 leaves donors uncounted.
    """

    version: Annotated[str, Field(min_length=1, max_length=40)] = "2026-01"
    metres_per_point: Annotated[
        int, Field(ge=1, le=1_000_000, description="metres of distance that cost a point")
    ] = 100
    distance_points_max: Annotated[Points, Field(description="points; farther costs no more")] = 600
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
    level_points: Annotated[
        int, Field(ge=1, le=1 << 24, description="points for a unit left without, for each level")
    ] = 4096
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
            "however long the chain of displacements, outweighs one level"
        ),
    ] = "fast"

    @classmethod
    def from_json(cls, text: str) -> "Weights":
        """Empty text is the defaults."""
        return cls.model_validate_json(text) if text else cls()

    def require_range(self) -> Self:
        """Where weights are set: those of a recorded round are taken as they were."""
        if self.level_points * (self.level_max + 1) > WORTH_MAX:
            raise WEIGHTS_TOO_LARGE.invalid_value(most=WORTH_MAX)
        return self

    def level(self, tier: int, days_waited: int) -> int:
        """In days; 0 is the most urgent."""
        return min(self.level_max, max(0, self.tier_days * tier - max(0, days_waited)))

    def specialism(self, categories: int) -> int:
        """Points; 0 categories are any. Who can serve little else gives first."""
        return self.category_points * ((categories or self.categories_of_any) - 1)

    def points_per_level(self, offers: int, cost_max: int) -> int:
        """cost_max: the dearest pair's points, without load."""
        if self.order == "fast":
            return self.level_points
        return max(self.level_points, 2 * (offers + 1) * (cost_max + self.load_points[-1]) + 1)
