"""What waits for a donor is one message and one answer: by SMS a number, on WeChat a page."""

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio

from services.matching.model.donor_digest import DonorDigest
from services.matching.model.match import Match
from services.matching.settings import MatchingSettings
from shared import mongo
from shared.security import Role
from shared.towns import town_name
from tests.matching.decisions import make_opened, request_id
from tests.notify.harness import open_harness
from tests.notify.recipients import number, openid
from tests.support.eventually import eventually
from tests.support.services import CREATE
from tests.support.stack_harness import StackHarness
from tests.system.test_words import WordHarness

ITEMS = ("大米", "棉被", "轮椅")
COUNT = 57
HTML = {"Accept": "text/html"}
SEEN = re.compile(r'name="seen" value="([^"]+)"')
ASKED = re.compile(r"有(\d+)项对接等您答复：回复Y(\d{4})全部接受，N\2全部婉拒")


@dataclass
class Phone:
    """His own, or somebody else's."""

    harness: WordHarness
    number: str

    async def read(self) -> list[str]:
        return [each["text"] for each in await self.harness.notify.read_phone(f"+86{self.number}")]

    async def write(self, text: str) -> None:
        reply = [{"number": f"+86{self.number}", "text": text}]
        answer = await self.harness.notify.simulators.post("/simulator/phones/replies", json=reply)
        assert [each["status"] for each in answer.json()] == [200]

    async def wait_for(self, words: str) -> str:
        texts = await eventually(self.read, lambda texts: any(words in text for text in texts))
        return next(text for text in reversed(texts) if words in text)


@contextlib.asynccontextmanager
async def open_donors(stack: StackHarness, digest_wait_s: float) -> AsyncIterator[WordHarness]:
    """What is proposed within so many seconds is one message."""
    async with open_harness(stack) as notify:
        create, _ = CREATE["matching"]
        settings = stack.settings(
            MatchingSettings,
            round_interval_ms=20,
            intake_url=notify.settings.intake_url,
            donor_digest_wait_s=digest_wait_s,
        )
        matching = await stack.start_app(create(settings))
        nobody: dict[str, str] = {}
        collector = stack.bearer("wu", Role.COLLECTOR)
        yield WordHarness(notify, matching, nobody, nobody, collector, nobody, nobody)


@pytest_asyncio.fixture(loop_scope="session")
async def harness(stack: StackHarness) -> AsyncIterator[WordHarness]:
    async with open_donors(stack, 4) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def patient_harness(stack: StackHarness) -> AsyncIterator[WordHarness]:
    """Nothing is told before the test says so, however slow the machine is."""
    async with open_donors(stack, 3600) as opened:
        yield opened


async def list_states(harness: WordHarness, donor_id: str) -> list[str]:
    query = {"donor_id": donor_id}
    matches = await mongo.find(harness.matching.runtime.database, Match, query)
    return sorted(match.state for match in matches)


async def test_all_that_waits_for_him_is_one_sms_and_one_answer(harness: WordHarness) -> None:
    his, anothers = Phone(harness, number()), Phone(harness, number())
    donor_id = await harness.register(his.number, harness.collector)
    await harness.register(anothers.number, harness.collector)
    for item in ITEMS:
        await harness.propose(item, donor_id, harness.collector)
    asked = ASKED.search(await his.wait_for("项对接等您答复"))
    assert asked is not None
    assert asked[1] == "3"
    code = asked[2]

    # From a phone that is not his it is nobody's answer; a question is none either.
    await anothers.write(f"Y{code}")
    await anothers.wait_for("没有找到这个数字对应的对接")
    await his.write(f"能不能接受{code}？")
    await his.wait_for("您的来信已收下")
    assert await list_states(harness, donor_id) == ["proposed"] * 3

    await his.write(f"好的，我们公司全部同意 {code}，谢谢")
    await his.wait_for("已按您的回复接受3项对接")
    assert await list_states(harness, donor_id) == ["committed"] * 3
    assert sum("等您答复" in text for text in await his.read()) == 1

    # The number is used up.
    await his.write(f"N {code}")
    await his.wait_for("没有重复办理")
    assert await list_states(harness, donor_id) == ["committed"] * 3


async def end_wait(harness: WordHarness, donor_id: str) -> None:
    """As if the time in which more may join had passed."""
    past = {"due_at": datetime.now(UTC) - timedelta(seconds=5)}
    change = {"$set": past, "$inc": {"_version": 1}}
    digests = harness.matching.runtime.database[DonorDigest.COLLECTION]
    await digests.update_one({"_id": donor_id}, change)


async def test_an_enterprise_with_57_proposals_gets_one_message_and_one_page(
    patient_harness: WordHarness,
) -> None:
    """Accepted with one press, each for its own request."""
    harness = patient_harness
    account = openid()
    donor_id = await harness.notify.register_person(openid=account)
    names = [f"rice-{place}" for place in range(COUNT)]
    offer = {"donor_id": donor_id, "unit": "箱", "item": "牛奶", "quantity": COUNT, "mode": "push"}
    offer |= {"name_shown": True, "donor_kind": "enterprise"}
    offered = await harness.post("/offers", offer, harness.collector)
    assert offered.status_code == 201, offered.text
    before = len(await harness.notify.read_phone(account))
    await harness.notify.publish_all(
        {request_id(name): make_opened(name, 1, unit="箱", item="牛奶") for name in names}
    )
    await eventually(
        lambda: list_states(harness, donor_id), lambda states: states == ["proposed"] * COUNT
    )
    await end_wait(harness, donor_id)

    async def read() -> list[dict[str, Any]]:
        return (await harness.notify.read_phone(account))[before:]

    [message] = await eventually(read, bool)
    assert "共57项" in str(message["text"]), message
    path = str(message["url"]).removeprefix(harness.notify.settings.matching_url)
    http = harness.matching.http
    page = await http.get(path, headers=HTML)
    assert "全部接受（57 项）" in page.text
    assert town_name("441900101") in page.text
    assert "441900101" not in page.text, "a town has a name"
    seen = SEEN.findall(page.text)
    assert len(set(seen)) == COUNT
    done = await http.post(f"{path}/answer", data={"act": "accept_all", "seen": seen}, headers=HTML)
    assert "已接受 57 项" in done.text
    matches = await mongo.find(harness.matching.runtime.database, Match, {"donor_id": donor_id})
    assert {each.state for each in matches} == {"committed"}
    assert sorted(each.request_id for each in matches) == sorted(map(request_id, names))
    assert len(await read()) == 1
