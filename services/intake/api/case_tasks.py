"""HTTP for tasks on a case: asking that something is done by a day, and saying that it is."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from fastapi import Depends, Path
from fastapi.responses import Response
from pydantic import StringConstraints

from services.intake.api.requests import CASE_WORKERS
from services.intake.model.approval import NOTE_MAX
from services.intake.model.task import AddCaseTask, CompleteCaseTask
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared.contracts.values import Identifier, Value
from shared.security import Credential
from shared.web.access import IdempotencyKey, Router, allow, answer_to

router = Router()

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
TaskNumber = Annotated[int, Path(ge=1, le=1000)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=NOTE_MAX)]


class TaskBody(Value):
    """task: what is to be done, sealed. assignee: the holder who is asked; empty for whoever works
    on cases of the area. due_on: the last day, as China counts it."""

    task: Text
    assignee: Annotated[str, StringConstraints(max_length=60)] = ""
    due_on: date


class TaskDoneBody(Value):
    """note: how it ended, for staff only, sealed; it may be left out."""

    note: Text = ""


@router.post("/requests/{request_id}/tasks")
async def add_task(
    request_id: Identifier,
    body: TaskBody,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """On a case in any state. Case workers of its area read it on its page, and nobody else."""
    command = AddCaseTask(
        request_id=request_id,
        area=caller.area,
        by=caller.principal,
        note=body.task,
        assignee=body.assignee,
        assignee_areas=find_areas(await list_case_workers(runtime), body.assignee),
        due_on=body.due_on,
    )
    return await answer_to(runtime, caller, command, key)


@router.post("/requests/{request_id}/tasks/{task}/done")
async def complete_task(
    request_id: Identifier,
    task: TaskNumber,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
    body: TaskDoneBody = TaskDoneBody(),  # noqa: B008 - frozen
) -> Response:
    """By whoever did it: any case worker who sees the case."""
    command = CompleteCaseTask(
        request_id=request_id, number=task, area=caller.area, by=caller.principal, note=body.note
    )
    return await answer_to(runtime, caller, command, key)


def find_areas(workers: Iterable[Credential], assignee: str) -> tuple[str, ...]:
    """In which he works on cases; none where he does not."""
    return tuple(sorted({each.area for each in workers if each.principal == assignee}))


async def list_case_workers(runtime: IntakeRuntime) -> list[Credential]:
    """Whose credentials are valid now."""
    now = await runtime.processor.now()
    credentials = runtime.keyring.list_credentials()
    return [each for each in credentials if each.roles & CASE_WORKERS and each.is_valid(now)]
