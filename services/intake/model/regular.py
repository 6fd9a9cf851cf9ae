"""Regular work: one entry of the register, its visits, and what was found there.

One shape for a place that is patrolled, a veteran who is called on, a service in single visits, a
station and a social worker: somebody is to be there again by a day, and says what he found.
"""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.events import Applicant, WorkKind
from shared.contracts.values import Area, Identifier, Item, Quantity, Unit, Value
from shared.messaging.decision import Due, State

VisitOutcome = Literal["fine", "findings", "needs_help", "absent"]
"""absent: nobody was met, so it is no visit."""
FindingCode = Literal[
    "fire", "licence", "crowding", "food", "staff", "building", "closed", "medicine", "other"
]
EndReason = Literal["closed", "moved", "finished", "passed_on", "mistaken"]
Title = Annotated[str, Field(max_length=100)]


class Finding(Value):
    """found_on, due_on, closed_on: days. by, closed_by: who."""

    code: FindingCode
    found_on: str
    due_on: str
    by: str
    closed_on: str = ""
    closed_by: str = ""

    @property
    def is_open(self) -> bool:
        return not self.closed_on


class Service(Value):
    """A service plan: so many of it in all, such as 1,720 meals."""

    item: Item
    unit: Unit
    total: Quantity


class RegularWork(State):
    """An entry of the register. title: of a place or a staff number; empty of a person, whose name
    is in the vault under person_id. next_at: the midnight that ends the day by which somebody is to
    be there; None once it ended. warned: 0, 1 overdue, 2 the town was told. visits: how many were
    logged; logged, confirmed: of the service."""

    COLLECTION: ClassVar[str] = "regular_works"
    HAS_DEADLINES: ClassVar[bool] = True

    kind: WorkKind
    area: Area
    title: str = ""
    person_id: str | None = None
    service: Service | None = None
    every_days: int
    registered_by: str
    registered_at: datetime
    last_on: str = ""
    next_at: datetime | None
    warned: int = 0
    visits: int = 0
    logged: int = 0
    confirmed: int = 0
    findings: tuple[Finding, ...] = ()
    ended_on: str = ""
    ended_by: str = ""
    end_reason: EndReason | None = None

    @property
    def is_active(self) -> bool:
        return not self.ended_on

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_open)


class Visit(State):
    """id: the entry's with its number. state: `logged` of a service until another confirms it."""

    COLLECTION: ClassVar[str] = "regular_visits"

    work_id: str
    number: int
    on: str
    by: str
    logged_at: datetime
    outcome: VisitOutcome
    quantity: int = 0
    found: tuple[FindingCode, ...] = ()
    resolved: tuple[FindingCode, ...] = ()
    state: Literal["logged", "confirmed", "refused"] = "confirmed"
    checked_by: str = ""


def derive_visit_id(work_id: str, number: int) -> str:
    return f"{work_id}-{number}"


# --- commands ---


class RegisterWork(Value):
    """person_id: of whom the vault knows already."""

    kind: WorkKind
    area: Area
    title: Title = ""
    person_id: Identifier | None = None
    service: Service | None = None
    every_days: Annotated[int, Field(ge=1, le=366)] | None = None
    by: str = ""


class WorkRow(Value):
    """As it comes in: a place by its title, a person by name and phone."""

    kind: WorkKind
    area: Area
    title: Title = ""
    person: Applicant | None = None
    service: Service | None = None
    every_days: Annotated[int, Field(ge=1, le=366)] | None = None


class LogVisit(Value):
    """area: the code prefix that who logs works in. on: None is today."""

    work_id: Identifier
    area: str = ""
    by: str
    on: date | None = None
    outcome: VisitOutcome
    quantity: Annotated[int, Field(ge=0, le=100_000)] = 0
    found: tuple[FindingCode, ...] = ()
    resolved: tuple[FindingCode, ...] = ()


class CheckVisit(Value):
    """Another says that the visit was, or that it was not."""

    visit_id: Identifier
    work_id: Identifier
    area: str = ""
    by: str
    is_right: bool


class EndWork(Value):
    work_id: Identifier
    area: str = ""
    by: str
    reason: EndReason


class WorkDue(Due):
    """Nobody was there by the day."""
