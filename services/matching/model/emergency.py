"""Areas under emergency measures (民政纾困十条): for a period, their needs count as more urgent."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.values import Identifier, Moment, ShortText, TownCode, Value
from shared.messaging.decision import State


class Emergency(State):
    """lift: by how many tiers its towns' needs rise; tier 0 stays the most urgent."""

    COLLECTION: ClassVar[str] = "emergencies"

    town_codes: tuple[str, ...]
    lift: int
    starts_at: datetime
    ends_at: datetime
    reason: str
    declared_by: str

    def is_on(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at


def lifted(tier: int, town_code: str, on: Iterable[Emergency]) -> int:
    """The tier a need of this town has while these are on: the highest lift, not their sum."""
    lifts = (e.lift for e in on if town_code in e.town_codes)
    return max(0, tier - max(lifts, default=0))


class EmergencyTerms(Value):
    town_codes: Annotated[tuple[TownCode, ...], Field(min_length=1, max_length=100)]
    lift: Annotated[int, Field(ge=1, le=4)] = 1
    starts_at: Moment
    ends_at: Moment
    reason: ShortText


class DeclareEmergency(Value):
    emergency_id: Identifier
    terms: EmergencyTerms


class EndEmergency(Value):
    emergency_id: Identifier
