"""A case from its approval to its end, as those who judge it work on it: each on its page."""

import re
from datetime import timedelta

from shared.contracts import topics
from shared.contracts.topics import REQUESTS
from shared.security import Role
from tests.intake.builders import CHASHAN
from tests.intake.desk import sign_in, submit_large
from tests.intake.harness import Visitor


async def test_an_approver_finds_what_waits_and_decides_it_on_its_page(visitor: Visitor) -> None:
    request_id = await submit_large(visitor)
    browser = await sign_in(visitor, "s-town", Role.APPROVER_TOWN, CHASHAN)

    desk = await browser.get("/desk")
    assert desk.status_code == 200
    for words in ("人民币 3,000.00 元", "数额超过可直接公开的限额", "茶山镇", "还有5个工作日"):
        assert words in desk.text
    assert visitor.phone[3:] not in desk.text
    assert "张三" not in desk.text, "a list names nobody"

    case = await browser.get(f"/cases/{request_id}")
    assert "张三" in case.text
    assert "家里漏雨" in case.text
    assert visitor.phone[3:] not in case.text
    assert "“对接”暂时没有回答" in case.text, "nothing but intake runs here"
    person_id = (await visitor.request(request_id)).person_id
    assert [look["purpose"] for look in await visitor.looks(person_id)] == ["read_request"]
    shown = await browser.post(f"/cases/{request_id}/phone")
    assert visitor.phone in shown.text
    assert "read_phone" in {look["purpose"] for look in await visitor.looks(person_id)}

    fields = {"class": "subsistence", "basis": "document"}
    met = {"seen": "visit", "seen_on": "2019-01-01"}
    wrong = await browser.post(f"/cases/{request_id}/approve", **fields, **met)
    assert wrong.status_code == 422
    assert "见面日期须在最近" in wrong.text
    assert 'value="2019-01-01"' in wrong.text, "what was typed is kept"
    done = await browser.post(f"/cases/{request_id}/approve", **fields)
    assert (done.status_code, done.headers["location"]) == (
        303,
        f"/cases/{request_id}?done=approve",
    )
    assert "已批准，开始为其对接" in (await browser.get(done.headers["location"])).text
    assert (await visitor.request(request_id)).state == "open"


async def test_what_is_late_is_said_once_and_stands_first_and_a_pause_stops_the_clock(
    visitor: Visitor,
) -> None:
    early_id = await submit_large(visitor, key="m-0")
    request_id = await submit_large(visitor)
    await let_pass(visitor, request_id, days=30)
    facts = await visitor.published(REQUESTS, request_id, count=3)
    said = [fact["type"].split(".")[2] for fact in facts[1:]]
    assert said == ["overdue", "escalated"]
    assert facts[1]["data"]["apology"] is True
    assert facts[2]["data"]["level"] == "city"

    browser = await sign_in(visitor, "s-late", Role.APPROVER_TOWN, CHASHAN)
    late = (await browser.get("/desk?due=overdue")).text
    assert request_id in late
    assert "已超期" in late
    assert request_id not in (await browser.get("/desk?due=today")).text
    waiting = (await browser.get("/desk")).text
    assert waiting.index(request_id) < waiting.index(early_id), "what is late stands first"

    counted = (await browser.get("/overdue")).json()
    assert request_id in {case["request_id"] for case in counted["cases"]}
    assert {row["stage_zh"] for row in counted["by_town"]} == {"审批"}
    elsewhere = await visitor.get("/overdue", visitor.harness.elsewhere)
    assert elsewhere.json()["total"] == 0
    page = await browser.get(f"/cases/{request_id}")
    assert "超期上报市" in page.text
    wrong = await browser.post(f"/cases/{request_id}/pause", pause_reason="x", until="2030-01-01")
    assert "请选择暂停的理由" in wrong.text
    until = (await visitor.runtime.processor.now() + timedelta(days=10)).date().isoformat()
    fields = {"pause_reason": "papers_missing", "until": until}
    done = await browser.post(f"/cases/{request_id}/pause", **fields)
    assert done.status_code == 303, done.text
    assert "等申请人补充材料" in (await browser.get(f"/cases/{request_id}")).text
    assert request_id not in (await browser.get("/desk?due=overdue")).text
    await browser.get(f"/cases/{request_id}")
    assert (await browser.post(f"/cases/{request_id}/resume")).status_code == 303
    assert (await visitor.request(request_id)).clock.pause is None  # type: ignore[union-attr]


async def let_pass(visitor: Visitor, request_id: str, days: int) -> None:
    """As if it had been recorded so long ago."""
    request = await visitor.request(request_id)
    clock = request.clock
    assert clock is not None
    assert request.due_at is not None
    earlier = timedelta(days=days)
    period = {
        "since": clock.period.since - earlier,
        "ends_at": clock.period.ends_at - earlier,
        "warned": 0,
    }
    changes = {
        "clock.period": period,
        "clock.ends_at": period["ends_at"],
        "due_at": request.due_at - earlier,
    }
    await visitor.database["requests"].update_one(
        {"_id": request_id}, {"$set": changes, "$inc": {"_version": 1}}
    )


async def test_a_case_is_declined_with_a_reason_and_another_town_sees_nothing(
    visitor: Visitor,
) -> None:
    request_id = await submit_large(visitor)
    foreign = await sign_in(visitor, "s-foreign", Role.APPROVER_TOWN, "441900104")
    assert request_id not in (await foreign.get("/desk?tab=all")).text
    for path in (
        "",
        "/phone",
        "/approve",
        "/decline",
        "/withdraw",
        "/vouch",
        "/return",
        "/mend",
        "/note",
        "/task",
        "/tasks/1/done",
    ):
        ask = foreign.post if path else foreign.get
        answer = await ask(f"/cases/{request_id}{path}")
        assert answer.status_code in (404, 422), path
        assert "张三" not in answer.text
    browser = await sign_in(visitor, "s-decider", Role.APPROVER_TOWN, CHASHAN)
    await browser.get(f"/cases/{request_id}")
    nothing = await browser.post(f"/cases/{request_id}/decline")
    assert nothing.status_code == 422
    done = await browser.post(f"/cases/{request_id}/decline", reason="not_entitled")
    assert done.status_code == 303
    assert "不符合救助条件" in (await browser.get(f"/cases/{request_id}")).text


async def test_a_case_is_returned_put_right_and_approved_in_part(visitor: Visitor) -> None:
    request_id = await submit_large(visitor)
    case = f"/cases/{request_id}"
    town = await sign_in(visitor, "s-returner", Role.APPROVER_TOWN, CHASHAN)
    await town.get(case)
    nothing = await town.post(f"{case}/return", note="没有报价单")
    assert (nothing.status_code, "请从下列原因中选择" in nothing.text) == (422, True)
    reason = {"reason": "proof_missing", "note": "没有报价单"}
    assert (await town.post(f"{case}/return", **reason)).is_redirect
    collector = await sign_in(visitor, "s-mender", Role.COLLECTOR, CHASHAN)
    assert request_id in (await collector.get("/desk?tab=returned")).text
    page = await collector.get(case)
    for words in ("请补充照片、票据或证明", "没有报价单", "补正后重新送审"):
        assert words in page.text
    assert (await collector.post(f"{case}/mend", category="supplies")).status_code == 422
    assert (await collector.post(f"{case}/mend", note="报价单已补")).is_redirect
    part = {"quantity": "1,500.50", "part_reason": "fund_limited"}
    await town.get(case)
    assert (await town.post(f"{case}/approve", **part | {"quantity": "很多"})).status_code == 422
    assert (await town.post(f"{case}/approve", **part)).is_redirect
    stored = await visitor.request(request_id)
    assert (stored.need.quantity, stored.asked_quantity) == (150_050, 300_000)
    page = await collector.get(case)
    for words in ("退回补正：请补充照片", "部分批准 1,500.50元：本期可用资金有限", "报价单已补"):
        assert words in page.text


async def test_a_note_stands_in_the_timeline_of_its_area_once_however_often_it_is_sent(
    visitor: Visitor,
) -> None:
    request_id = await submit_large(visitor)
    case = f"/cases/{request_id}"
    clerk = await sign_in(visitor, "n-clerk", Role.COLLECTOR, CHASHAN)
    await clerk.get(case)
    assert "请写下备注的内容" in (await clerk.post(f"{case}/note", note="  ")).text
    await clerk.get(case)
    twice = {"form_key": "n" * 22, "note": "<b>儿子</b>周末在家\r\n请先打电话"}
    assert [(await clerk.post(f"{case}/note", **twice)).status_code for _ in "12"] == [303, 303]
    town = await sign_in(visitor, "n-town", Role.APPROVER_TOWN, CHASHAN)
    page = (await town.get(case)).text
    assert page.count("&lt;b&gt;儿子&lt;/b&gt;周末在家\n请先打电话") == 1
    assert page.count("备注（n-clerk）") == 1

    headers = {"Idempotency-Key": "n-1"}
    path, body = f"/requests/{request_id}/notes", {"note": " 已约周六上门 "}
    sent = [await town.http.post(path, json=body, headers=headers) for _ in "12"]
    assert [answer.status_code for answer in sent] == [200, 200]
    assert sent[0].json() == sent[1].json()
    long = await town.http.post(path, json={"note": "长" * 2001}, headers=headers)
    assert long.status_code == 422
    foreign = await sign_in(visitor, "n-foreign", Role.APPROVER_TOWN, "441900104")
    assert (await foreign.http.post(path, json=body, headers=headers)).status_code == 404
    assert (await clerk.get(case)).text.count("已约周六上门") == 1
    assert len((await visitor.request(request_id)).case_notes) == 2
    kept = await visitor.database["requests"].find_one({"_id": request_id})
    assert "儿子" not in repr(kept)


async def test_a_joint_meeting_rules_on_what_is_too_large_for_anybody(visitor: Visitor) -> None:
    need = {"unit": "fen", "quantity": 200_000_000}
    request_id = await submit_large(visitor, need=need, text=f"加装电梯，电话{visitor.phone[3:]}")
    chair = await sign_in(visitor, "g-chair", Role.APPROVER_CITY)
    clerk = await sign_in(visitor, "g-clerk", Role.COLLECTOR, CHASHAN)
    visitor.stack.bearer("g-finance", Role.FINANCE_CHECKER)
    stranger = await sign_in(visitor, "g-stranger", Role.APPROVER_CITY)
    assert "提交联席会议" not in (await chair.get(f"/cases/{request_id}")).text
    assert (await chair.post(f"/cases/{request_id}/approve")).status_code == 409

    number = visitor.phone[3:]
    await chair.get(f"/cases/{request_id}")
    reason = {"reason": "proof_missing", "note": f"缺图纸，电话{number}"}
    assert (await chair.post(f"/cases/{request_id}/return", **reason)).is_redirect
    mender = await sign_in(visitor, "g-mender", Role.COLLECTOR, CHASHAN)
    await mender.get(f"/cases/{request_id}")
    assert (await mender.post(f"/cases/{request_id}/mend", note="图纸已补")).is_redirect
    new = await chair.get("/meetings/new")
    assert f"case-{request_id}" in new.text
    people = {"chair": "g-chair", "recorder": "g-clerk", "member-g-finance": "1"}
    fields = {f"case-{request_id}": "1", "on": "2099-01-05", **people}
    refused = await chair.post("/meetings/new", **fields | {"chair": "g-clerk"})
    assert (refused.status_code, "主持人须是市级审批人员" in refused.text) == (422, True)
    narrow = await sign_in(visitor, "g-narrow", Role.APPROVER_CITY, "441900104")
    elsewhere = await narrow.get(f"/meetings/new?town={CHASHAN}")
    assert request_id not in elsewhere.text
    assert "g-clerk" not in elsewhere.text, "nobody of another town"
    await chair.get("/meetings/new")
    refused = await chair.post("/meetings/new", **fields | {"chair": "g-narrow"})
    assert (refused.status_code, "请另选主持人" in refused.text) == (422, True)
    await chair.get("/meetings/new")
    meeting = (await chair.post("/meetings/new", **fields)).headers["location"]
    assert (await stranger.get(meeting)).status_code == 404
    case = f"{meeting}/cases/{request_id}"
    assert (await stranger.get(case)).status_code == 404

    await chair.get(meeting)
    present = {f"present-{name}": "1" for name in ("g-chair", "g-clerk", "g-finance")}
    assert (await chair.post(f"{meeting}/open", **present)).is_redirect
    page = await clerk.get(case)
    assert "加装电梯" in page.text
    assert "对接服务暂时没有答复" in page.text, "matching does not run here"
    assert "张三" not in page.text
    assert "缺图纸，电话＊＊＊" in page.text
    assert number not in page.text
    part = {"verdict": "approve", "quantity": "100万", "part_reason": "fund_limited"}
    ruled = await clerk.post(case, **part, note=f"分两期办，电话{number}")
    assert ruled.headers.get("location") == meeting, ruled.text
    for browser in (clerk, chair):
        digest = re.search(r'name="digest" value="(\w+)"', (await browser.get(meeting)).text)
        assert digest is not None
        assert (await browser.post(f"{meeting}/sign", digest=digest[1])).is_redirect
    opened = await visitor.becomes(request_id, lambda request: request.state == "open")
    assert (opened.need.quantity, opened.asked_quantity) == (100_000_000, 200_000_000)
    minutes = await chair.get(f"{meeting}/minutes")
    for words in ("分两期办", "人民币 1,000,000.00 元", "本期可用资金有限"):
        assert words in minutes.text
    assert number not in minutes.text
    assert (await clerk.get(case)).status_code == 404, "what is closed is read in the minutes"
    person_id = (await visitor.request(request_id)).person_id
    assert "joint_meeting" in {look["purpose"] for look in await visitor.looks(person_id)}


async def test_a_policy_is_suggested_first_and_what_it_grants_ends_the_case(
    visitor: Visitor,
) -> None:
    request_id = await submit_large(visitor, category="medical")
    case = f"/cases/{request_id}"
    town = await sign_in(visitor, "s-referrer", Role.APPROVER_TOWN, CHASHAN)
    page = await town.get(case)
    for words in ("按困难类别和诉求类别，可先申请", "医疗救助"):
        assert words in page.text
    assert (await town.post(f"{case}/refer")).status_code == 422
    assert (await town.post(f"{case}/refer", policy="medical_aid")).is_redirect
    page = await town.get(case)
    for words in ("医疗保障分局", "已转介，待部门答复", "记下答复"):
        assert words in page.text
    granted = {"outcome": "granted", "note": "已报销八成"}
    assert 'value="granted"' not in page.text
    assert (await town.post(f"{case}/answer", **granted)).status_code == 409
    other = await sign_in(visitor, "s-answerer", Role.APPROVER_TOWN, CHASHAN)
    assert 'value="granted"' in (await other.get(case)).text
    assert (await other.post(f"{case}/answer", outcome="granted")).status_code == 422
    assert (await other.post(f"{case}/answer", **granted)).is_redirect
    assert (await visitor.request(request_id)).state == "closed"
    assert "部门答复：已按政策解决" in (await town.get(case)).text


async def test_the_same_need_of_two_people_is_compared_merged_and_taken_apart(
    visitor: Visitor,
) -> None:
    """By who approves in that town; the other reporter is told, and what came before is shown."""
    roof = "村口祠堂后面王伯家的屋顶漏水很久，一下雨就要用盆接"
    first = await submit_large(visitor, text=roof)
    other = {"name": "邻居", "phone": f"+86139{visitor.number:08}"}
    second = await submit_large(visitor, key="m-2", text=roof, applicant=other)
    browser = await sign_in(visitor, "s-alike", Role.APPROVER_TOWN, CHASHAN)
    foreign = await sign_in(visitor, "s-alien", Role.APPROVER_TOWN, "441900104")
    collector = await sign_in(visitor, "s-asker", Role.COLLECTOR, CHASHAN)

    case = (await browser.get(f"/cases/{second}")).text
    for words in ("疑似重复", "内容相近", roof, "邻居", "没有记录"):
        assert words in case
    assert "是同一件，合并办理" not in (await collector.get(f"/cases/{second}")).text
    await foreign.get("/desk")
    refused = await foreign.post(f"/cases/{second}/merge", other_id=first)
    assert refused.status_code == 404

    merged = await browser.post(f"/cases/{second}/merge", other_id=first)
    assert merged.headers["location"] == f"/cases/{second}?done=merge", merged.text
    assert (await visitor.request(second)).duplicate_of == first
    assert f"/cases/{second}" in (await browser.get(f"/cases/{first}")).text
    told = await visitor.published(topics.REQUESTS, second, count=3)
    assert told[-1]["data"]["stage"] == "merged"

    await browser.get(f"/cases/{second}")
    apart = await browser.post(f"/cases/{second}/separate")
    assert apart.headers["location"] == f"/cases/{second}?done=separate"
    assert (await visitor.request(second)).state == "recorded"
    await browser.post(f"/cases/{second}/apart", other_id=first)
    assert "是同一件，合并办理" not in (await browser.get(f"/cases/{second}")).text
