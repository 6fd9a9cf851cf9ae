"""Two report one need over two channels: merged by a person, each hears what becomes of it."""

from typing import Any
from uuid import uuid4

from services.intake.model import Request
from shared import mongo
from shared.contracts.events import MatchCommitted
from shared.contracts.values import MONEY_UNIT
from tests.notify.harness import NotifyHarness, open_harness
from tests.notify.recipients import number
from tests.support.browser import Browser
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

ROOF = "村口祠堂后面王伯家的屋顶漏水很久，一下雨就要用盆接"
TOWN = "441900103"
FEN = 300_000
PROMISED = "落实帮助"
SEEN = {"seen": {"manner": "visit"}}


async def test_each_reporter_of_a_merged_need_is_told_and_stays_told(stack: StackHarness) -> None:
    async with open_harness(stack) as harness:
        phones = [f"+86{number()}", f"+86{number()}"]
        first = await submit(harness, "channel-station", "王伯", phones[0])
        second = await submit(harness, "channel-hotline", "邻居", phones[1])
        await merge(harness, second, first)
        await wait_for(harness, phones[1], "与已登记的一件相同")

        await post(harness, "collector", f"/requests/{first}/vouch", SEEN)
        await decide(harness, f"/requests/{first}/approve")
        await wait_for(harness, phones[0], "正在为您寻找帮助")
        await promise_help(harness, first)
        for phone in phones:
            await wait_for(harness, phone, PROMISED)

        await decide(harness, f"/requests/{second}/unmerge")
        await wait_for(harness, phones[1], "已恢复单独办理")
        assert not any("恢复单独办理" in text for text in await read(harness, phones[0]))


async def submit(harness: NotifyHarness, channel: str, name: str, phone: str) -> str:
    body = {
        "kind": "wish",
        "category": "housing_repair",
        "beneficiary_class": "general",
        "channel": channel.removeprefix("channel-"),
        "area": {"town_code": TOWN},
        "need": {"unit": MONEY_UNIT, "quantity": FEN},
        "applicant": {"name": name, "phone": phone},
        "text": ROOF,
    }
    answer = await post(harness, channel, "/requests", body)
    assert answer["decision"] == "waiting_for_approval"
    return str(answer["request_id"])


async def decide(harness: NotifyHarness, path: str) -> None:
    await post(harness, "approver-city", path, {})


async def post(harness: NotifyHarness, who: str, path: str, body: Any = None) -> dict[str, Any]:
    headers = harness.authorize(who) | {"Idempotency-Key": uuid4().hex}
    answer = await harness.intake.http.post(path, json=body, headers=headers)
    assert answer.is_success, f"{path}: {answer.text}"
    return dict(answer.json())


async def merge(harness: NotifyHarness, request_id: str, other_id: str) -> None:
    """On the case's page, where what looks alike stands beside it."""
    browser = Browser(harness.intake.http)
    browser.http.headers.update(harness.authorize("approver-city"))
    case = await browser.get(f"/cases/{request_id}")
    assert f'value="{other_id}"' in case.text, "the other is suggested"
    merged = await browser.post(f"/cases/{request_id}/merge", other_id=other_id)
    assert merged.is_redirect, merged.text


async def promise_help(harness: NotifyHarness, request_id: str) -> None:
    """As matching does."""
    request = await mongo.load(harness.intake.runtime.database, Request, request_id)
    assert request is not None
    committed = MatchCommitted(
        request_id=request_id,
        offer_id="O-1",
        person_id=request.person_id,
        donor_id="P-donor",
        unit=MONEY_UNIT,
        quantity=FEN,
        fund_id="F-1",
    )
    await harness.publish(committed, f"M-{uuid4().hex[:20]}", "/matching")


async def read(harness: NotifyHarness, phone: str) -> list[str]:
    return [each["text"] for each in await harness.read_phone(phone)]


async def wait_for(harness: NotifyHarness, phone: str, words: str) -> None:
    await eventually(
        lambda: read(harness, phone), lambda texts: any(words in text for text in texts)
    )
