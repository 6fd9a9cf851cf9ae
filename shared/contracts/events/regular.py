"""What intake says of regular work: patrols, regular contact, service plans, stations."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.events.requests import ApprovalLevel
from shared.contracts.values import Area, Identifier, Moment

WorkKind = Literal["after_school", "veteran", "plan", "station", "worker"]


class RegularFact(Fact):
    """Subject: the entry's id; of a person nothing is said."""

    TOPIC: ClassVar[str] = topics.REQUESTS
    kind: WorkKind
    area: Area


class RegularRegistered(RegularFact):
    TYPE: ClassVar[str] = "guanjia.regular.registered.v1"


class RegularVisited(RegularFact):
    """quantity: of a service; findings: how many things were found wrong."""

    TYPE: ClassVar[str] = "guanjia.regular.visited.v1"
    outcome: Identifier
    quantity: Annotated[int, Field(ge=0)] = 0
    findings: Annotated[int, Field(ge=0)] = 0


class RegularOverdue(RegularFact):
    """Nobody was there by the day. level: the town, where it was told before to who works there."""

    TYPE: ClassVar[str] = "guanjia.regular.overdue.v1"
    due_at: Moment
    level: ApprovalLevel | None = None


class RegularEnded(RegularFact):
    TYPE: ClassVar[str] = "guanjia.regular.ended.v1"
    reason: Identifier


FACTS: tuple[type[Fact], ...] = (
    RegularRegistered,
    RegularVisited,
    RegularOverdue,
    RegularEnded,
)
