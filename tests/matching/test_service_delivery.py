"""Delivery on a real broker and database: the person's page, staff, and what intake says of it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.matching.model.labels import REOPEN_REASONS
from services.matching.model.match import Match
from services.matching.model.need import Need
from shared import mongo
from shared.contracts.events import ReplyUnderstood, RequestClosed, RequestReopened
from shared.persons_client import PersonsClient
from shared.security import Role
from tests.matching.decisions import person_id, request_id
from tests.matching.harness import MatchingHarness, start_matching
from tests.matching.stub_service import serve_answers
from tests.support.eventually import eventually
from tests.support.stack_harness import RunningService, StackHarness

BROWSER = {"Accept": "text/html"}
SEEN = {"evidence": "visit"}
LIFE = timedelta(days=30)
FIND_VOUCHED = PersonsClient.find_vouched
"""As it is: the tests of matching ask no intake otherwise."""


class DeliveryHarness(MatchingHarness):
    """An office with a collector and a partner, and a person who has a link."""

    def __init__(self, stack: StackHarness, running: RunningService) -> None:
        super().__init__(stack, running)
        self.collector = stack.bearer("collector", Role.COLLECTOR)
        self.same = stack.bearer("same", Role.COLLECTOR, holder="collector")
        self.approver = stack.bearer("approver", Role.APPROVER_VILLAGE)
        self.partner = stack.bearer("p", Role.DONOR_PARTNER, source="/partners/p")

    async def begin(self, **offer: Any) -> Match:
        """Two bags of rice, delivered."""
        await self.register_offer("a", unit="袋", item="大米", quantity=10, donor_id="P-a", **offer)
        match = await self.accept()
        await self.post(f"/matches/{match.id}/deliver", "deliver")
        return await self.wait_for_match(match.id, "delivered")

    async def accept(self, **request: Any) -> Match:
        """Two bags of rice, to be delivered."""
        await self.publish_requests("r", quantity=2, unit="袋", item="大米", **request)
        [match] = await self.wait_for_matches(1, "proposed")
        await self.post(f"/matches/{match.id}/accept", "accept")
        return await self.wait_for_match(match.id, "committed")

    async def link(self, match: Match) -> str:
        now = await self.runtime.processor.now()
        return self.stack.keyring.make_link("match.applicant", match.id, now + LIFE)

    async def asks(self, path: str, key: str, body: Any = None) -> httpx.Response:
        headers = self.collector | {"Idempotency-Key": key}
        return await self.http.post(path, json=body, headers=headers)

    async def need(self) -> Need:
        found = await mongo.load(self.database, Need, request_id("r"))
        assert found is not None
        return found


async def start_harness(stack: StackHarness, **given: Any) -> DeliveryHarness:
    return DeliveryHarness(stack, await start_matching(stack, **given))


async def test_person_says_on_his_page_that_it_did_not_arrive_then_that_it_did(
    stack: StackHarness,
) -> None:
    harness = await start_harness(stack)
    match = await harness.begin()
    token = await harness.link(match)
    assert "没有收到" in (await harness.http.get(f"/c/{token}")).text
    nobodys = {"reason": "张三家没有收到"}
    assert (await harness.http.post(f"/c/{token}/reopen", data=nobodys)).status_code == 422
    reopened = await harness.http.post(f"/c/{token}/reopen", headers=BROWSER)
    assert (reopened.status_code, "已落实" in reopened.text) == (200, True)
    assert (await harness.http.post(f"/c/{token}/confirm")).status_code == 409
    await harness.post(f"/matches/{match.id}/deliver", "again")
    assert (await harness.http.post(f"/c/{token}/reopen")).json()["state"] == "committed"
    await harness.post(f"/matches/{match.id}/deliver", "third")
    confirmed = await harness.http.post(f"/c/{token}/confirm")
    assert confirmed.json()["state"] == "confirmed"
    assert (await harness.wait_for_match(match.id, "confirmed")).deliveries == 3


async def test_person_rates_it_once_on_his_page(stack: StackHarness) -> None:
    harness = await start_harness(stack)
    match = await harness.begin()
    token = await harness.link(match)
    assert "评价" not in (await harness.http.get(f"/c/{token}")).text
    assert (await harness.http.post(f"/c/{token}/rate", json={"stars": 5})).status_code == 409
    await harness.http.post(f"/c/{token}/confirm")
    assert "评价" in (await harness.http.get(f"/c/{token}")).text
    assert (await harness.http.post(f"/c/{token}/rate", data={"stars": "6"})).status_code == 422
    rated = await harness.http.post(f"/c/{token}/rate", json={"stars": 5})
    assert rated.json()["stars"] == 5
    again = await harness.http.post(f"/c/{token}/rate", data={"stars": "1"})
    assert again.json()["problems"][0]["code"] == "match_rated"
    assert (await harness.asks(f"/matches/{match.id}/rate", "1", {"stars": 1})).status_code == 409
    assert "评价" not in (await harness.http.get(f"/c/{token}")).text


async def test_closed_request_reopens_and_another_donor_helps(stack: StackHarness) -> None:
    harness = await start_harness(stack)
    match = await harness.begin()
    await harness.asks(f"/matches/{match.id}/confirm", "confirm", SEEN)
    closed, reopened = RequestClosed(person_id="P-r"), RequestReopened(person_id="P-r")
    await stack.publish(stack.own("/intake", request_id("r"), 2, closed))
    await eventually(harness.need, lambda need: need.state == "closed")
    reply = ReplyUnderstood(person_id=person_id("r"), meaning="not_received", match_id=match.id)
    await stack.publish(stack.own("/intake", "reply-1", 1, reply))
    over = await harness.wait_for_match(match.id, "reopened")
    assert over.reason == "本人回复没有收到"
    await stack.publish(stack.own("/intake", request_id("r"), 3, reopened))
    [second] = await harness.wait_for_matches(1, "proposed")
    assert (second.request_id, second.quantity) == (match.request_id, 2)


async def test_window_of_reopening_is_a_setting(stack: StackHarness) -> None:
    harness = await start_harness(stack, reopen_days=0)
    match = await harness.begin()
    await harness.asks(f"/matches/{match.id}/confirm", "confirm", SEEN)
    late = await harness.asks(
        f"/matches/{match.id}/reopen", "reopen", {"reason": REOPEN_REASONS[0]}
    )
    assert late.json()["problems"][0]["code"] == "reopening_late"
    nobodys = await harness.asks(
        f"/matches/{match.id}/reopen", "free", {"reason": "张三家没有收到"}
    )
    assert nobodys.status_code == 422
    token = await harness.link(match)
    assert "没有收到" not in (await harness.http.get(f"/c/{token}")).text


async def test_lost_donor_is_given_up_by_staff_alone_and_replaced(stack: StackHarness) -> None:
    harness = await start_harness(stack)
    match = await harness.begin()
    path = f"/matches/{match.id}/give-up"
    refused = await harness.http.post(path, headers=harness.partner | {"Idempotency-Key": "1"})
    assert refused.status_code == 403
    assert (await harness.asks(path, "1")).json()["state"] == "released"
    await harness.register_offer("b", unit="袋", item="大米", quantity=5, donor_id="P-b")
    [second] = await harness.wait_for_matches(1, "proposed")
    assert second.donor_id == "P-b"


async def test_who_met_the_person_a_moment_ago_is_no_witness(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intake has decided it, and matching has not heard of it yet; or it was before matching kept
    who met a person."""
    harness = await start_harness(stack)
    match = await harness.begin()

    async def find_vouched(_: PersonsClient, ids: Collection[str], by: str) -> frozenset[str]:
        return frozenset(ids) if by == "approver" else frozenset()

    monkeypatch.setattr(PersonsClient, "find_vouched", find_vouched)
    path, who = f"/matches/{match.id}", harness.approver

    async def says(verb: str, body: Any) -> httpx.Response:
        headers = who | {"Idempotency-Key": verb}
        return await harness.http.post(f"{path}/{verb}", json=body, headers=headers)

    alone = await says("confirm", SEEN)
    assert (alone.status_code, alone.json()["problems"][0]["code"]) == (409, "confirmer_same")
    many = {"match_ids": [match.id], "witness": SEEN}
    headers = who | {"Idempotency-Key": "many"}
    batch = await harness.http.post("/matches/confirm", json=many, headers=headers)
    (row,) = batch.json()["answers"]
    assert (row["status"], row["problems"][0]["code"]) == (409, "confirmer_same")
    page = await harness.http.post(
        f"/matching/handover/{match.id}/confirm",
        data={"evidence": "visit", "note": "门口"},
        headers=who | {"Accept": "text/html"},
    )
    assert page.status_code == 409
    assert 'value="门口"' in page.text, "what was typed is kept"
    await harness.wait_for_match(match.id, "delivered")
    assert (await harness.asks(f"{path}/confirm", "other", SEEN)).json()["state"] == "confirmed"


@pytest.mark.parametrize(
    ("status", "answered"),
    [(503, (503, "delivered")), (404, (200, "confirmed"))],
    ids=["silent", "of the release before"],
)
async def test_an_intake_that_does_not_say_who_met_the_person(
    stack: StackHarness,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    answered: tuple[int, str],
) -> None:
    """Nobody of staff confirms while it is silent. In an update matching is new before intake is:
    what the events said decides alone then."""
    monkeypatch.setattr(PersonsClient, "find_vouched", FIND_VOUCHED)
    (stack.secrets_dir / "service.token").write_text("of-matching", encoding="utf-8")
    asked: list[str] = []

    def answer(path: str, _: Any) -> dict[str, Any]:
        asked.append(path)
        return {"problems": []}

    with serve_answers(answer, status) as intake_url:
        harness = await start_harness(stack, intake_url=intake_url)
        await harness.register_offer("a", unit="袋", item="大米", quantity=10, donor_id="P-a")
        match = await harness.accept(vouched_by=["approver"])
        await harness.post(f"/matches/{match.id}/deliver", "deliver")
        path, headers = f"/matches/{match.id}/confirm", {"Idempotency-Key": "1"}
        known = await harness.http.post(path, json=SEEN, headers=harness.approver | headers)
        assert known.status_code == (409 if status == 404 else 503), "whom the event named"
        said = await harness.asks(path, "2", SEEN)
        await harness.wait_for_match(match.id, answered[1])
        assert said.status_code == answered[0]
    assert asked.count("/internal/vouched") == 2


async def test_one_collector_does_not_pay_a_person_who_does_not_exist(stack: StackHarness) -> None:
    """He recorded and delivers it: another says that it arrived, with what he saw."""
    harness = await start_harness(stack)
    await harness.register_offer("a", unit="袋", item="大米", quantity=10, donor_id="P-a")
    match = await harness.accept(vouched_by=["collector"])
    path = f"/matches/{match.id}"

    async def says(verb: str, who: dict[str, str], key: str, body: Any = None) -> httpx.Response:
        headers = who | {"Idempotency-Key": f"{verb}-{key}"}
        return await harness.http.post(f"{path}/{verb}", json=body, headers=headers)

    assert (await says("deliver", harness.collector, "1")).status_code == 200
    for key, who in enumerate((harness.collector, harness.same)):
        alone = await says("confirm", who, f"{key}", SEEN)
        assert alone.json()["problems"][0]["code"] == "confirmer_same"
        assert "另一位工作人员" in alone.json()["problems"][0]["zh"]
    assert (await says("confirm", harness.operator, "op", SEEN)).status_code == 403
    blind = await says("confirm", harness.approver, "blind")
    assert (blind.status_code, blind.json()["problems"][0]["code"]) == (422, "evidence_missing")
    numbered = {"evidence": "photo", "note": "电话 13800138000"}
    assert (await says("confirm", harness.approver, "numbered", numbered)).status_code == 422
    saw = {"evidence": "photo", "note": "大米在厨房"}
    assert (await says("confirm", harness.approver, "saw", saw)).json()["state"] == "confirmed"
    for key, who in enumerate((harness.collector, harness.same)):
        rated = await says("rate", who, f"{key}", {"stars": 5})
        assert rated.json()["problems"][0]["code"] == "rater_same"
    seen = (await harness.http.get(path, headers=harness.approver)).json()
    assert (seen["confirmed_by"], seen["evidence_zh"]) == ("approver", "现场照片")
    topic = [e for e in await stack.read("guanjia.matches") if e["subject"] == match.id]
    assert [e["data"]["evidence"] for e in topic if "confirmed" in e["type"]] == ["photo"]
    assert "厨房" not in str(topic)
