"""What intake says of emergencies (民政纾困十条): codes alone. Subject: the emergency's id."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import Category, Identifier, Moment

AREAS_MAX = 100
EmergencyCause = Literal["epidemic", "typhoon", "flood", "fire", "cold", "other"]
AreaCode = Annotated[str, Field(pattern=r"^[0-9]{9}([0-9]{3})?$")]
"""Of a town, or of a village of it."""


class EmergencyFact(Fact):
    TOPIC: ClassVar[str] = topics.REQUESTS


class EmergencyDeclared(EmergencyFact):
    """Two people declared it. categories: those it is for; none is all of them. lift: by how many
    tiers its needs rise. It ends by itself."""

    TYPE: ClassVar[str] = "guanjia.emergency.declared.v1"
    area_codes: Annotated[tuple[AreaCode, ...], Field(min_length=1, max_length=AREAS_MAX)]
    categories: tuple[Category, ...] = ()
    cause: EmergencyCause
    lift: Annotated[int, Field(ge=1, le=4)]
    starts_at: Moment
    ends_at: Moment
    proposed_by: Identifier
    confirmed_by: Identifier


class EmergencyEnded(EmergencyFact):
    """Before its time."""

    TYPE: ClassVar[str] = "guanjia.emergency.ended.v1"
    ended_at: Moment
    ended_by: Identifier


FACTS: tuple[type[Fact], ...] = (
    EmergencyDeclared,
    EmergencyEnded,
)
