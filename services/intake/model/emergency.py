"""An emergency (民政纾困十条): where, for what, how long; proposed by one, confirmed by another."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.events import ApprovalLevel, AreaCode, EmergencyCause
from shared.contracts.events.emergencies import AREAS_MAX
from shared.contracts.values import Area, Category, Identifier, Value
from shared.messaging.decision import State

EmergencyState = Literal["proposed", "declared", "ended", "refused"]
Areas = Annotated[tuple[AreaCode, ...], Field(max_length=AREAS_MAX)]
TOWN_DIGITS = 9


@dataclass(frozen=True, slots=True)
class EmergencyRules:
    """emergency_by_towns: whether a town proposes for itself; the city confirms it always.

    emergency_level_drop: by how many levels an approval comes nearer to the person.
    """

    emergency_days_max: int
    emergency_lift: int
    emergency_by_towns: bool
    emergency_level_drop: int


class Emergency(State):
    """area_codes: of towns and of villages. categories: empty is all of them.

    starts_at: no earlier than it was confirmed. lift: by how many tiers its needs rise.
    refused: the proposal was. ended_by: who ended it before its time, or refused it.
    """

    COLLECTION: ClassVar[str] = "emergencies"

    state: EmergencyState
    area_codes: tuple[str, ...]
    categories: tuple[Category, ...] = ()
    cause: EmergencyCause
    starts_at: datetime
    ends_at: datetime
    lift: int = 1
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None

    def is_on(self, now: datetime) -> bool:
        return self.state == "declared" and self.starts_at <= now < self.ends_at

    def covers(self, area: Area, category: Category) -> bool:
        is_within = {area.town_code, area.village_code} & set(self.area_codes)
        return bool(is_within) and (not self.categories or category in self.categories)

    @property
    def was_declared(self) -> bool:
        return self.confirmed_at is not None


# --- commands ---


class ProposeEmergency(Value):
    """area: the code prefix that who proposes works in. starts_on, until: days, both within."""

    emergency_id: Identifier
    by: str
    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    area_codes: Areas
    categories: tuple[Category, ...] = ()
    cause: EmergencyCause
    starts_on: date
    until: date


class ConfirmEmergency(Value):
    emergency_id: Identifier
    by: str
    levels: tuple[ApprovalLevel, ...]
    area: str = ""


class EndEmergency(Value):
    """Or refuses what is proposed."""

    emergency_id: Identifier
    by: str
    levels: tuple[ApprovalLevel, ...]
    area: str = ""


class HastenRequest(Value):
    """A case where an emergency is on."""

    request_id: Identifier
    emergency_id: Identifier
