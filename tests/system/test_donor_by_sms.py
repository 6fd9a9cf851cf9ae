"""A donor with a phone and no WeChat: one SMS of what waits for him, and one answer to it all."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from services.matching.model.match import Match
from services.matching.settings import MatchingSettings
from shared import mongo
from shared.security import Role
from tests.notify.harness import open_harness
from tests.notify.recipients import number
from tests.support.eventually import eventually
from tests.support.services import CREATE
from tests.support.stack_harness import StackHarness
from tests.system.test_words import WordHarness

ITEMS = ("大米", "棉被", "轮椅")
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


@pytest_asyncio.fixture(loop_scope="session")
async def harness(stack: StackHarness) -> AsyncIterator[WordHarness]:
    """What is proposed within some seconds is one message."""
    async with open_harness(stack) as notify:
        create, _ = CREATE["matching"]
        settings = stack.settings(
            MatchingSettings,
            round_interval_ms=20,
            intake_url=notify.settings.intake_url,
            donor_digest_wait_s=4,
        )
        matching = await stack.start_app(create(settings))
        nobody: dict[str, str] = {}
        collector = stack.bearer("wu", Role.COLLECTOR)
        yield WordHarness(notify, matching, nobody, nobody, collector, nobody, nobody)


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
