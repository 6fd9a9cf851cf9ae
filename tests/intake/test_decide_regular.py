"""Regular work: somebody is there by a day, says what he found, and another checks a service."""

from datetime import date, datetime
from typing import Any

import pytest

from services.intake.model.regular import (
    CheckVisit,
    EndWork,
    LogVisit,
    RegisterWork,
    RegularWork,
    Visit,
    WorkDue,
)
from services.intake.regular.registering import SheetWork, read_works
from services.intake.regular.rules import find_next_visit_at
from services.intake.settings import IntakeSettings
from shared.contracts.events import RegularOverdue
from shared.contracts.values import CHINA
from shared.messaging.decision import Decision, Ref
from shared.sheets import RefusedRow
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    DecisionHarness,
    get_body,
    make_command,
)

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=CHINA)
PLACE = {
    "kind": "after_school",
    "area": {"town_code": CHASHAN},
    "title": "阳光托管中心",
    "by": "s-1",
}
PLAN = {
    "kind": "plan",
    "area": {"town_code": CHASHAN},
    "person_id": "P-1",
    "service": {"item": "配餐", "unit": "份", "total": 1720},
    "by": "s-1",
}


def execute(harness: DecisionHarness, data: Any, key: str = "s-1|k-1") -> Decision:
    return harness.handle(COMMANDS[type(data)], make_command(data, key=key))


def register(fields: dict[str, Any] = PLACE) -> tuple[DecisionHarness, RegularWork]:
    harness = DecisionHarness()
    harness.now = MONDAY
    execute(harness, RegisterWork.model_validate(fields))
    return harness, get_work(harness)


def get_work(harness: DecisionHarness) -> RegularWork:
    return next(state for state in harness.states.values() if isinstance(state, RegularWork))


def log(harness: DecisionHarness, outcome: str = "fine", **more: Any) -> Decision:
    fields = {"work_id": get_work(harness).id, "by": "s-1", "outcome": outcome, **more}
    return execute(harness, LogVisit.model_validate(fields))


def check(harness: DecisionHarness, by: str, *, is_right: bool = True) -> Decision:
    work = get_work(harness)
    visit_id = f"{work.id}-{work.visits}"
    return execute(
        harness, CheckVisit(visit_id=visit_id, work_id=work.id, by=by, is_right=is_right)
    )


def get_code(decision: Decision) -> str:
    return str(get_body(decision)["problems"][0]["code"])


def test_a_place_is_patrolled_within_thirty_days_and_late_is_said_twice() -> None:
    harness, work = register()
    assert work.next_at == datetime(2026, 4, 2, 0, 0, tzinfo=CHINA)
    levels = []
    while get_work(harness).due_at is not None:
        due_at = get_work(harness).due_at
        assert due_at is not None
        harness.now = due_at
        due = execute(harness, WorkDue(aggregate_id=work.id, due_at=due_at))
        levels += [fact.level for _, fact in due.events if isinstance(fact, RegularOverdue)]
    assert levels == [None, "town"]
    log(harness)
    assert get_work(harness).warned == 0
    assert get_work(harness).due_at is not None


def test_a_veteran_is_contacted_by_a_day_of_his_own_and_late_is_said() -> None:
    veteran = {**PLACE, "kind": "veteran", "title": "", "person_id": "P-1"}
    harness, work = register(veteran)
    days = IntakeSettings.model_fields["contact_days"].default
    assert work.next_at == find_next_visit_at(MONDAY.date(), days)
    harness.now = work.due_at or MONDAY
    late = execute(harness, WorkDue(aggregate_id=work.id, due_at=harness.now))
    assert [type(fact) for _, fact in late.events] == [RegularOverdue]
    log(harness)
    assert get_work(harness).next_at == find_next_visit_at(harness.now.date(), days)


def test_who_met_nobody_made_no_visit() -> None:
    harness, work = register()
    harness.later(days=10)
    log(harness, "absent")
    assert get_work(harness).next_at == work.next_at
    log(harness, on=date(2026, 3, 11))
    assert get_work(harness).last_on == "2026-03-11"
    assert get_work(harness).visits == 2


def test_what_was_found_stands_until_somebody_saw_it_put_right() -> None:
    harness, _ = register()
    log(harness, "findings", found=["fire", "food"])
    assert [finding.due_on for finding in get_work(harness).open_findings] == ["2026-03-23"] * 2
    harness.later(days=5)
    log(harness, "findings", found=["fire"], resolved=["food"])
    (finding,) = get_work(harness).open_findings
    assert (finding.code, finding.found_on) == ("fire", "2026-03-02"), "found once"
    assert get_code(log(harness, "findings")) == "findings_missing"


def test_a_service_is_confirmed_by_another_than_logged_it() -> None:
    harness, work = register(PLAN)
    assert get_code(log(harness)) == "visit_quantity_missing"
    assert get_code(log(harness, quantity=1721)) == "visit_quantity_large"
    log(harness, quantity=20)
    assert get_code(check(harness, "s-1")) == "visit_own"
    check(harness, "s-2")
    assert (get_work(harness).logged, get_work(harness).confirmed) == (20, 20)
    assert get_code(check(harness, "s-3")) == "visit_checked"
    log(harness, quantity=5)
    check(harness, "s-2", is_right=False)
    assert (get_work(harness).logged, get_work(harness).confirmed) == (20, 20)
    visit = harness.states[Ref(Visit, f"{work.id}-2")]
    assert isinstance(visit, Visit)
    assert (visit.state, visit.checked_by) == ("refused", "s-2")


def test_what_ended_is_visited_no_more_and_what_was_visited_stays() -> None:
    harness, work = register()
    log(harness)
    execute(harness, EndWork(work_id=work.id, by="s-9", reason="closed"))
    ended = get_work(harness)
    assert (ended.next_at, ended.due_at, ended.visits) == (None, None, 1)
    assert get_code(log(harness)) == "work_over"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"title": ""}, "title_missing"),
        ({"title": "阳光托管13800138000"}, "title_numbered"),
        ({"kind": "veteran"}, "work_person_missing"),
        ({"kind": "plan", "person_id": "P-1"}, "service_missing"),
        (
            PLAN | {"service": {"item": "配餐13800138000", "unit": "份", "total": 9}},
            "item_with_number",
        ),
    ],
)
def test_an_entry_says_what_it_is(changed: dict[str, Any], code: str) -> None:
    harness = DecisionHarness()
    assert get_code(execute(harness, RegisterWork.model_validate(PLACE | changed))) == code


@pytest.mark.parametrize("on", [date(2026, 3, 3), date(2026, 1, 1)])
def test_a_visit_is_of_today_or_of_the_last_month(on: date) -> None:
    harness, _ = register()
    assert get_code(log(harness, on=on)) == "visit_date_wrong"


def test_another_area_sees_nothing_of_it() -> None:
    harness, work = register()
    assert get_code(log(harness, area="441900104")) == "work_unknown"
    end = EndWork(work_id=work.id, area="441900104", by="s-9", reason="closed")
    assert get_code(execute(harness, end)) == "work_unknown"


def test_a_sheet_names_places_and_persons_and_says_what_is_wrong() -> None:
    rows = list(
        read_works(
            "类型,名称,姓名,手机,镇街,村居,服务,单位,总量\n"
            "校外托管,阳光托管中心,,,茶山镇,增埗,,,\n"
            "服务计划,,张三,138 0013 8000,茶山镇,,配餐,份,1720\n"
            "巡河,河段,,,茶山镇,,,,\n"
            "退役军人,,李四,138,茶山镇,,,,\n".encode()
        )
    )
    place, plan, unknown, phone = rows
    assert isinstance(place, SheetWork)
    assert place.row.title == "阳光托管中心"
    assert place.row.area.village_code is not None, "by its name"
    assert isinstance(plan, SheetWork)
    assert plan.row.service is not None
    assert plan.row.service.total == 1720
    assert plan.row.person is not None
    assert plan.row.person.phone == "+8613800138000"
    assert isinstance(unknown, RefusedRow)
    assert unknown.problems[0].code == "work_kind_unknown"
    assert isinstance(phone, RefusedRow)
