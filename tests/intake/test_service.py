"""The service on a real broker and database: every way in, who may come in, and what goes out."""

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from services.intake import office_cli
from services.intake.cli import app
from services.intake.model import Receipt, Request
from services.intake.vault.prepare import derive_request_id
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import (
    MatchConfirmed,
    MatchDelivered,
)
from shared.security import Role
from shared.web.admission import Admission
from tests.intake.builders import CHASHAN, make_match_event
from tests.intake.desk import sign_in
from tests.intake.harness import SOURCE, IntakeHarness, Visitor
from tests.intake.sheets import GOOD, table
from tests.support.eventually import eventually
from tests.support.serving import serve_app

QUILTS = {"unit": "床", "quantity": 2, "item": "棉被"}


async def test_a_request_is_answered_with_its_durable_decision(visitor: Visitor) -> None:
    told = await visitor.submit()
    assert told["decision"] == "opened"
    (event,) = await visitor.published(topics.REQUESTS, told["request_id"], count=1)
    assert event["type"] == "guanjia.request.opened.v1"
    assert "张三" not in repr(event)


async def test_the_same_message_by_http_and_by_topic_is_one_request(visitor: Visitor) -> None:
    told = await visitor.submit(key="m-1")
    await visitor.stack.publish(
        visitor.stack.foreign(SOURCE, visitor.key("m-1"), visitor.asked()),
        visitor.stack.foreign(SOURCE, visitor.key("m-2"), visitor.asked(category="meals")),
    )
    await visitor.becomes(
        derive_request_id(SOURCE, visitor.key("m-2")), lambda request: request.state == "open"
    )
    assert await visitor.submit(key="m-1") == told
    assert len(await visitor.requests()) == 2


async def test_what_is_wrong_is_answered_field_by_field(visitor: Visitor) -> None:
    wrong = {"area": {"town_code": "441900999"}, "applicant": {"name": "张三"}}
    answer = await visitor.post("/requests", visitor.body() | wrong, key="m-1")
    assert answer.status_code == 422
    fields = {problem["field"] for problem in answer.json()["problems"]}
    assert fields == {"area.town_code", "applicant.phone"}
    missing = await visitor.post("/requests", {"kind": "wish"}, key="m-2")
    assert missing.status_code == 422
    assert {"need", "applicant"} <= {p["field"] for p in missing.json()["problems"]}
    content = json.dumps(visitor.body()).replace('"kind"', '"kind": "project", "kind"', 1)
    twice = await visitor.http.post(
        "/requests",
        content=content,
        headers=visitor.harness.channel
        | {"Idempotency-Key": visitor.key("m-3"), "Content-Type": "application/json"},
    )
    assert twice.status_code == 422
    assert [p["code"] for p in twice.json()["problems"]] == ["json_name_repeated"]


async def test_a_message_id_used_for_other_content_is_refused(visitor: Visitor) -> None:
    await visitor.submit(key="m-1")
    answer = await visitor.post("/requests", visitor.body(text="别的"), key="m-1")
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["code"] == "idempotency_key_reused"


async def test_an_approver_of_the_town_opens_what_waits(visitor: Visitor) -> None:
    told = await visitor.submit(need={"unit": "fen", "quantity": 300_000})
    path = f"/requests/{told['request_id']}/approve"
    harness = visitor.harness
    for key, who, status in (
        ("a", harness.village, 403),
        ("b", harness.elsewhere, 404),
        ("c", harness.channel, 403),
    ):
        assert (await visitor.post(path, key=key, who=who)).status_code == status
    approved = await visitor.post(path, key="d", who=harness.town)
    assert approved.json() == {"request_id": told["request_id"], "state": "open"}


async def test_everyone_sees_only_what_is_theirs(visitor: Visitor) -> None:
    id_ = (await visitor.submit())["request_id"]
    path, harness = f"/requests/{id_}", visitor.harness
    assert (await visitor.get(path)).status_code == 401
    assert (await visitor.get(path, harness.other)).status_code == 404
    assert (await visitor.get(path, harness.elsewhere)).status_code == 404
    assert "text" not in (await visitor.get(path, harness.channel)).json()
    assert "text" not in (await visitor.get(path, harness.auditor)).json()
    seen = (await visitor.get(path, harness.town)).json()
    assert seen["text"] == "想要一床新棉被"
    assert seen["applicant"]["phone"] == visitor.phone
    (look,) = await visitor.looks(seen["person_id"])
    assert (look["who"], look["purpose"]) == ("town", "read_request")


async def test_lists_are_paged_and_of_ones_own_area(visitor: Visitor) -> None:
    own = visitor.stack.bearer("songshan", Role.COLLECTOR, area="441900401")
    applicant = {"name": "李四", "phone": f"+86137{visitor.number:08}"}
    await visitor.submit(key="elsewhere", applicant=applicant)
    for number, category in enumerate(("meals", "medical", "education")):
        await visitor.submit(key=f"{number}", category=category, area={"town_code": "441900401"})

    async def first_page() -> Any:
        return (await visitor.get("/requests?limit=2&state=open", own)).json()

    first = await eventually(first_page, lambda page: "requests" in page)
    rest = (await visitor.get(f"/requests?after={first['next']}", own)).json()
    assert len(first["requests"]) == 2
    assert len(rest["requests"]) == 1
    assert rest["next"] is None


async def test_the_summary_counts_by_state_and_channel(visitor: Visitor) -> None:
    async def counted() -> Any:
        return (await visitor.get("/summary", visitor.harness.operator)).json()["requests"]

    before = await counted()
    await visitor.submit(key="1", channel="hotline")
    await visitor.submit(key="2", channel="hotline")
    after = await counted()
    assert after["total"] - before["total"] == 2
    assert after["by_channel"]["hotline"] - before["by_channel"].get("hotline", 0) == 2
    assert after["by_state"]["recorded"] - before["by_state"].get("recorded", 0) == 2


async def test_the_summary_of_staff_counts_their_own_area(visitor: Visitor) -> None:
    own = visitor.stack.bearer("qiaotou", Role.COLLECTOR, area="441900117")
    inside = await visitor.submit(key="1", area={"town_code": "441900117"})
    await visitor.submit(key="2", category="meals")

    async def counted() -> Any:
        return (await visitor.get("/summary", own)).json()

    found = await eventually(counted, lambda said: "requests" in said)
    assert inside["decision"] == "opened"
    assert found["requests"]["total"] == 1
    assert found["requests"]["by_state"] == {"open": 1}


@pytest.fixture
def two_a_minute(harness: IntakeHarness) -> Iterator[None]:
    state = harness.running.app.state
    usual = state.admission
    state.admission = Admission(per_minute=2, strangers_per_minute=100, in_flight_max=10)
    yield
    state.admission = usual


@pytest.mark.usefixtures("two_a_minute")
async def test_links_and_callbacks_are_limited_like_credentials(visitor: Visitor) -> None:
    id_ = (await visitor.submit())["request_id"]
    ends = await visitor.runtime.processor.now() + timedelta(days=1)
    link, other = (visitor.stack.keyring.make_link("request", i, ends) for i in (id_, "R-1"))
    receipts = f"/callbacks/tencent/{visitor.harness.token}/receipts"

    async def statuses() -> list[int]:
        visits = (
            await visitor.get(f"/r/{link}"),
            await visitor.http.post(receipts, json=[]),
            await visitor.wechat("<MsgType>event</MsgType><Event>VIEW</Event>"),
        )
        return [visit.status_code for visit in visits]

    assert [await statuses() for _ in range(3)] == [[200] * 3, [200] * 3, [429] * 3]
    assert (await visitor.get(f"/r/{link}=")).status_code == 429, "the same link, spelt otherwise"
    assert (await visitor.http.post(f"/r/{link}/withdraw")).status_code == 429
    assert (await visitor.get(f"/r/{other}")).status_code == 404
    assert (await visitor.request(id_)).state == "open"


async def test_the_oldest_is_listed_first_and_read_by_who_works_on_it(visitor: Visitor) -> None:
    large = {"unit": "fen", "quantity": 300_000}
    told = [await visitor.submit(key=f"m-{n}", need=large, text=f"第{n}件") for n in range(3)]
    ids = [each["request_id"] for each in told]
    listed: list[dict[str, Any]] = []
    after = ""
    while after is not None:
        path = f"/requests?state=recorded&level=town&town=441900103&limit=2&after={after}"
        page = (await visitor.get(path, who=visitor.harness.collector)).json()
        listed += page["requests"]
        after = page["next"]
    rows = [row for row in listed if row["request_id"] in ids]
    assert [row["request_id"] for row in rows] == ids
    assert {row["need_zh"] for row in rows} == {"3,000.00元"}
    assert {row["days_waited"] for row in rows} == {0}
    assert {(row["town_zh"], row["approval_level_zh"]) for row in rows} == {
        ("茶山镇", "镇（街道）")
    }
    assert "第0件" not in repr(listed)
    texts = "/requests?state=recorded&limit=500&with_text=true"
    read = (await visitor.get(texts, who=visitor.harness.collector)).json()["requests"]
    assert [row["text"] for row in read if row["request_id"] in ids] == [
        f"第{n}件" for n in range(3)
    ]
    refused = await visitor.get(texts, who=visitor.harness.operator)
    assert refused.status_code == 403
    unknown = await visitor.get("/requests?after=R-none", who=visitor.harness.collector)
    assert unknown.status_code == 404


async def test_a_corrected_row_takes_the_place_of_what_it_was(visitor: Visitor) -> None:
    operator = visitor.harness.operator
    row = {"idempotency_key": visitor.key("row-1"), "request": visitor.body(need=QUILTS)}
    first = (await visitor.post("/requests/batch?quiet=true", [row], who=operator)).json()
    (was,) = first["answers"]
    assert was["decision"] == "opened"
    row["request"] = visitor.body(need={**QUILTS, "quantity": 3})
    (reused,) = (await visitor.post("/requests/batch", [row], who=operator)).json()["answers"]
    assert reused["problems"][0]["code"] == "idempotency_key_reused"
    path = "/requests/batch/corrections?quiet=true"
    (right,) = (await visitor.post(path, [row], who=operator)).json()["answers"]
    assert (right["decision"], right["corrects"]) == ("corrected", was["request_id"])
    again = (await visitor.post(path, [row], who=operator)).json()["answers"]
    assert again == [right]
    events = await visitor.published(
        topics.REQUESTS, was["request_id"], right["request_id"], count=3
    )
    said = [(event["type"].split(".")[2], event["data"].get("quiet")) for event in events]
    assert sorted(said, key=str) == [("opened", True), ("opened", True), ("withdrawn", None)]
    loud = await visitor.post("/requests/batch?quiet=true", [row])
    assert loud.status_code == 403, "a channel says of nothing that nobody is told"


async def test_a_confirmed_delivery_closes_the_request(visitor: Visitor) -> None:
    id_ = (await visitor.submit())["request_id"]
    request, match_id = await visitor.request(id_), f"M-{visitor.number}"
    await visitor.stack.publish(
        visitor.stack.own(
            "/matching", match_id, 1, make_match_event(MatchDelivered, request, 20_000).data
        ),
        visitor.stack.own(
            "/matching", match_id, 2, make_match_event(MatchConfirmed, request, 20_000).data
        ),
    )
    await visitor.becomes(id_, lambda request: request.state == "closed")
    events = await visitor.published(topics.REQUESTS, id_, count=2)
    assert [event["type"].split(".")[2] for event in events] == ["opened", "closed"]


async def test_receipts_are_taken_once_and_together(visitor: Visitor) -> None:
    sids = [f"{visitor.number}:{n}" for n in range(3)]
    receipts = [{"sid": sid, "report_status": "SUCCESS", "errmsg": "DELIVRD"} for sid in sids]
    path = f"/callbacks/tencent/{visitor.harness.token}/receipts"
    for _ in range(2):
        assert (await visitor.http.post(path, json=receipts)).json()["result"] == 0
    subjects = [f"tencent:{sid}" for sid in sids]
    assert len(await visitor.published(topics.RECEIPTS, *subjects, count=3)) == 3
    assert len(await mongo.find(visitor.database, Receipt, {"_id": {"$in": subjects}})) == 3


async def test_a_wrong_callback_token_or_signature_comes_in_nowhere(visitor: Visitor) -> None:
    bad = await visitor.http.post("/callbacks/tencent/wrong/receipts", json=[])
    assert bad.status_code == 401
    pushed = await visitor.wechat("<MsgType>text</MsgType>", token="wrong")
    assert pushed.status_code == 401
    assert (await visitor.http.get("/callbacks/wechat?echostr=x")).status_code == 401


async def test_the_applicants_link_shows_and_withdraws(visitor: Visitor) -> None:
    id_ = (await visitor.submit())["request_id"]
    now = await visitor.runtime.processor.now()
    token = visitor.stack.keyring.make_link("request", id_, now + timedelta(days=1))
    page = await visitor.get(f"/r/{token}", {"Accept": "text/html"})
    assert id_ in page.text
    assert "张三" not in page.text
    assert (await visitor.http.post(f"/r/{token}/withdraw")).json()["state"] == "withdrawn"
    assert (await visitor.get(f"/r/{token}")).json()["state"] == "withdrawn"
    expired = visitor.stack.keyring.make_link("request", id_, now - timedelta(seconds=1))
    other = visitor.stack.keyring.make_link("match", id_, now + timedelta(days=1))
    for wrong in (expired, other, token[:-2] + "xx", "x"):
        assert (await visitor.get(f"/r/{wrong}")).status_code == 401


@pytest_asyncio.fixture(loop_scope="session")
async def address(harness: IntakeHarness) -> AsyncIterator[str]:
    """The same app, listening: the importer comes by a real connection."""
    async with serve_app(harness.running.app) as server:
        yield server.url


async def test_importing_a_spreadsheet_twice_adds_nothing(
    visitor: Visitor, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANJIA_INTAKE_URL", address)
    bearer = visitor.harness.operator["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("GUANJIA_TOKEN", bearer)
    collector = f"c{visitor.number}"
    good = [GOOD | {"手机": f"1370013{n:04}", "收集人": collector} for n in range(250)]
    bad = [GOOD | {"金额": "x"}, GOOD | {"镇街": "441900999", "手机": "13700000000"}]
    file = tmp_path / "心愿.csv"
    file.write_bytes(table(*good, good[0], *bad))
    for _ in range(2):
        said = await asyncio.to_thread(CliRunner().invoke, app, ["requests", str(file)])
        assert said.exit_code == 0, said.output
        assert "250" in said.output
    imported = await mongo.find(visitor.database, Request, {"collector_id": collector})
    assert len(imported) == 250
    assert {(request.state, request.waits_for) for request in imported} == {
        ("recorded", ("person_unseen",))
    }, "who imports them met nobody"
    report = (tmp_path / "心愿.refused.csv").read_text("utf-8-sig")
    refused = list(csv.DictReader(io.StringIO(report)))
    assert [row["行号 line"] for row in refused] == ["253", "254"]
    assert [row["字段 field"] for row in refused] == ["amount", "area.town_code"]
    assert refused[1]["姓名"] == "张三"


async def test_command_page_workbook_and_json_report_the_same_figures(
    visitor: Visitor, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visitor.submit(key="m-reported")
    monkeypatch.setenv("GUANJIA_INTAKE_URL", address)
    bearer = visitor.harness.operator["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("GUANJIA_TOKEN", bearer)
    file = tmp_path / "report.json"
    words = ["report", "--json", str(file), "--town", "茶山镇"]
    printed = await asyncio.to_thread(
        CliRunner().invoke, office_cli.app, words, env={"COLUMNS": "200"}
    )
    assert printed.exit_code == 0, printed.output
    tables = json.loads(file.read_text())["tables"]
    query = f"?town={CHASHAN}&kind=&state="
    operator = visitor.harness.operator
    answer = await visitor.http.get(f"/statistics/requests{query}", headers=operator)
    assert tables == answer.json()["tables"]
    elsewhere = await visitor.http.get("/statistics/requests?town=441900122", headers=operator)
    assert {table["total"]["requests"] for table in elsewhere.json()["tables"]} == {0}
    wrong = await visitor.http.get("/statistics/requests?state=gone", headers=operator)
    assert wrong.status_code == 422

    browser = await sign_in(visitor, "r-city", Role.APPROVER_CITY)
    page = re.sub(r"<[^>]+>|\s", "", (await browser.get(f"/desk/statistics{query}")).text)
    content = (await browser.get(f"/desk/statistics/figures.xlsx{query}")).content
    book = openpyxl.load_workbook(io.BytesIO(content))
    library = await browser.get(f"/desk/statistics/library.xlsx{query}")
    opened = openpyxl.load_workbook(io.BytesIO(library.content)).worksheets[0]
    [by_kind] = [each for each in tables if each["table"] == "kind"]
    assert opened.max_row - 1 == by_kind["total"]["requests"]
    closed = await browser.get(f"/desk/statistics/library.xlsx?town={CHASHAN}&state=closed")
    rows = list(openpyxl.load_workbook(io.BytesIO(closed.content)).worksheets[0].values)[1:]
    assert {row[-1] for row in rows} <= {"已完结"}
    assert len(rows) < by_kind["total"]["requests"]
    assert visitor.phone[3:] not in str(list(opened.values))
    lines = [re.sub(r"[\s│]+", " ", line) for line in printed.output.splitlines()]
    assert book.sheetnames == [each["zh"][:31] for each in tables]
    for each in tables:
        rows = list(book[each["zh"][:31]].iter_rows(min_row=2, max_col=2, values_only=True))
        expected = [(line["zh"], line["requests"]) for line in (*each["lines"], each["total"])]
        absent = [("尚无登记", "、".join(each["absent"].values()))] if each["absent"] else []
        assert rows == [*expected, *absent]
        assert each["total"]["requests"] > 0
        figures = (*each["lines"], each["total"])
        uncovered = [line["zh"] for line in figures if line["covered_percent"] == 0.0]
        for label, count in expected:
            shown = [line for line in lines if line.startswith(f" {label} {count} ")]
            assert shown, label
            assert label not in uncovered or any(" 0.0 " in line for line in shown), "0 is known"
            heading = label
            if each["table"] == "month" and label != "合计":
                year, month = label.split("-")
                heading = f"{year}年{int(month)}月"
            assert f"{heading}{count}" in page, label


async def test_a_file_that_is_no_table_says_so(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n")
    said = await asyncio.to_thread(CliRunner().invoke, app, ["requests", str(file)])
    assert said.exit_code == 2
    assert "表头" in said.output
