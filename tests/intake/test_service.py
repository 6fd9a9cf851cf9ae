"""The service on a real broker and database: every way in, who may come in, and what goes out."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import pytest_asyncio
import uvicorn
from typer.testing import CliRunner

from deploy.local.stack import Stack
from services.intake.cli import app
from services.intake.main import create_app
from services.intake.model import Receipt, Reply, Request
from services.intake.settings import IntakeSettings
from services.intake.vault.prepare import request_id
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import MatchConfirmed, MatchDelivered, MatchReopened
from shared.security import Role, create_root_key
from shared.web.access import build_rate_limit
from tests.conftest import BROKER
from tests.intake.desk import SOURCE, Desk, Door
from tests.intake.making import match
from tests.intake.test_spreadsheet import GOOD, table
from tests.support.eventually import eventually
from tests.support.house import House
from tests.support.stack import start_broker


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def door(mongod: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    broker = await start_broker(tmp_path_factory.mktemp("broker"), BROKER)
    secrets = tmp_path_factory.mktemp("secrets")
    create_root_key(secrets)
    house = House(mongod, broker, secrets, prefix=f"t{uuid4().hex[:12]}")
    running = await house.start_app(create_app(house.settings(IntakeSettings)))
    yield Door(house, running)
    await house.stop()
    await broker.stop()


@pytest.fixture
def desk(door: Door) -> Desk:
    return Desk(door)


async def test_a_request_is_answered_with_its_durable_decision(desk: Desk) -> None:
    told = await desk.submit()
    assert told["decision"] == "opened"
    (event,) = await desk.published(topics.REQUESTS, told["request_id"], count=1)
    assert event["type"] == "guanjia.request.opened.v1"
    assert "张三" not in repr(event)


async def test_the_same_message_by_http_and_by_topic_is_one_request(desk: Desk) -> None:
    told = await desk.submit(key="m-1")
    await desk.house.publish(
        desk.house.foreign(SOURCE, desk.key("m-1"), desk.asked()),
        desk.house.foreign(SOURCE, desk.key("m-2"), desk.asked(category="meals")),
    )
    await desk.becomes(request_id(SOURCE, desk.key("m-2")), lambda request: request.state == "open")
    assert await desk.submit(key="m-1") == told
    assert len(await desk.requests()) == 2


async def test_what_is_wrong_is_answered_field_by_field(desk: Desk) -> None:
    wrong = {"area": {"town_code": "441900999"}, "applicant": {"name": "张三"}}
    answer = await desk.post("/requests", desk.body() | wrong, key="m-1")
    assert answer.status_code == 422
    fields = {problem["field"] for problem in answer.json()["problems"]}
    assert fields == {"area.town_code", "applicant.phone"}
    missing = await desk.post("/requests", {"kind": "wish"}, key="m-2")
    assert missing.status_code == 422
    assert {"need", "applicant"} <= {p["field"] for p in missing.json()["problems"]}


async def test_a_message_id_used_for_other_content_is_refused(desk: Desk) -> None:
    await desk.submit(key="m-1")
    answer = await desk.post("/requests", desk.body(text="别的"), key="m-1")
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["code"] == "idempotency_key_reused"


async def test_an_approver_of_the_town_opens_what_waits(desk: Desk) -> None:
    told = await desk.submit(need={"unit": "fen", "quantity": 300_000})
    path = f"/requests/{told['request_id']}/approve"
    door = desk.door
    for key, who, status in (
        ("a", door.village, 403),
        ("b", door.elsewhere, 404),
        ("c", door.channel, 403),
    ):
        assert (await desk.post(path, key=key, who=who)).status_code == status
    approved = await desk.post(path, key="d", who=door.town)
    assert approved.json() == {"request_id": told["request_id"], "state": "open"}


async def test_everyone_sees_only_what_is_theirs(desk: Desk) -> None:
    id_ = (await desk.submit())["request_id"]
    path, door = f"/requests/{id_}", desk.door
    assert (await desk.get(path)).status_code == 401
    assert (await desk.get(path, door.other)).status_code == 404
    assert (await desk.get(path, door.elsewhere)).status_code == 404
    assert "text" not in (await desk.get(path, door.channel)).json()
    assert "text" not in (await desk.get(path, door.auditor)).json()
    seen = (await desk.get(path, door.town)).json()
    assert seen["text"] == "想要一床新棉被"
    assert seen["applicant"]["phone"] == desk.phone
    (look,) = await desk.looks(seen["person_id"])
    assert (look["who"], look["purpose"]) == ("town", "read_request")


async def test_lists_are_paged_and_of_ones_own_area(desk: Desk) -> None:
    own = desk.house.bearer("songshan", Role.COLLECTOR, area="441900401")
    await desk.submit(key="elsewhere")
    for number, category in enumerate(("meals", "medical", "education")):
        await desk.submit(key=f"{number}", category=category, area={"town_code": "441900401"})

    async def first_page() -> Any:
        return (await desk.get("/requests?limit=2&state=open", own)).json()

    first = await eventually(first_page, lambda page: "requests" in page)
    rest = (await desk.get(f"/requests?after={first['next']}", own)).json()
    assert len(first["requests"]) == 2
    assert len(rest["requests"]) == 1
    assert rest["next"] is None


async def test_the_summary_counts_by_state_and_channel(desk: Desk) -> None:
    async def counted() -> Any:
        return (await desk.get("/summary", desk.door.operator)).json()["requests"]

    before = await counted()
    await desk.submit(key="1", channel="hotline")
    await desk.submit(key="2", channel="hotline")
    after = await counted()
    assert after["total"] - before["total"] == 2
    assert after["by_channel"]["hotline"] - before["by_channel"].get("hotline", 0) == 2
    assert after["by_state"]["duplicate"] - before["by_state"].get("duplicate", 0) == 1


async def test_the_summary_of_staff_counts_their_own_area(desk: Desk) -> None:
    own = desk.house.bearer("qiaotou", Role.COLLECTOR, area="441900117")
    inside = await desk.submit(key="1", area={"town_code": "441900117"})
    await desk.submit(key="2", category="meals")

    async def counted() -> Any:
        return (await desk.get("/summary", own)).json()

    found = await eventually(counted, lambda said: "requests" in said)
    assert inside["decision"] == "opened"
    assert found["requests"]["total"] == 1
    assert found["requests"]["by_state"] == {"open": 1}


@pytest.fixture
def two_a_minute(door: Door) -> Iterator[None]:
    state = door.running.app.state
    usual, state.rate_limit = state.rate_limit, build_rate_limit(2)
    yield
    state.rate_limit = usual


@pytest.mark.usefixtures("two_a_minute")
async def test_links_and_callbacks_are_limited_like_credentials(desk: Desk) -> None:
    id_ = (await desk.submit())["request_id"]
    ends = await desk.runtime.processor.now() + timedelta(days=1)
    link, other = (desk.house.keyring.make_link("request", i, ends) for i in (id_, "R-1"))
    receipts = f"/callbacks/tencent/{desk.door.token}/receipts"

    async def statuses() -> list[int]:
        visits = (
            await desk.get(f"/r/{link}"),
            await desk.http.post(receipts, json=[]),
            await desk.wechat("<MsgType>event</MsgType><Event>VIEW</Event>"),
        )
        return [visit.status_code for visit in visits]

    assert [await statuses() for _ in range(3)] == [[200] * 3, [200] * 3, [429] * 3]
    assert (await desk.get(f"/r/{link}!")).status_code == 429, "the same link, spelt otherwise"
    assert (await desk.http.post(f"/r/{link}/withdraw")).status_code == 429
    assert (await desk.get(f"/r/{other}")).status_code == 404
    assert (await desk.request(id_)).state == "open"


async def test_parties_of_a_batch_are_registered_each_by_itself(desk: Desk) -> None:
    alone = await desk.post("/parties", {"name": "茶园公司", "phone": desk.phone}, key="p-1")
    rows = [
        {"idempotency_key": desk.key("b-1"), "party": {"name": "茶园", "phone": desk.phone}},
        {"idempotency_key": desk.key("b-2"), "party": {"name": "某店", "phone": "138"}},
        {"idempotency_key": desk.key("b-3"), "party": {"name": f"无电话{desk.number}"}},
        {"idempotency_key": desk.key("b-4"), "party": {"name": f"无电话{desk.number}"}},
    ]
    first = (await desk.post("/parties/batch", rows)).json()["answers"]
    again = (await desk.post("/parties/batch", rows)).json()["answers"]
    assert first == again
    assert [each["status"] for each in first] == [201, 422, 201, 201]
    assert first[0]["person_id"] == alone.json()["person_id"], "the same phone, the same person"
    assert first[2]["person_id"] == first[3]["person_id"] != first[0]["person_id"]
    assert [problem["field"] for problem in first[1]["problems"]] == ["phone"]
    (contact,) = await desk.contact(first[0]["person_id"])
    assert contact["phone"] == desk.phone


async def test_contacts_are_given_to_services_and_every_look_is_logged(desk: Desk) -> None:
    party = await desk.post("/parties", {"name": "茶园公司", "phone": desk.phone}, key="p-1")
    person = party.json()["person_id"]
    unknown = f"P-unknown{desk.number}"
    asked = {"purpose": "test", "person_ids": [person]}
    assert (await desk.post("/internal/contacts", asked)).status_code == 403
    known, nobody = await desk.contact(person, unknown)
    assert known["phone"] == desk.phone
    assert nobody["erased"]
    looks = await desk.looks(person, unknown)
    assert {(row["person_id"], row["who"]) for row in looks} == {
        (person, "notify"),
        (unknown, "notify"),
    }
    assert desk.phone not in repr(looks)


async def test_names_are_given_to_services_alone_and_every_look_is_logged(desk: Desk) -> None:
    party = await desk.post("/parties", {"name": "茶园公司", "phone": desk.phone}, key="p-1")
    person, unknown = party.json()["person_id"], f"P-unknown{desk.number}"
    asked = {"purpose": "donor_name_shown", "person_ids": [person, unknown]}
    assert (await desk.post("/internal/names", asked)).status_code == 403
    answer = await desk.post("/internal/names", asked, who=desk.door.service)
    assert answer.json() == {
        "names": [
            {"person_id": person, "name": "茶园公司"},
            {"person_id": unknown, "name": None},
        ]
    }
    looks = await desk.looks(person, unknown)
    assert {row["purpose"] for row in looks} == {"donor_name_shown"}
    assert "茶园公司" not in repr(looks)


async def test_an_erased_person_breaks_nothing(desk: Desk) -> None:
    told = await desk.submit()
    person = (await desk.request(told["request_id"])).person_id
    erased = await desk.post(f"/persons/{person}/erase", key="e-1", who=desk.door.operator)
    assert erased.status_code == 200
    (contact,) = await desk.contact(person)
    assert contact["erased"]
    assert contact["phone"] is None
    seen = await desk.get(f"/requests/{told['request_id']}", desk.door.town)
    assert seen.json()["text"] is None


async def test_a_confirmed_delivery_closes_the_request(desk: Desk) -> None:
    id_ = (await desk.submit())["request_id"]
    request, match_id = await desk.request(id_), f"M-{desk.number}"
    await desk.house.publish(
        desk.house.own("/matching", match_id, 1, match(MatchDelivered, request, 20_000).data),
        desk.house.own("/matching", match_id, 2, match(MatchConfirmed, request, 20_000).data),
    )
    await desk.becomes(id_, lambda request: request.state == "closed")
    events = await desk.published(topics.REQUESTS, id_, count=2)
    assert [event["type"].split(".")[2] for event in events] == ["opened", "closed"]


async def test_an_sms_is_a_request_and_a_later_one_says_it_arrived(desk: Desk) -> None:
    for _ in range(2):
        said = await desk.sms("心愿 生活物资 200元 茶山镇 低保 张三")
        assert said.json() == {"result": 0, "errmsg": "OK"}
    (request,) = await desk.requests()
    assert (request.channel, request.state) == ("sms", "open")
    match_id = f"M-{desk.number}"
    delivered = match(MatchDelivered, request, 20_000).data
    await desk.house.publish(desk.house.own("/matching", match_id, 1, delivered))
    await desk.becomes(request.id, lambda request: request.matches)
    await desk.sms("收到", at=1_642_000_100)
    (reply,) = await mongo.find(desk.database, Reply, {"person_id": request.person_id})
    (event,) = await desk.published(topics.RECEIPTS, reply.id, count=1)
    assert event["data"] == {
        "person_id": request.person_id,
        "meaning": "received",
        "match_id": match_id,
    }


async def test_who_writes_that_nothing_came_has_his_closed_request_reopened(desk: Desk) -> None:
    """Also where somebody else confirmed it for him."""
    id_ = (await desk.submit())["request_id"]
    request, match_id = await desk.request(id_), f"M-{desk.number}"
    facts = [match(kind, request, 20_000).data for kind in (MatchDelivered, MatchConfirmed)]
    told = [desk.house.own("/matching", match_id, n, fact) for n, fact in enumerate(facts, 1)]
    await desk.house.publish(*told)
    await desk.becomes(id_, lambda request: request.state == "closed")
    await desk.sms("没有收到。")
    (reply,) = await mongo.find(desk.database, Reply, {"person_id": request.person_id})
    (event,) = await desk.published(topics.RECEIPTS, reply.id, count=1)
    assert (event["data"]["meaning"], event["data"]["match_id"]) == ("not_received", match_id)
    reopened = match(MatchReopened, request, 20_000, was="confirmed").data
    await desk.house.publish(desk.house.own("/matching", match_id, 3, reopened))
    await desk.becomes(id_, lambda request: request.state == "open")
    events = await desk.published(topics.REQUESTS, id_, count=3)
    kinds = [event["type"].split(".")[2] for event in sorted(events, key=_sequence)]
    assert kinds == ["opened", "closed", "reopened"]


def _sequence(event: dict[str, Any]) -> int:
    return int(event["sequence"])


async def test_receipts_are_taken_once_and_together(desk: Desk) -> None:
    sids = [f"{desk.number}:{n}" for n in range(3)]
    receipts = [{"sid": sid, "report_status": "SUCCESS", "errmsg": "DELIVRD"} for sid in sids]
    path = f"/callbacks/tencent/{desk.door.token}/receipts"
    for _ in range(2):
        assert (await desk.http.post(path, json=receipts)).json()["result"] == 0
    subjects = [f"tencent:{sid}" for sid in sids]
    assert len(await desk.published(topics.RECEIPTS, *subjects, count=3)) == 3
    assert len(await mongo.find(desk.database, Receipt, {"_id": {"$in": subjects}})) == 3


async def test_a_wrong_callback_token_or_signature_comes_in_nowhere(desk: Desk) -> None:
    bad = await desk.http.post("/callbacks/tencent/wrong/receipts", json=[])
    assert bad.status_code == 401
    pushed = await desk.wechat("<MsgType>text</MsgType>", token="wrong")
    assert pushed.status_code == 401
    assert (await desk.http.get("/callbacks/wechat?echostr=x")).status_code == 401


async def test_a_wechat_message_is_answered_in_the_conversation(desk: Desk) -> None:
    asked = await desk.says("1", "心愿 助学 300元 虎门镇 残疾 李四")
    answer = ElementTree.fromstring(asked.text)
    assert answer.findtext("ToUserName") == desk.openid
    assert answer.findtext("FromUserName") == "gh_1"
    (request,) = await desk.requests()
    assert request.id in (answer.findtext("Content") or "")
    assert "例如" in (await desk.says("2", "你好")).text


async def test_who_unfollows_is_forgotten(desk: Desk) -> None:
    await desk.says("1", "助学 300元 虎门镇")
    (request,) = await desk.requests()
    (before,) = await desk.contact(request.person_id)
    await desk.wechat("<MsgType>event</MsgType><Event>unsubscribe</Event>")
    (after,) = await desk.contact(request.person_id)
    assert (before["openid"], before["erased"]) == (desk.openid, False)
    assert (after["openid"], after["erased"]) == (None, True)


async def test_the_applicants_link_shows_and_withdraws(desk: Desk) -> None:
    id_ = (await desk.submit())["request_id"]
    now = await desk.runtime.processor.now()
    token = desk.house.keyring.make_link("request", id_, now + timedelta(days=1))
    page = await desk.get(f"/r/{token}", {"Accept": "text/html"})
    assert id_ in page.text
    assert "张三" not in page.text
    assert (await desk.http.post(f"/r/{token}/withdraw")).json()["state"] == "withdrawn"
    assert (await desk.get(f"/r/{token}")).json()["state"] == "withdrawn"
    expired = desk.house.keyring.make_link("request", id_, now - timedelta(seconds=1))
    other = desk.house.keyring.make_link("match", id_, now + timedelta(days=1))
    for wrong in (expired, other, token[:-2] + "xx", "x"):
        assert (await desk.get(f"/r/{wrong}")).status_code == 401


@pytest_asyncio.fixture(loop_scope="session")
async def address(door: Door) -> AsyncIterator[str]:
    """The same app, listening: the importer comes by a real connection."""
    config = uvicorn.Config(door.running.app, port=0, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, bool)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


async def test_importing_a_spreadsheet_twice_adds_nothing(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANJIA_INTAKE_URL", address)
    bearer = desk.door.operator["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("GUANJIA_TOKEN", bearer)
    collector = f"c{desk.number}"
    good = [GOOD | {"手机": f"1370013{n:04}", "收集人": collector} for n in range(250)]
    bad = [GOOD | {"金额": "x"}, GOOD | {"镇街": "441900999", "手机": "13700000000"}]
    file = tmp_path / "心愿.csv"
    file.write_bytes(table(*good, good[0], *bad))
    for _ in range(2):
        said = await asyncio.to_thread(CliRunner().invoke, app, ["requests", str(file)])
        assert said.exit_code == 0, said.output
        assert "250" in said.output
    imported = await mongo.find(desk.database, Request, {"collector_id": collector})
    assert len(imported) == 250
    assert {request.state for request in imported} == {"open"}
    report = (tmp_path / "心愿.refused.csv").read_text("utf-8-sig")
    refused = list(csv.DictReader(io.StringIO(report)))
    assert [row["行号 line"] for row in refused] == ["253", "254"]
    assert [row["字段 field"] for row in refused] == ["amount", "area.town_code"]
    assert refused[1]["姓名"] == "张三"


async def test_a_file_that_is_no_table_says_so(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n")
    said = await asyncio.to_thread(CliRunner().invoke, app, ["requests", str(file)])
    assert said.exit_code == 2
    assert "表头" in said.output
