"""A task on a case: what one of the staff asks to be done by a day, and who did it."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from services.intake.model.approval import NOTE_MAX, NotedCommand
from services.intake.model.clock import find_last_day
from shared.contracts.values import Value


class Completion(Value):
    """Who did the task, and when. cipher: how it ended, where that was written; its key is with the
    person, under record."""

    at: datetime
    by: str
    record: str = ""
    cipher: bytes | None = None


class CaseTask(Value):
    """number: within its case, from 1. assignee: a holder; empty for whoever of the area. ends_at:
    the midnight that ends its last day in China. cipher: what is to be done; its key is with the
    person, under record. completion: None while it is open."""

    number: int
    at: datetime
    by: str
    assignee: str = ""
    ends_at: datetime
    record: str
    cipher: bytes
    completion: Completion | None = None

    @property
    def due_on(self) -> date:
        """The last day on which it is in time."""
        return find_last_day(self.ends_at)


class AddCaseTask(NotedCommand):
    """note: what is to be done. area: the code prefix that who asks works in. assignee_areas: those
    in which the assignee works on cases; empty where he does so nowhere."""

    note: Annotated[str, Field(max_length=NOTE_MAX, repr=False)] = ""
    area: str = ""
    by: str
    assignee: Annotated[str, Field(max_length=60)] = ""
    assignee_areas: tuple[str, ...] = ()
    due_on: date


class CompleteCaseTask(NotedCommand):
    """note: how it ended, where there is something to say. area: as above."""

    note: Annotated[str, Field(max_length=NOTE_MAX, repr=False)] = ""
    number: int
    area: str = ""
    by: str
