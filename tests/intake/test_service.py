"""The service on a real broker and database: every way in, who may come in, and what goes out."""

import asyncio
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from services.intake.channels.spreadsheet import read
from services.intake.channels.wechat_crypto import signature
from services.intake.importing import import_rows
from services.intake.main import create_app, default_wechat_token
from services.intake.model import Receipt, Request
from services.intake.settings import IntakeSettings
from services.intake.store import VAULT_ACCESS
from services.intake.vault.prepare import request_id
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import MatchConfirmed, MatchDelivered
from shared.contracts.values import Channel
from shared.security import Role
from tests.intake.making import CHASHAN, PHONE, match, submitted
from tests.intake.test_spreadsheet import GOOD, table
from tests.support.eventually import eventually
from tests.support.house import House, Running

SOURCE = "/channels/grid"


class Door:
    """A running intake and everybody who may come to it; one for all tests of this file."""

    def __init__(self, house: House, running: Running) -> None:
        self.house = house
        self.running = running
        self.channel = house.bearer("grid", Role.CHANNEL, source=SOURCE)
        self.other = house.bearer("other", Role.CHANNEL, source="/channels/other")
        self.town = house.bearer("town", Role.APPROVER_TOWN, area=CHASHAN)
        self.village = house.bearer("village", Role.APPROVER_VILLAGE, area=CHASHAN)
        self.elsewhere = house.bearer("elsewhere", Role.APPROVER_TOWN, area="441900104")
        self.auditor = house.bearer("auditor", Role.AUDITOR)
        self.operator = house.bearer("op", Role.OPERATOR)
        self.service = house.bearer("notify", Role.SERVICE)
        callback = house.bearer("callback-tencent", Role.CALLBACK)["Authorization"]
        self.token = callback.rpartition("_")[2]
        self.persons = count(1)


class Desk:
    """One test's person and messages at the door: a phone, an openid, message ids of its own."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.house = door.house
        self.http = door.running.http
        self.runtime = door.running.runtime
        self.database = self.runtime.database
        self.number = next(door.persons)
        self.phone = f"+86138{self.number:08}"
        self.openid = f"oTEST_{self.number}"

    def key(self, message: str) -> str:
        return f"{self.number}-{message}"

    def body(self, **changed: Any) -> dict[str, Any]:
        return self.asked(**changed).model_dump(mode="json", exclude_none=True)

    def asked(self, **changed: Any) -> RequestSubmitted:
        return submitted(**{"applicant": {"name": "张三", "phone": self.phone}, **changed})

    async def post(
        self, path: str, body: Any = None, *, key: str = "", who: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = who or self.door.channel
        headers = headers | ({"Idempotency-Key": self.key(key)} if key else {})
        return await self.http.post(path, json=body, headers=headers)

    async def get(self, path: str, who: dict[str, str] | None = None) -> httpx.Response:
        return await self.http.get(path, headers=who)

    async def submit(self, key: str = "m-1", **changed: Any) -> dict[str, Any]:
        answer = await self.post("/requests", self.body(**changed), key=key)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def contact(self, *person_ids: str) -> list[dict[str, Any]]:
        asked = {"purpose": "test", "person_ids": person_ids}
        answer = await self.post("/internal/contacts", asked, who=self.door.service)
        return list(answer.json()["contacts"])

    async def request(self, id_: str) -> Request:
        found = await mongo.load(self.database, Request, id_)
        assert found is not None
        return found

    async def requests(self) -> list[Request]:
        """This test's person's, by phone or openid."""
        vault = self.runtime.extras.vault
        persons = [person_by_phone(vault, self.phone), person_by_openid(vault, self.openid)]
        return await mongo.find(self.database, Request, {"person_id": {"$in": persons}})

    async def becomes(self, id_: str, holds: Callable[[Request], object]) -> Request:
        async def look() -> Request | None:
            return await mongo.load(self.database, Request, id_)

        found = await eventually(look, lambda request: request and holds(request))
        assert found is not None
        return found

    async def published(self, topic: str, *subjects: str, count: int) -> list[dict[str, Any]]:
        async def look() -> list[dict[str, Any]]:
            return [e for e in await self.house.read(topic) if e["subject"] in subjects]

        return await eventually(look, lambda events: len(events) >= count)

    async def looks(self, *person_ids: str) -> list[dict[str, Any]]:
        """Who looked these persons up."""
        rows = self.database[VAULT_ACCESS].find({"person_id": {"$in": list(person_ids)}})
        return list(await rows.to_list(None))

    async def sms(self, text: str, at: int = 1_642_000_000) -> httpx.Response:
        body = {"mobile": self.phone[3:], "nationcode": "86", "text": text, "time": at}
        return await self.http.post(f"/callbacks/tencent/{self.door.token}/replies", json=body)

    async def wechat(self, fields: str, token: str | None = None) -> httpx.Response:
        token = token or default_wechat_token(self.house.keyring)
        query = {"signature": signature(token, "1", "2"), "timestamp": "1", "nonce": "2"}
        xml = (
            f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{self.openid}</FromUserName>"
            f"<CreateTime>1642000000</CreateTime>{fields}</xml>"
        )
        return await self.http.post("/callbacks/wechat", params=query, content=xml.encode())

    async def says(self, message: str, text: str) -> httpx.Response:
        return await self.wechat(
            f"<MsgType>text</MsgType><MsgId>{self.key(message)}</MsgId><Content>{text}</Content>"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def door(mongod: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    broker = await start_broker(tmp_path_factory.mktemp("broker"), BROKER)
    secrets = tmp_path_factory.mktemp("secrets")
    first_secrets(secrets)
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
    (event,) = await desk.published(topics.REQUESTS, 1)
    assert event["subject"] == told["request_id"]
    assert event["type"] == "guanjia.request.opened.v1"
    assert "张三" not in repr(event)


async def test_the_same_message_by_http_and_by_topic_is_one_request(desk: Desk) -> None:
    told = await desk.submit(key="m-1")
    await desk.house.publish(
        desk.house.foreign(SOURCE, "m-1", submitted()),
        desk.house.foreign(SOURCE, "m-2", submitted(category="meals")),
    )
    await desk.appears(request_id(SOURCE, "m-2"))
    again = await desk.submit(key="m-1")
    assert again == told
    assert await mongo.count_by(desk.database, Request.COLLECTION, "state") == {"open": 2}


async def test_what_is_wrong_is_answered_field_by_field(desk: Desk) -> None:
    body = body_of() | {"area": {"town_code": "441900999"}, "applicant": {"name": "张三"}}
    answer = await desk.post("/requests", body, key="m-1")
    assert answer.status_code == 422
    fields = {problem["field"] for problem in answer.json()["problems"]}
    assert fields == {"area.town_code", "applicant.phone"}
    missing = await desk.post("/requests", {"kind": "wish"}, key="m-2")
    assert missing.status_code == 422
    assert {"need", "applicant"} <= {p["field"] for p in missing.json()["problems"]}


async def test_a_message_id_used_for_other_content_is_refused(desk: Desk) -> None:
    await desk.submit(key="m-1")
    answer = await desk.post("/requests", body_of(text="别的"), key="m-1")
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["code"] == "idempotency_key_reused"


async def test_an_approver_of_the_town_opens_what_waits(desk: Desk) -> None:
    told = await desk.submit(need={"unit": "fen", "quantity": 300_000})
    path = f"/requests/{told['request_id']}/approve"
    assert (await desk.post(path, key="a", who=desk.door.village)).status_code == 403
    assert (await desk.post(path, key="a", who=desk.door.elsewhere)).status_code == 404
    assert (await desk.post(path, key="a")).status_code == 403
    approved = await desk.post(path, key="a", who=desk.door.town)
    assert approved.json() == {"request_id": told["request_id"], "state": "open"}


async def test_everyone_sees_only_what_is_theirs(desk: Desk) -> None:
    path = f"/requests/{(await desk.submit())['request_id']}"
    assert (await desk.http.get(path)).status_code == 401
    assert (await desk.get(path, desk.door.other)).status_code == 404
    assert (await desk.get(path, desk.door.elsewhere)).status_code == 404
    assert "text" not in (await desk.get(path, desk.door.channel)).json()
    assert "text" not in (await desk.get(path, desk.door.auditor)).json()
    seen = (await desk.get(path, desk.door.town)).json()
    assert seen["text"] == "想要一床新棉被"
    assert seen["applicant"]["phone"] == PHONE
    looks = [row async for row in desk.database[VAULT_ACCESS].find({})]
    assert [(row["who"], row["purpose"]) for row in looks] == [("town", "read_request")]


async def test_lists_are_paged_and_of_ones_own_area(desk: Desk) -> None:
    for number in range(3):
        phone = f"+861380013800{number}"
        await desk.submit(key=f"m-{number}", applicant={"name": "甲", "phone": phone})
    await desk.submit(key="m-9", area={"town_code": "441900104"}, category="meals")
    first = (await desk.get("/requests?limit=2&state=open", desk.door.town)).json()
    rest = (await desk.get(f"/requests?after={first['next']}", desk.door.town)).json()
    assert len(first["requests"]) == 2
    assert len(rest["requests"]) == 1
    assert rest["next"] is None
    summary = (await desk.get("/summary", desk.door.operator)).json()
    assert summary["requests"] == {
        "total": 4,
        "by_state": {"open": 4},
        "by_channel": {"grid_worker": 4},
    }


async def test_contacts_are_given_to_services_and_every_look_is_logged(desk: Desk) -> None:
    party = await desk.post("/parties", {"name": "茶园公司", "phone": PHONE}, key="p-1")
    person = party.json()["person_id"]
    asked = {"purpose": "match_proposed", "person_ids": [person, "P-unknown"]}
    assert (await desk.post("/internal/contacts", asked)).status_code == 403
    known, unknown = (await desk.post("/internal/contacts", asked, who=desk.door.service)).json()[
        "contacts"
    ]
    assert known["phone"] == PHONE
    assert unknown["erased"]
    looks = [row async for row in desk.database[VAULT_ACCESS].find({})]
    assert {row["person_id"] for row in looks} == {person, "P-unknown"}
    assert PHONE not in repr(looks)


async def test_an_erased_person_breaks_nothing(desk: Desk) -> None:
    told = await desk.submit()
    person = (await desk.request(told["request_id"])).person_id
    erased = await desk.post(f"/persons/{person}/erase", key="e-1", who=desk.door.operator)
    assert erased.status_code == 200
    asked = {"purpose": "request_closed", "person_ids": [person]}
    (contact,) = (await desk.post("/internal/contacts", asked, who=desk.door.service)).json()["contacts"]
    assert contact["erased"]
    assert contact["phone"] is None
    seen = await desk.get(f"/requests/{told['request_id']}", desk.door.town)
    assert seen.json()["text"] is None


async def test_a_confirmed_delivery_closes_the_request(desk: Desk) -> None:
    id_ = (await desk.submit())["request_id"]
    request = await desk.request(id_)
    delivered = match(MatchDelivered, request, 20_000).data
    confirmed = match(MatchConfirmed, request, 20_000).data
    await desk.house.publish(
        desk.house.own("/matching", "M-1", 1, delivered),
        desk.house.own("/matching", "M-1", 2, confirmed),
    )
    await desk.moved(id_, "closed")
    events = await desk.published(topics.REQUESTS, 2)
    assert [event["type"].split(".")[2] for event in events] == ["opened", "closed"]


async def test_an_sms_is_a_request_and_a_later_one_says_it_arrived(desk: Desk) -> None:
    said = await desk.sms("心愿 生活物资 200元 茶山镇 低保 张三")
    assert said.json() == {"result": 0, "errmsg": "OK"}
    await desk.sms("心愿 生活物资 200元 茶山镇 低保 张三")
    (request,) = await mongo.find(desk.database, Request, {})
    assert (request.channel, request.state) == ("sms", "open")
    delivered = match(MatchDelivered, request, 20_000).data
    await desk.house.publish(desk.house.own("/matching", "M-1", 1, delivered))

    async def progress() -> dict[str, Any]:
        return dict((await desk.request(request.id)).matches)

    await eventually(progress, bool)
    await desk.sms("收到", at=1_642_000_100)
    (event,) = await desk.published(topics.RECEIPTS, 1)
    assert event["data"] == {
        "person_id": request.person_id,
        "meaning": "received",
        "match_id": "M-1",
    }


async def test_receipts_are_taken_once_and_together(desk: Desk) -> None:
    receipts = [
        {"sid": f"2022:{n}", "report_status": "SUCCESS", "errmsg": "DELIVRD"} for n in range(3)
    ]
    path = f"/callbacks/tencent/{desk.token}/receipts"
    for _ in range(2):
        assert (await desk.http.post(path, json=receipts)).json()["result"] == 0
    events = await desk.published(topics.RECEIPTS, 3)
    assert {event["subject"] for event in events} == {f"tencent:2022:{n}" for n in range(3)}
    assert len(await mongo.find(desk.database, Receipt, {})) == 3


async def test_a_wrong_callback_token_or_signature_comes_in_nowhere(desk: Desk) -> None:
    bad = await desk.http.post("/callbacks/tencent/wrong/receipts", json=[])
    assert bad.status_code == 401
    pushed = await desk.wechat("<MsgType>text</MsgType>", token="wrong")
    assert pushed.status_code == 401
    assert (await desk.http.get("/callbacks/wechat?echostr=x")).status_code == 401


async def test_a_wechat_message_is_answered_in_the_conversation(desk: Desk) -> None:
    text = "<MsgType>text</MsgType><MsgId>{}</MsgId><Content>{}</Content>"
    asked = await desk.wechat(text.format(1, "心愿 助学 300元 虎门镇 残疾 李四"))
    answer = ElementTree.fromstring(asked.text)
    assert answer.findtext("ToUserName") == "oABC_123"
    assert answer.findtext("FromUserName") == "gh_1"
    (request,) = await mongo.find(desk.database, Request, {})
    assert request.id in (answer.findtext("Content") or "")
    unclear = await desk.wechat(text.format(2, "你好"))
    assert "例如" in unclear.text


async def test_who_unfollows_is_forgotten(desk: Desk) -> None:
    text = "<MsgType>text</MsgType><MsgId>1</MsgId><Content>助学 300元 虎门镇</Content>"
    await desk.wechat(text)
    (request,) = await mongo.find(desk.database, Request, {})
    await desk.wechat("<MsgType>event</MsgType><Event>unsubscribe</Event>")
    asked = {"purpose": "request_opened", "person_ids": [request.person_id]}
    (contact,) = (await desk.post("/internal/contacts", asked, who=desk.door.service)).json()["contacts"]
    assert contact["erased"]
    assert contact["openid"] is None


async def test_the_applicants_link_shows_and_withdraws(desk: Desk) -> None:
    id_ = (await desk.submit())["request_id"]
    now = await desk.runtime.processor.now()
    token = desk.house.keyring.make_link("request", id_, now + timedelta(days=1))
    page = await desk.http.get(f"/r/{token}", headers={"Accept": "text/html"})
    assert id_ in page.text
    assert "张三" not in page.text
    assert (await desk.http.post(f"/r/{token}/withdraw")).json()["state"] == "withdrawn"
    assert (await desk.http.get(f"/r/{token}")).json()["state"] == "withdrawn"
    expired = desk.house.keyring.make_link("request", id_, now - timedelta(seconds=1))
    other = desk.house.keyring.make_link("match", id_, now + timedelta(days=1))
    for wrong in (expired, other, token[:-2] + "xx", "x"):
        assert (await desk.http.get(f"/r/{wrong}")).status_code == 401


class _Threaded:
    """The importer's client is synchronous; the service runs in this loop."""

    def __init__(self, desk: Desk, loop: asyncio.AbstractEventLoop) -> None:
        self._desk, self._loop = desk, loop

    def post(self, path: str, json: Any) -> Any:
        posted = asyncio.run_coroutine_threadsafe(self._desk.post(path, json), self._loop)
        return posted.result(30).json()


async def test_importing_a_spreadsheet_twice_adds_nothing(desk: Desk) -> None:
    good = [GOOD | {"手机": f"1380013{n:04}"} for n in range(250)]
    bad = [GOOD | {"金额": "x"}, GOOD | {"镇街": "441900999", "手机": "13900000000"}]
    rows = list(read(table(*good, good[0], *bad), Channel.SPREADSHEET))
    client = _Threaded(desk, asyncio.get_running_loop())
    for _ in range(2):
        report = await asyncio.to_thread(import_rows, client, rows, lambda _done: None)
        assert report.decisions == {"opened": 250, "repeated": 1}
        assert [row.line for row in report.refused] == [253, 254]
    assert await mongo.count_by(desk.database, Request.COLLECTION, "state") == {"open": 250}
