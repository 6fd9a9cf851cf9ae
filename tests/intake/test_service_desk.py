"""The desk: what waits, one case on one page, and what a member of staff does with it there."""

import io
import json
import re
from typing import Any
from xml.etree import ElementTree

import openpyxl

from services.intake import worklist
from services.intake.reporting.database import count_requests
from services.intake.reporting.events import count_events
from shared.contracts import topics
from shared.contracts.envelope import parse_envelope, parse_event
from shared.contracts.events import FACTS
from shared.security import Role
from tests.intake.builders import CHASHAN
from tests.intake.desk import sign_in, submit_large
from tests.intake.harness import Visitor
from tests.intake.open311_schemas import (
    CREATED,
    DEFINITION,
    DISCOVERY,
    ERRORS,
    REQUESTS,
    SERVICES,
)
from tests.support.eventually import eventually

BY_TYPE = {fact.TYPE: fact for fact in FACTS if fact.TOPIC == topics.REQUESTS}


async def test_a_request_is_looked_up_by_reference_name_or_phone_in_no_address(
    visitor: Visitor,
) -> None:
    name = f"寻找{visitor.number}号"
    request_id = await submit_large(visitor, applicant={"name": name, "phone": visitor.phone})
    browser = await sign_in(visitor, "s-seeker", Role.COLLECTOR, CHASHAN)
    before_ends = {"$unset": {"ending_of_id": ""}}
    await visitor.database["requests"].update_one({"_id": request_id}, before_ends)
    await worklist.save_endings(visitor.database)
    foreign = await sign_in(visitor, "s-stranger", Role.COLLECTOR, "441900104")
    for words in (name, visitor.phone[3:], request_id, request_id[-6:].upper()):
        await browser.get("/desk")
        led = await browser.post("/desk/search", q=words)
        assert led.status_code == 303
        address = led.headers["location"]
        assert words not in address
        assert f"/cases/{request_id}" in (await browser.get(address)).text
        await foreign.get("/desk")
        assert (await foreign.get(address)).status_code == 303, "somebody else's finding"
        theirs = await foreign.post("/desk/search", q=words)
        assert request_id not in (await foreign.get(theirs.headers["location"])).text
    person_id = (await visitor.request(request_id)).person_id
    assert "find_person" in {look["purpose"] for look in await visitor.looks(person_id)}
    await browser.get("/desk")
    wrong = await browser.post("/desk/search", q="1380013800")
    assert wrong.status_code == 422
    assert 'value="1380013800"' in wrong.text


async def test_twenty_requests_are_entered_one_after_another(visitor: Visitor) -> None:
    browser = await sign_in(visitor, "s-collector", Role.COLLECTOR, CHASHAN)
    form = await browser.get("/desk/new")
    assert 'name="name" value="" maxlength="200" autocomplete="off" required autofocus' in form.text
    typed = {
        "phone": visitor.phone[3:],
        "item": "棉被",
        "quantity": "2",
        "unit": "床",
        "category": "supplies",
        "class": "subsistence",
        "household": "7号",
        "town": CHASHAN,
        "channel": "household_visit",
    }
    wrong = await browser.post("/desk/new", **typed, name="王五", amount="三百")
    assert wrong.status_code == 422
    assert 'value="棉被"' in wrong.text, "what was typed is kept"
    for number in (1, 2):
        entered = await browser.post("/desk/new", **typed, name=f"王{number}")
        assert f"第 {number} 件已登记" in entered.text
        assert 'value="7号"' in entered.text
        assert 'value="棉被"' not in entered.text
    mine = await browser.get("/desk?tab=mine")
    assert mine.text.count("棉被 2 床") == 2
    elsewhere = await browser.post("/desk/new", **{**typed, "town": "441900104"}, name="赵六")
    assert elsewhere.status_code == 403
    assert "不在您的辖区" in elsewhere.text


async def test_a_sheet_is_looked_at_before_it_is_imported(visitor: Visitor) -> None:
    browser = await sign_in(visitor, "s-importer", Role.COLLECTOR, CHASHAN)
    sheet = (
        "姓名,手机号,类别,困难类别,金额,镇街,星座\n"
        f"甲一,{visitor.phone[3:]},生活物资,低保,200,茶山,白羊\n"
        f"甲二,{visitor.phone[3:]},生活物资,低保,很多,茶山,\n"
        f"甲三,{visitor.phone[3:]},生活物资,低保,100,石龙,\n"
        f"甲一,{visitor.phone[3:]},生活物资,低保,200.00,茶山,白羊\n"
    )
    form = await browser.get("/desk/import")
    assert 'href="/desk/import/template.xlsx"' in form.text
    template = {"file": ("t.xlsx", (await browser.get("/desk/import/template.xlsx")).content)}
    left_in = await browser.http.post("/desk/import", files=template)
    assert (await browser.get(left_in.headers["location"])).text.count("这是填写示例") == 2
    led = await browser.http.post("/desk/import", files={"file": ("a.csv", sheet.encode())})
    assert led.status_code == 303, led.text
    path = led.headers["location"]
    preview = await browser.get(path)
    for words in ("导入 1 行", "星座", "不在您的辖区", "甲一", "第 5 行同第 2 行"):
        assert words in preview.text
    foreign = await sign_in(visitor, "s-other", Role.COLLECTOR, CHASHAN)
    for address in (path, f"{path}/refused.csv"):
        assert (await foreign.get(address)).status_code == 404
    assert (await foreign.post(f"{path}/start")).status_code == 404
    await browser.post(f"{path}/start")

    async def read() -> str:
        return (await browser.get(path)).text

    done = await eventually(read, lambda text: "导入完成" in text)
    assert "下载有问题的行" in done
    assert "<strong>1</strong> 行与本文件另一行相同" in done
    assert "以前登记过" not in done
    again = await browser.http.post("/desk/import", files={"file": ("a.csv", sheet.encode())})
    again_path = again.headers["location"]
    await browser.post(f"{again_path}/start")

    async def read_again() -> str:
        return (await browser.get(again_path)).text

    repeated = await eventually(read_again, lambda text: "导入完成" in text)
    assert "<strong>1</strong> 行以前登记过" in repeated
    assert "已登记，等待审批" not in repeated
    refused = await browser.get(f"{path}/refused.csv")
    assert "甲二" in refused.text
    assert "甲一" not in refused.text
    assert "人民币 200.00 元" in (await browser.get("/desk?tab=mine")).text
    own_words = "谁,手机号,困难类别,金额\n甲四,0769-22830000,低保,90\n".encode()
    led = await browser.http.post("/desk/import", files={"file": ("b.csv", own_words)})
    path = led.headers["location"]
    asked = await browser.get(path)
    assert (asked.status_code, "没有“类别”列时，全部填" in asked.text) == (422, True)
    said = {"column-0": "name", "all-category": "supplies"}
    assert (await browser.post(f"{path}/columns", **said)).status_code == 303
    assert "导入 1 行" in (await browser.get(path)).text, "of the town of who uploads"
    no_sheet = await browser.http.post("/desk/import", files={"file": ("a.csv", b"x,y\n1,2\n")})
    assert no_sheet.status_code == 422


async def test_a_message_becomes_a_request_or_is_put_aside_with_a_reason(
    visitor: Visitor,
) -> None:
    await visitor.sms("你们那边的路灯坏了好久了谁管一下", at=1_642_000_001)
    await visitor.sms("请问办公室几点下班", at=1_642_000_002)
    browser = await sign_in(visitor, "s-reader", Role.APPROVER_CITY)
    villager = await sign_in(visitor, "s-villager", Role.APPROVER_VILLAGE, f"{CHASHAN}001")
    assert "路灯" not in (await villager.get("/inbox")).text

    counted = r'href="/inbox">来信 <span class="count">2</span>'
    assert re.search(counted, (await browser.get("/desk")).text), "the desk says how many wait"
    assert not re.search(counted, (await villager.get("/desk")).text)
    overdue = await browser.get("/desk?due=overdue")
    assert "没有符合的诉求" in overdue.text
    assert 'href="/desk?tab=waiting">不加条件' in overdue.text

    inbox = await browser.get("/inbox")
    paths = re.findall(r'href="(/inbox/[^"?]+)"', inbox.text)
    pages = {path: (await browser.get(path)).text for path in paths}
    lamp = next(path for path, text in pages.items() if "你们那边的路灯" in text)
    ids = re.findall(r'name="read-([^"]+)"', pages[lamp])
    hours = next(f"/inbox/{id_}" for id_ in ids if id_ not in lamp)
    assert "请问办公室几点下班" in pages[lamp], "read together"
    assert visitor.phone in pages[lamp]
    assert (await villager.get(lamp)).status_code == 404

    assert "“路灯坏”" in pages[lamp], "what is suggested is shown with its words"
    assert re.search(r'value="public_works" selected', pages[lamp]), "and filled in"
    await browser.get(lamp)
    typed = {"name": "周七", "item": "路灯维修", "quantity": "1", "unit": "次", "town": CHASHAN}
    typed |= {"category": "public_works", "class": "general", f"read-{lamp[7:]}": "1"}
    wrong = await browser.post(f"{lamp}/request", **{**typed, "unit": ""}, reason="来信")
    assert wrong.status_code == 422
    assert 'value="周七"' in wrong.text
    made = await browser.post(f"{lamp}/request", **typed, reason="来信")
    assert made.status_code == 303, made.text
    case = await browser.get(made.headers["location"])
    assert "路灯维修" in case.text
    path = made.headers["location"].partition("?")[0]
    judged = await browser.post(f"{path}/classify", category="public_works", kind="project")
    assert judged.headers["location"] == f"{path}?done=classify"
    stored = await visitor.request(path.rpartition("/")[2])
    assert (stored.kind, stored.urgent) == ("project", False)
    assert stored.classified is not None
    lesson = (await visitor.post("/judgement/learn", who=visitor.harness.operator)).json()
    assert lesson == {"texts": 1, "suggested": 1, "agreed": 1}
    assert "improve_suggestions" in {
        look["purpose"] for look in await visitor.looks(stored.person_id)
    }
    seen = await visitor.get(f"/requests/{stored.id}/judgement", visitor.harness.town)
    assert seen.json()["category"]["zh"] == "便民工程"
    hidden = await visitor.get(f"/requests/{stored.id}/judgement", visitor.harness.elsewhere)
    assert hidden.status_code == 404

    await browser.get(hours)
    nothing = await browser.post(f"{hours}/handle", handling="nothing")
    assert nothing.status_code == 422
    done = await browser.post(
        f"{hours}/handle", handling="nothing", reason="问上班时间，已电话答复"
    )
    assert done.headers["location"] == "/inbox"
    left = (await browser.get("/inbox")).text
    assert "路灯" not in left
    assert "几点下班" not in left


async def test_a_plan_is_registered_visited_and_checked_by_another(visitor: Visitor) -> None:
    browser = await sign_in(visitor, "s-carer", Role.COLLECTOR, CHASHAN)
    await browser.get("/regular/new")
    fields = {"kind": "plan", "town": CHASHAN, "name": "何婆婆", "phone": visitor.phone[3:]}
    plan = {"service": "配餐", "unit": "份", "total": "1720"}
    wrong = await browser.post("/regular/new", **fields)
    assert "服务计划请填写服务、单位和总量" in wrong.text
    made = await browser.post("/regular/new", **fields, **plan)
    assert made.status_code == 303, made.text
    path = made.headers["location"].partition("?")[0]
    page = await browser.get(path)
    assert "何婆婆" in page.text
    assert "何婆婆" not in (await browser.get("/regular")).text, "a list names nobody"
    assert "配餐" in (await browser.get("/regular?kind=plan")).text
    await browser.get(path)
    assert (await browser.post(f"{path}/visit", outcome="fine", quantity="20")).status_code == 303
    page = await browser.get(path)
    visit_id = f"{path.rpartition('/')[2]}-1"
    own = await browser.post(f"{path}/check", visit_id=visit_id, verdict="right")
    assert "须由另一位工作人员核对" in own.text

    other = await sign_in(visitor, "s-checker", Role.APPROVER_TOWN, CHASHAN)
    assert "属实" in (await other.get(path)).text
    checked = await other.post(f"{path}/check", visit_id=visit_id, verdict="right")
    assert checked.status_code == 303
    assert "已核对" in (await other.get(path)).text
    days = "since=2000-01-01&until=2100-01-01"
    auditor = visitor.harness.stack.bearer("figures", Role.AUDITOR)
    figures = await visitor.get(f"/works/figures?{days}", who=auditor)
    counted = {each["item"]: (each["visits"], each["quantity"]) for each in figures.json()["works"]}
    assert counted["配餐"] >= (1, 20)
    assert visitor.phone[3:] not in figures.text
    sheet = await visitor.get("/regular/figures.xlsx", who=auditor)
    [meals] = [row for row in list_rows(sheet.content) if row[1] == "配餐"]
    assert min(meals[2], meals[3] - 19) >= 1
    towns = list_rows((await browser.get("/regular/coverage.xlsx")).content)
    assert (towns[0][-1], towns[1][0]) == ("待整改", "茶山镇")
    earlier = await visitor.get("/works/figures?since=2000-01-01&until=2000-01-02", who=auditor)
    assert earlier.json() == {"works": []}
    collector = visitor.harness.stack.bearer("figures-c", Role.COLLECTOR)
    assert (await visitor.get(f"/works/figures?{days}", who=collector)).status_code == 403
    lacking = (await other.get("/regular/coverage")).text
    assert lacking.count(">缺<") == 2, "a station and a social worker"
    for kind, name in (("station", "茶山驿站"), ("worker", "社工甲")):
        await other.get("/regular/new")
        made = await other.post("/regular/new", kind=kind, town=CHASHAN, title=name, name=name)
        assert made.status_code == 303, made.text
    coverage = (await other.get("/regular/coverage")).text
    assert ">缺<" not in coverage
    assert "茶山镇" in coverage
    assert "石龙镇" not in coverage
    foreign = await sign_in(visitor, "s-away", Role.APPROVER_TOWN, "441900104")
    for address in (path, f"{path}/visit", f"{path}/check", f"{path}/end"):
        ask = foreign.get if address == path else foreign.post
        answer = await ask(address)
        assert answer.status_code in (404, 422), address
        assert "何婆婆" not in answer.text
    ended = await other.post(f"{path}/end", reason="finished")
    assert ended.status_code == 303
    assert "计划完成" in (await other.get(path)).text


async def test_a_ticket_of_the_hotline_is_read_in_its_town(visitor: Visitor) -> None:
    number = f"DG-{visitor.number}"
    fields = {"工单编号": number, "来电人": "陈先生", "办理时限": "2026-03-08"}
    text = f"{number}号路口的路灯全黑了"
    row = {"number": number, "text": text, "town_code": CHASHAN, "fields": fields}
    away = {"number": f"{number}-2", "text": "漏水", "town_code": "441900104"}
    town = visitor.harness.town
    answers = (await visitor.post("/messages/tickets", [row, away], who=town)).json()["answers"]
    assert answers[0] == {"number": number, "status": 201, "decision": "kept"}
    assert answers[1]["problems"][0]["code"] == "area_foreign"
    again = await visitor.post("/messages/tickets", [row], who=visitor.harness.operator)
    assert again.json()["answers"][0]["decision"] == "known"

    browser = await sign_in(visitor, "s-hotline", Role.APPROVER_TOWN, CHASHAN)
    inbox = (await browser.get("/inbox")).text
    path = re.search(rf'href="(/inbox/[^"?]+)"><span class="case-what"><bdi>{number}', inbox)
    assert path is not None
    page = (await browser.get(path.group(1))).text
    for words in (text, "12345热线", "办理时限", "2026-03-08"):
        assert words in page


async def test_a_public_work_is_reported_by_open311_and_followed_there(visitor: Visitor) -> None:
    """As GeoReport v2 has it: form-encoded in, JSON or XML out, lists even of one."""
    http, channel, other = visitor.http, visitor.harness.channel, visitor.harness.other
    place = {"address_string": f"茶山镇增埗村{visitor.number}号", "lat": "23.06", "long": "113.87"}
    words = {"description": "村口的路灯坏了", "last_name": "陈", "phone": visitor.phone}
    form = {"service_code": "public_works", **place, **words}
    posted = await http.post("/open311/v2/requests.json", data=form, headers=channel)
    assert posted.status_code == 201, posted.text
    assert posted.headers["content-type"] == "application/json; charset=utf-8"
    CREATED.validate(posted.json())
    ((created,), again) = (
        posted.json(),
        await http.post("/open311/v2/requests.json", data=form, headers=channel),
    )
    assert again.json()[0]["service_request_id"] == created["service_request_id"]
    id_ = created["service_request_id"]
    stored = await visitor.request(id_)
    assert (stored.kind, stored.state, stored.area.town_code) == ("project", "recorded", CHASHAN)

    found = (await http.get(f"/open311/v2/requests/{id_}.json", headers=channel)).json()
    REQUESTS.validate(found)
    (row,) = found
    assert (row["status"], row["service_code"]) == ("open", "public_works")
    assert "路灯坏了" not in str(row), "what somebody wrote stays with the office"
    listed = await http.get("/open311/v2/requests.xml?status=open", headers=channel)
    ids = [each.text for each in ElementTree.fromstring(listed.content).iter("service_request_id")]
    assert id_ in ids
    assert listed.headers["content-type"].startswith("text/xml")
    assert id_ not in (await http.get("/open311/v2/requests.json", headers=other)).text
    foreign = await http.get(f"/open311/v2/requests/{id_}.json", headers=other)
    assert (foreign.status_code, foreign.json()[0]["code"]) == (404, 404)
    for code, status in (("nothing", 404), ("", 400)):
        wrong = {**form, "service_code": code}
        refused = await http.post("/open311/v2/requests.json", data=wrong, headers=channel)
        assert (refused.status_code, refused.json()[0]["code"]) == (status, status)
        ERRORS.validate(refused.json())
        assert refused.json()[0]["description"].startswith("service_code")
    discovery = (await http.get("/open311/discovery.json")).json()
    DISCOVERY.validate(discovery)
    assert discovery["endpoints"][0]["url"].endswith("/open311/v2")
    SERVICES.validate((await http.get("/open311/v2/services.json")).json())
    DEFINITION.validate((await http.get("/open311/v2/services/public_works.json")).json())
    unknown = await http.get("/open311/v2/services/nothing.json")
    assert unknown.status_code == 404
    ERRORS.validate(unknown.json())
    long_ago = "/open311/v2/requests.json?start_date=2020-01-01T00:00:00Z"
    assert (await http.get(long_ago, headers=channel)).status_code == 400


async def test_figures_of_the_database_are_those_of_the_events(visitor: Visitor) -> None:
    """Of everything that happened here; and nobody counts what he may not see."""
    for number in range(4):
        await visitor.submit(key=f"m-counted-{number}")
    events = [
        parse_event(envelope, BY_TYPE[envelope.type])
        for row in await visitor.stack.read(topics.REQUESTS)
        if (envelope := parse_envelope(json.dumps(row).encode())).type in BY_TYPE
    ]
    stored = await count_requests(visitor.database, {})
    assert sum(row.requests for row in stored.values()) > 3
    told = count_events(sorted(events, key=lambda event: event.sequence))
    assert {group: row.requests for group, row in told.items()} == {
        group: row.requests for group, row in stored.items()
    }
    for group, row in stored.items():
        assert (row.fen, row.opened, row.closed) == (
            told[group].fen,
            told[group].opened,
            told[group].closed,
        )
        assert abs(row.waited_s - told[group].waited_s) <= row.requests
        assert abs(row.since_s - told[group].since_s) <= row.requests

    browser = await sign_in(visitor, "s-counter", Role.APPROVER_TOWN, CHASHAN)
    foreign = await sign_in(visitor, "s-elsewhere", Role.APPROVER_TOWN, "441900104")
    page = await browser.get("/desk/statistics")
    assert page.status_code == 200
    assert "茶山镇" in page.text
    assert "茶山镇" not in (await foreign.get("/desk/statistics")).text
    figures = (await foreign.get("/statistics/requests")).json()
    assert figures["tables"][0]["lines"] == []
    workbook = await browser.get("/desk/statistics/figures.xlsx")
    assert workbook.content.startswith(b"PK")


def list_rows(content: bytes) -> list[tuple[Any, ...]]:
    """Of the first sheet."""
    return list(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].values)
