"""Who is believed about a person: an SMS, a partner and the same phone's “1” move no money."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio

from services.intake.model import Reply
from shared import mongo
from shared.contracts import topics
from shared.runtime import Runtime
from shared.security import Role
from tests.support.eventually import eventually
from tests.support.services import start
from tests.support.stack_harness import StackHarness

Headers = dict[str, str]
PHONE = "13800138000"
WISH = "心愿 生活物资 500元 长安镇 低保 王五"
CATEGORIES = ("生活物资", "医疗救助", "助学", "助残", "配餐", "就业", "儿童关爱", "居家养老服务")
THIRTEEN = [
    *(f"心愿 {category} 500元 长安镇 特困 王五" for category in CATEGORIES),
    *(f"心愿 生活物资 {item} 长安镇 特困 王五" for item in ("棉被1床", "大米1袋", "轮椅1台")),
    *(f"心愿 生活物资 {item} 长安镇 特困 王五" for item in ("书包1个", "毛毯1条")),
]


@dataclass
class Town:
    """Intake and matching on one broker, a phone, a partner, a collector."""

    stack: StackHarness
    intake: httpx.AsyncClient
    matching: httpx.AsyncClient
    runtime: Runtime[Any, Any]
    token: str
    partner: Headers
    collector: Headers

    async def write(self, text: str, at: int) -> None:
        body = {"mobile": PHONE, "nationcode": "86", "text": text, "time": at}
        answer = await self.intake.post(f"/callbacks/tencent/{self.token}/replies", json=body)
        assert answer.json()["result"] == 0

    async def post(self, who: Headers, path: str, body: Any, at_matching: bool = False) -> Any:
        http = self.matching if at_matching else self.intake
        headers = who | {"Idempotency-Key": path.replace("/", "-")}
        return await http.post(path, json=body, headers=headers)

    async def list_requests(self, state: str) -> list[dict[str, Any]]:
        page = await self.intake.get(f"/requests?state={state}", headers=self.collector)
        return list(page.json()["requests"])

    async def read_menu(self) -> list[dict[str, Any]]:
        return list((await self.matching.get("/menu", headers=self.partner)).json()["requests"])


@pytest_asyncio.fixture(loop_scope="session")
async def town(stack: StackHarness) -> Town:
    intake = await start(stack, "intake")
    matching = await start(stack, "matching", round_interval_ms=20)
    callback = stack.bearer("callback-tencent", Role.CALLBACK)["Authorization"]
    return Town(
        stack,
        intake.http,
        matching.http,
        intake.runtime,
        callback.rpartition("_")[2],
        stack.bearer("two", Role.DONOR_PARTNER, source="/partners/two"),
        stack.bearer("lin", Role.COLLECTOR),
    )


async def test_an_sms_a_partner_and_a_one_from_the_same_phone_move_no_money(town: Town) -> None:
    await town.write(WISH, 1)
    [wish] = await town.list_requests("recorded")
    assert wish["declared_class"] == "subsistence"
    assert (wish["beneficiary_class"], wish["class_confirmed"]) == ("general", None)
    assert [reason["code"] for reason in wish["waits_for"]] == ["person_unseen"]
    claim = {"offer_id": "O-1", "quantity": 50_000}
    path = f"/menu/{wish['request_id']}/claim"
    claimed = await town.post(town.partner, path, claim, at_matching=True)
    assert (claimed.status_code, await town.read_menu()) == (404, [])
    await town.write("1", 2)
    [reply] = await mongo.find(town.runtime.database, Reply, {"person_id": wish["person_id"]})
    assert reply.match_id is None, "nothing was delivered"
    said = {
        "seen": {"manner": "visit"},
        "confirmed": {"beneficiary_class": "low_income_edge", "basis": "register"},
    }
    vouched = await town.post(town.collector, f"/requests/{wish['request_id']}/vouch", said)
    assert vouched.json()["state"] == "open"
    [row] = await eventually(town.read_menu, bool)
    assert (row["request_id"], row["tier"]) == (wish["request_id"], 2)
    [opened] = [e for e in await town.stack.read(topics.REQUESTS) if "opened" in e["type"]]
    assert opened["data"]["vouched_by"] == ["lin"]


async def test_thirteen_wishes_from_one_phone_open_no_money_and_three_things(town: Town) -> None:
    for at, text in enumerate(THIRTEEN):
        await town.write(text, at)
    opened, waiting = await town.list_requests("open"), await town.list_requests("recorded")
    assert (len(opened), len(waiting)) == (3, 10)
    assert {request["beneficiary_class"] for request in opened} == {"general"}
    assert all(request["need"]["unit"] != "fen" for request in opened)
    reasons = {reason["zh"] for request in waiting for reason in request["waits_for"]}
    assert reasons == {
        "首次申请资金，须先由工作人员见到本人",
        "同一人近期直接公开的诉求已达上限",
    }
    menu = await eventually(town.read_menu, lambda rows: len(rows) == 3)
    assert {row["tier"] for row in menu} == {4}
