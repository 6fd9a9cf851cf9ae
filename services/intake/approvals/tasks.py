"""Tasks on cases as staff read them: on the page of the case, in its history and on the desk."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.intake.approvals.notes import Note, open_note_record
from services.intake.clocks.words import Left, Words, format_day
from services.intake.decide.requests import is_in_area
from services.intake.model import Person, Request, RequestState
from services.intake.model.task import CaseTask
from services.intake.vault.sealing import Vault
from services.intake.worklist import Worker
from shared.calendar import find_day
from shared.dates import name_day
from shared.security import Credential
from shared.web.tiles import list_roles

OVER = frozenset(
    {
        RequestState.DUPLICATE,
        RequestState.DECLINED,
        RequestState.WITHDRAWN,
        RequestState.CLOSED,
    }
)
OFFICE: Words = ("本辖区经办人员", "whoever works here")


@dataclass(frozen=True, slots=True)
class TaskRow:
    """An open task. words: who is asked to do it, by when and by whom. text: empty where its person
    was erased."""

    number: int
    words: Words
    left: Left
    text: str = field(default="", repr=False)

    @property
    def is_overdue(self) -> bool:
        return self.left.urgency == "overdue"


@dataclass(frozen=True, slots=True)
class CaseTasks:
    """open: what is due first stands first. assignees: who may be asked, by holder. is_over: the
    case is, whatever has to be done still."""

    open: tuple[TaskRow, ...] = ()
    assignees: Mapping[str, Words] = field(default_factory=dict)
    is_over: bool = False


NO_TASKS = CaseTasks()


def describe_tasks(
    vault: Vault, person: Person, request: Request, workers: Iterable[Credential], now: datetime
) -> CaseTasks:
    """For case workers of its area alone. workers: all who work on cases."""
    assignees = _name_assignees(workers, request)
    rows = tuple(
        replace(
            build_task_row(task, now, is_here=task.assignee in assignees),
            text=open_note_record(vault, person, task.record, task.cipher),
        )
        for task in _sort_open(request)
    )
    return CaseTasks(rows, assignees, is_over=request.state in OVER)


def list_desk_tasks(request: Request, worker: Worker, now: datetime) -> tuple[TaskRow, ...]:
    """Those of one desk, where nobody's words are opened."""
    return tuple(
        build_task_row(task, now, is_here=task.assignee == worker.principal)
        for task in _sort_open(request)
        if not _is_anothers(worker, task, request)
    )


def _is_anothers(worker: Worker, task: CaseTask, request: Request) -> bool:
    """Whether it stands on the desk of somebody else: he works where the case is now."""
    return any(is_in_area(request, area) for area in worker.others.get(task.assignee, ()))


def build_task_row(task: CaseTask, now: datetime, *, is_here: bool) -> TaskRow:
    """is_here: whether the assignee, if any, works on cases of this area."""
    (zh, en), day = _name_assignee(task), format_day(task.due_on)
    due = name_day(task.due_on)[1]
    words = (f"{task.by}请{zh}在{day}前办", f"{task.by} asks {en}, by {due}")
    if task.assignee and not is_here:
        words = (
            f"{words[0]}；{task.assignee}已不在本辖区，由{OFFICE[0]}办",
            f"{words[1]}; {task.assignee} left: for {OFFICE[1]}",
        )
    return TaskRow(task.number, words, _describe_left(task, now))


def _describe_left(task: CaseTask, now: datetime) -> Left:
    """In days as the calendar counts them: a task may be for a weekend."""
    days = (task.due_on - find_day(now)).days
    count = f"{abs(days)} day{'s' if abs(days) != 1 else ''}"
    if days < 0:
        return Left((f"已超期{-days}天", f"overdue by {count}"), "overdue")
    if days == 0:
        return Left(("今天到期", "due today"), "due")
    return Left((f"还有{days}天", f"{count} left"), "later")


def list_task_notes(vault: Vault, person: Person, request: Request) -> list[Note]:
    """As steps of its history; nothing of who was erased."""
    return [note for task in request.case_tasks for note in _open_task(vault, person, task)]


def _open_task(vault: Vault, person: Person, task: CaseTask) -> Iterator[Note]:
    text = open_note_record(vault, person, task.record, task.cipher)
    if not text:
        return
    whom, day = _name_assignee(task), format_day(task.due_on)
    words = (f"任务：请{whom[0]}在{day}前办", f"task for {whom[1]} by {name_day(task.due_on)[1]}")
    yield Note(task.at, words, task.by, text)
    if done := task.completion:
        outcome = open_note_record(vault, person, done.record, done.cipher)
        lines = "\n".join(filter(None, (text, outcome)))
        yield Note(done.at, ("任务已办", "task done"), done.by, lines)


def _name_assignees(workers: Iterable[Credential], request: Request) -> dict[str, Words]:
    """Who may be asked to do something on it, each holder once: those of the smallest areas
    first."""
    seeing = [each for each in workers if is_in_area(request, each.area)]
    seeing.sort(key=lambda each: (-len(each.area), each.principal))
    names: dict[str, dict[str, str]] = {}
    for credential in seeing:
        names.setdefault(credential.principal, {}).update(list_roles(credential))
    return {
        id_: (f"{id_}（{'、'.join(roles)}）", f"{id_} ({', '.join(roles.values())})")
        for id_, roles in names.items()
    }


def _sort_open(request: Request) -> list[CaseTask]:
    return sorted(request.open_tasks, key=lambda task: (task.ends_at, task.number))


def _name_assignee(task: CaseTask) -> Words:
    if task.assignee == task.by:
        return ("自己", "themselves")
    return (task.assignee, task.assignee) if task.assignee else OFFICE
