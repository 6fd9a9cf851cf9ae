"""A task on a case: who asks whom, until when, who says that it is done, on whose desk it is."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from deploy.local.stack import Stack
from services.intake import worklist
from services.intake.api.case_tasks import find_areas
from services.intake.approvals.tasks import describe_tasks, list_desk_tasks, list_task_notes
from services.intake.decide.case_tasks import TASK_DAYS_MAX, TASKS_MAX
from services.intake.history import list_own
from services.intake.model import ErasePerson, Request, WithdrawRequest
from services.intake.model.approval import NOTE_MAX
from services.intake.model.task import AddCaseTask, CompleteCaseTask
from services.intake.vault.needs import prepare_note
from services.intake.worklist import NO_FILTERS, PAGE_ROWS, DueFilter, Filters, Worker
from shared import mongo
from shared.calendar import find_day
from shared.scope import Scope
from shared.security import Credential, Role
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    SHIJIE,
    VAULT,
    DecisionHarness,
    get_body,
    make_command,
    make_submission,
)
from tests.support.answers import code

TEXT = "给张三的儿子打电话"
VILLAGE = f"{CHASHAN}001"


def make_credential(id_: str, area: str, *roles: Role) -> Credential:
    return Credential(id=id_, secret_sha256="x", roles=frozenset(roles), area=area)


CLERK = make_credential("wang", CHASHAN, Role.COLLECTOR)
WORKERS = (
    CLERK,
    make_credential("city", "", Role.APPROVER_CITY),
    make_credential("away", SHIJIE, Role.COLLECTOR),
    make_credential("village", VILLAGE, Role.APPROVER_VILLAGE),
)


class Case:
    def __init__(self, harness: DecisionHarness | None = None, message: str = "m-1") -> None:
        self.harness = harness or DecisionHarness()
        need = {"unit": "fen", "quantity": 300_000}
        decision = self.harness.submit(make_submission(need=need), message=message)
        self.id = get_body(decision)["request_id"]

    @property
    def request(self) -> Request:
        return self.harness.request(self.id)

    @property
    def today(self) -> date:
        return find_day(self.harness.now)

    def ask(self, text: str = TEXT, *, days: int = 3, **fields: Any) -> Any:
        due_on = self.today + timedelta(days=days)
        task = {"request_id": self.id, "area": CHASHAN, "by": "lin", "note": text, "due_on": due_on}
        return self._handle(AddCaseTask(**task | fields))

    def ask_wang(self, **fields: Any) -> Any:
        return self.ask(assignee="wang", assignee_areas=find_areas(WORKERS, "wang"), **fields)

    def complete(self, number: int = 1, note: str = "", **fields: Any) -> Any:
        task = {"request_id": self.id, "area": CHASHAN, "by": "wang", "note": note}
        return self._handle(CompleteCaseTask(number=number, **task | fields))

    def erase(self) -> None:
        data = ErasePerson(person_id=self.request.person_id)
        self.harness.handle(COMMANDS[ErasePerson], make_command(data))

    def _handle(self, data: Any) -> Any:
        return self.harness.handle(COMMANDS[type(data)], prepare_note(VAULT, make_command(data)))

    def read_history(self) -> list[tuple[str, str, str]]:
        person = self.harness.person(self.request.person_id)
        notes = list_task_notes(VAULT, person, self.request)
        return [(note.words[0], note.by, note.text) for note in notes]

    def describe(self) -> Any:
        person = self.harness.person(self.request.person_id)
        return describe_tasks(VAULT, person, self.request, WORKERS, self.harness.now)


def test_a_task_is_sealed_and_its_history_says_who_asked_whom_until_when_and_who_did_it() -> None:
    case = Case()
    before = case.request
    decision = case.ask_wang()
    assert decision.events == (), "it never leaves intake"
    assert get_body(decision)["task"] == 1
    assert "儿子" not in repr(decision) + repr([s.model_dump() for s in decision.states])
    assert case.request.digest == before.digest, "who approves meanwhile has read the same case"
    changed = {"case_tasks": ()}
    assert case.request.model_copy(update=changed) == before

    case.harness.later(days=1)
    done = case.complete(note="张三的儿子周末到")
    assert done.events == ()
    assert "周末" not in repr(done) + repr([s.model_dump() for s in done.states])
    day = f"{before.recorded_at + timedelta(days=3):%-m月%-d日}"
    beginning, end = case.read_history()
    assert beginning[0].startswith(f"任务：请wang在{day}")
    assert beginning[1:] == ("lin", TEXT)
    assert end == ("任务已办", "wang", f"{TEXT}\n张三的儿子周末到")
    assert case.request.open_tasks == ()
    assert code(case.complete().answer) == "task_done"
    assert "儿子" not in repr([part.model_dump() for part in list_own(case.request)])


def test_its_last_day_is_no_day_before_today_in_china() -> None:
    case = Case()
    for days in (-1, TASK_DAYS_MAX + 1):
        assert code(case.ask(days=days).answer) == "task_day_wrong"
    for days in (0, TASK_DAYS_MAX):
        assert case.ask(days=days).answer.status == 200


def test_who_is_asked_works_on_cases_there_or_nobody_is_named() -> None:
    case = Case()
    for id_ in ("away", "village", "nobody"):
        areas = find_areas(WORKERS, id_)
        answer = case.ask(assignee=id_, assignee_areas=areas).answer
        assert code(answer) == "task_assignee_unknown", id_
    case.ask_wang()
    case.ask(assignee="city", assignee_areas=find_areas(WORKERS, "city"))
    case.ask()
    assert [task.assignee for task in case.request.case_tasks] == ["wang", "city", ""]
    assert list(case.describe().assignees) == ["wang", "city"], "the nearest first"


def test_nobody_of_another_area_asks_for_one_or_says_that_it_is_done() -> None:
    case = Case()
    case.ask()
    assert code(case.ask(area=SHIJIE).answer) == "request_unknown"
    assert code(case.complete(area=SHIJIE).answer) == "request_unknown"
    assert code(case.complete(2).answer) == "task_unknown"
    assert len(case.request.open_tasks) == 1


def test_a_task_says_something_and_is_no_book_and_a_case_takes_so_many() -> None:
    case = Case()
    assert code(case.ask("").answer) == "task_empty"
    with pytest.raises(ValidationError):
        case.ask("长" * (NOTE_MAX + 1))
    for number in range(TASKS_MAX):
        case.ask(f"第{number}项")
    assert code(case.ask().answer) == "tasks_too_many"


def test_open_tasks_of_a_case_that_is_over_stay_and_are_named_as_such() -> None:
    case = Case()
    case.ask()
    assert not case.describe().is_over
    withdrawal = WithdrawRequest(request_id=case.id)
    case.harness.handle(COMMANDS[WithdrawRequest], make_command(withdrawal))
    tasks = case.describe()
    assert tasks.is_over
    assert [row.text for row in tasks.open] == [TEXT]
    case.complete()
    assert case.describe().open == ()


def test_what_is_to_be_done_goes_with_the_person_and_the_task_can_still_be_ended() -> None:
    case = Case()
    case.ask()
    case.complete(note="到了")
    case.ask()
    case.erase()
    assert case.read_history() == []
    assert [row.text for row in case.describe().open] == [""]
    assert code(case.ask().answer) == "task_person_gone"
    assert code(case.complete(2, note="办了").answer) == "task_person_gone"
    case.complete(2)
    assert case.request.open_tasks == ()


def test_a_desk_has_its_own_tasks_and_those_of_whoever_works_there_but_opens_no_words() -> None:
    case = Case()
    case.ask_wang(days=5)
    case.ask(days=2)
    case.ask(days=9, assignee="gone", assignee_areas=(CHASHAN,))
    case.ask(days=1, assignee="city", assignee_areas=("",))
    worker = Worker("wang", Scope(area=CHASHAN), (), {"city": ("",), "lin": (CHASHAN,)})
    case.harness.later(days=4)
    rows = list_desk_tasks(case.request, worker, case.harness.now)
    assert [(row.number, row.left.words[0]) for row in rows] == [
        (2, "已超期2天"),
        (1, "还有1天"),
        (3, "还有5天"),
    ]
    assert [row.is_overdue for row in rows] == [True, False, False]
    assert "gone已不在本辖区，由本辖区经办人员办" in rows[2].words[0]
    assert {row.text for row in rows} == {""}
    assert "gone已不在本辖区" in case.describe().open[-1].words[0]


async def test_the_list_of_tasks_is_by_what_is_due_first_and_shows_nobody_anothers(
    mongod: Stack,
) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    await mongo.ensure_indexes(database, worklist.INDEXES)
    harness = DecisionHarness()
    count = PAGE_ROWS + 2
    cases = [Case(harness, f"m-{number}") for number in range(count)]
    for number, case in enumerate(cases):
        case.ask(days=count - number)
        case.ask_wang(days=count + 30)
    cases[0].complete()
    cases[1].complete()
    cases[1].complete(2)
    harness.later(days=4)
    stored = [mongo.to_document(request) for request in harness.requests()]
    await database[Request.COLLECTION].insert_many(stored)
    ids = [case.id for case in reversed(cases)]
    office, [second, first] = ids[:-2], ids[-2:]

    async def list_all(worker: Worker, due: DueFilter | None = None) -> list[str]:
        found, cursor = [], ""
        filters = Filters(due=due, at=harness.now) if due else NO_FILTERS
        while True:
            page = await worklist.list_page(database, worker, "tasks", filters, cursor)
            found += [request.id for request in page.requests]
            if not (cursor := page.following):
                return found

    town = Scope(area=CHASHAN)
    assert await list_all(Worker("wang", town, ())) == [*office, first]
    assert await list_all(Worker("lin", town, (), {"wang": (CHASHAN,)})) == office
    assert await list_all(Worker("li", town, (), {"lin": (CHASHAN,)})) == [*office, first]
    assert await list_all(Worker("away", Scope(area=SHIJIE), ())) == []
    worker = Worker("lin", town, (), {"wang": (CHASHAN,)})
    assert await list_all(worker, "overdue") == office[:3], "by the task, not by the case's clock"
    assert await list_all(worker, "today") == office[3:4]
    assert second not in await list_all(worker)
    assert await worklist.count_up_to(database, worker, "tasks") == len(office)


async def test_a_task_is_on_somebodys_desk_wherever_the_case_or_its_assignee_went(
    mongod: Stack,
) -> None:
    """The clerk works in another village, in another town, or no more; and the case moved."""
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    harness = DecisionHarness()
    case = Case(harness)
    case.ask(assignee="villager", assignee_areas=(CHASHAN,))
    request = case.request
    await database[Request.COLLECTION].insert_one(mongo.to_document(request))
    elsewhere = f"{CHASHAN}002"
    everybody: dict[str, tuple[str, ...]] = {
        "villager": (elsewhere,),
        "wang": (CHASHAN,),
        "boss": ("",),
    }

    async def has(name: str, area: str, others: Mapping[str, tuple[str, ...]]) -> bool:
        scope = Scope(area=area)
        near = {id_: a for id_, a in others.items() if id_ != name}
        worker = Worker(name, scope, (), near)
        page = await worklist.list_page(database, worker, "tasks")
        rows = list_desk_tasks(request, worker, harness.now)
        assert bool(rows) is bool(page.requests) or not scope.sees_place(request.area.town_code)
        return bool(page.requests)

    assert await has("wang", CHASHAN, everybody), "the case is in no village of hers"
    assert await has("boss", "", everybody)
    assert not await has("villager", elsewhere, everybody)
    everybody["villager"] = (SHIJIE,)
    assert await has("boss", "", {"boss": ("",), "villager": (SHIJIE,)}), "she alone sees it"
    everybody["villager"] = (SHIJIE, CHASHAN)
    assert not await has("wang", CHASHAN, everybody), "it is on the desk of whom was asked"
    assert await has("villager", CHASHAN, everybody)
    del everybody["villager"]
    assert await has("wang", CHASHAN, everybody), "who left has no desk"
