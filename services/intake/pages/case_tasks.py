"""Tasks on the page of a case: asking for one, and saying that it is done."""

from fastapi import Request
from fastapi.responses import Response

from services.intake.api.case_tasks import TaskNumber, find_areas, list_case_workers
from services.intake.model.task import AddCaseTask, CompleteCaseTask
from services.intake.pages.case import CASE_PATH, CaseWorker, act_on
from services.intake.pages.case_forms import read_day, read_note
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import Identifier, Value
from shared.web.forms import Form
from shared.web.staff import PageRouter

router = PageRouter()


@router.post(f"{CASE_PATH}/task")
async def submit_task(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    workers = await list_case_workers(runtime)

    def build(form: Form) -> Value:
        assignee = form.get("assignee", "")
        return AddCaseTask(
            request_id=request_id,
            area=caller.area,
            by=caller.principal,
            note=read_note(form),
            assignee=assignee,
            assignee_areas=find_areas(workers, assignee),
            due_on=read_day(form, "due_on"),
        )

    return await act_on(request, runtime, caller, request_id, "task", build)


@router.post(f"{CASE_PATH}/tasks/{{task}}/done")
async def submit_done_task(
    request_id: Identifier,
    task: TaskNumber,
    caller: CaseWorker,
    request: Request,
    runtime: IntakeRuntimeDep,
) -> Response:
    def build(form: Form) -> Value:
        return CompleteCaseTask(
            request_id=request_id,
            number=task,
            area=caller.area,
            by=caller.principal,
            note=read_note(form),
        )

    return await act_on(request, runtime, caller, request_id, "task-done", build)
