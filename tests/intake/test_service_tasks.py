"""Tasks on a case between accounts of one office and of another, by page and by HTTP."""

from collections.abc import Mapping
from datetime import timedelta

from httpx import Response

from shared.calendar import find_day
from shared.contracts.topics import REQUESTS
from shared.security import Role
from shared.security.register import revoke
from tests.intake.builders import CHASHAN
from tests.intake.desk import sign_in, submit_large
from tests.intake.harness import Visitor
from tests.support.browser import Browser
from tests.support.eventually import eventually


async def test_a_task_stands_on_the_desk_of_who_is_asked_until_it_is_done(
    visitor: Visitor,
) -> None:
    request_id = await submit_large(visitor)
    case = f"/cases/{request_id}"
    clerk = await sign_in(visitor, "t-clerk", Role.COLLECTOR, CHASHAN)
    town = await sign_in(visitor, "t-town", Role.APPROVER_TOWN, CHASHAN)
    foreign = await sign_in(visitor, "t-foreign", Role.APPROVER_TOWN, "441900104")
    page = (await town.get(case)).text
    assert '<option value="t-clerk"' in page
    assert "t-foreign" not in page
    today = find_day(await visitor.runtime.processor.now())
    due = {"due_on": (today + timedelta(days=2)).isoformat()}
    for wrong in ({"due_on": ""}, due | {"assignee": "t-foreign"}, {"due_on": "2020-01-01"}):
        assert (await town.post(f"{case}/task", note="上门", **wrong)).status_code == 422
        assert ">上门</textarea>" in town.page, "what was typed is kept"
        await town.get(case)
    form = {"form_key": "t" * 22, "note": "<b>儿子</b>周末在家，请上门", "assignee": "t-clerk"}
    for _ in "12":
        assert (await town.post(f"{case}/task", **form, **due)).is_redirect
    assert len((await visitor.request(request_id)).case_tasks) == 1

    desk = (await clerk.get("/desk?tab=tasks")).text
    assert f"/cases/{request_id}#tasks" in desk
    assert "还有2天" in desk
    assert "儿子" not in desk, "a list opens nobody's words"
    for other in (town, foreign):
        assert request_id not in (await other.get("/desk?tab=tasks")).text
    assert "&lt;b&gt;儿子&lt;/b&gt;周末在家，请上门" in (await clerk.get(case)).text
    done = {"form_key": "d" * 22, "note": "已上门，情况属实"}
    assert (await clerk.post(f"{case}/tasks/1/done", **done)).is_redirect
    assert request_id not in (await clerk.get("/desk?tab=tasks")).text
    page = (await town.get(case)).text
    assert "任务已办（t-clerk）" in page
    assert "已上门，情况属实" in page
    stored = await visitor.database["requests"].find_one({"_id": request_id})
    assert "儿子" not in repr(stored) + repr(await visitor.published(REQUESTS, request_id, count=1))


async def test_a_task_by_http_is_anybodys_of_the_office_and_of_nobody_elsewhere(
    visitor: Visitor,
) -> None:
    request_id = await submit_large(visitor)
    clerk = await sign_in(visitor, "u-clerk", Role.COLLECTOR, CHASHAN)
    foreign = await sign_in(visitor, "u-foreign", Role.APPROVER_TOWN, "441900104")
    tasks = f"/requests/{request_id}/tasks"
    today = find_day(await visitor.runtime.processor.now())
    body = {"task": "核对银行卡", "due_on": today.isoformat()}

    async def send(browser: Browser, path: str, key: str, body: Mapping[str, str]) -> Response:
        return await browser.http.post(path, json=body, headers={"Idempotency-Key": key})

    assert (await send(foreign, tasks, "u-1", body)).status_code == 404
    twice = [await send(clerk, tasks, "u-1", body) for _ in "12"]
    assert [answer.json() for answer in twice] == [{"request_id": request_id, "task": 1}] * 2
    assert (await send(clerk, tasks, "u-2", body | {"task": " "})).status_code == 422
    assert request_id in (await clerk.get("/desk?tab=tasks")).text
    assert "今天到期" in clerk.page
    done = f"{tasks}/1/done"
    assert (await send(foreign, done, "u-3", {})).status_code == 404
    assert (await send(clerk, f"{tasks}/2/done", "u-4", {})).status_code == 404
    assert (await send(clerk, done, "u-5", {})).status_code == 200
    assert (await send(clerk, done, "u-6", {})).status_code == 409

    await sign_in(visitor, "u-leaving", Role.COLLECTOR, CHASHAN)
    sent = await send(clerk, tasks, "u-7", body | {"assignee": "u-leaving"})
    assert sent.status_code == 200
    assert request_id not in (await clerk.get("/desk?tab=tasks")).text
    revoke(visitor.stack.secrets_dir / "credentials.json", "u-leaving")

    async def look() -> bool:
        return "u-leaving已不在本辖区" in (await clerk.get("/desk?tab=tasks")).text

    await eventually(look, bool)
