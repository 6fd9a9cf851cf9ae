"""One page for all that waits for a donor, and what its buttons do."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.matching.model.donor_digest import DonorDigest, ReplyCode
from services.matching.model.labels import DECLINE_REASONS
from services.matching.model.match import Match, Propose
from services.matching.pages import giving
from services.matching.pages.proposals import ANSWER_BYTES_MAX
from services.matching.year_summaries import summarize_year
from shared import mongo
from shared.contracts.events import DonorReplied, PersonLinksRevoked
from shared.contracts.links import PROPOSALS
from shared.giving_client import FundUse, Gift, Giving
from shared.messaging.decision import Command
from shared.security.spoken_codes import derive_code
from shared.spoken_words import SpokenWord
from shared.web.admission import READS_MAX
from tests.matching.decisions import NO_CAPACITY, request_id
from tests.matching.harness import MatchingHarness, start_matching
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

RICE = {"unit": "袋", "item": "大米"}
OTHER = DECLINE_REASONS[-1]
NAMES = [f"r{number}" for number in range(5)]


JSON = {"Content-Type": "application/json"}
BODIES = (
    (b"[" * 9000, 422, "json_invalid"),
    (b'{"act":' + b"[" * 4000, 422, "json_invalid"),
    (b"act=accept&match=" + b"x" * ANSWER_BYTES_MAX, 413, "body_too_large"),
)
FLOOD = 30


async def check_flood(harness: MatchingHarness, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are answered, but no more run at a time than of a credential's."""
    running, peak = 0, 0
    load_year = giving._load_year

    async def count(*arguments: Any) -> Any:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        try:
            return await load_year(*arguments)
        finally:
            running -= 1

    monkeypatch.setattr(giving, "_load_year", count)
    sheets = await asyncio.gather(*(harness.http.get(path) for _ in range(FLOOD)))
    assert {sheet.status_code for sheet in sheets} == {200}
    assert 0 < peak <= READS_MAX


HTML = {"Accept": "text/html"}
GIFT_ENTRY = "/ledger/2026/entries/3"
PHONE = "13800138000"
PAUSE_S = 0.2


def find_field(page: httpx.Response, name: str) -> str:
    value = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert value is not None, name
    return value[1]


async def sign_in(harness: MatchingHarness, donor_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the code that only his phone gets; what another site sends in his name is refused."""
    owners: list[str] = []

    async def find_owners(_phone: str) -> list[str]:
        return owners

    monkeypatch.setattr(harness.runtime.resources.persons, "find_phone_owners", find_owners)
    http = harness.http
    signed_out = await http.get("/giver/giving", headers=HTML)
    assert signed_out.headers["location"] == "/giver/sign-in"
    for file in ("giving.xlsx", "giving.pdf", "certificate.pdf"):
        assert (await http.get(f"/giver/{file}")).status_code == 401
    form = {"form_token": find_field(await http.get("/giver/sign-in"), "form_token")}
    unknown = await http.post("/giver/sign-in", data=form | {"phone": PHONE})
    owners.append(donor_id)
    asked = await http.post("/giver/sign-in", data=form | {"phone": PHONE})
    assert asked.text.replace(find_field(asked, "ticket"), "") == unknown.text.replace(
        find_field(unknown, "ticket"), ""
    )

    async def find_words() -> list[SpokenWord]:
        return await mongo.find(harness.database, SpokenWord, {"act": "sign_in"})

    [word] = await eventually(find_words, bool)
    code = derive_code(harness.runtime.keyring, word.id)
    entry = form | {"phone": PHONE, "ticket": find_field(asked, "ticket"), "code": code}
    another = entry | {"ticket": find_field(unknown, "ticket")}
    wrong = entry | {"code": "000000" if code != "000000" else "111111"}
    fullwidth, stranger = entry | {"code": "１２３４５６"}, entry | {"phone": "13900139000"}
    for refused in (another, wrong, fullwidth, stranger):
        owners[:] = [] if refused is stranger else [donor_id]
        began = time.monotonic()
        assert (await http.post("/giver/sign-in/code", data=refused)).status_code == 422
        assert time.monotonic() - began >= PAUSE_S, "what it takes says nothing of a phone"
    owners.append(donor_id)
    done = await http.post("/giver/sign-in/code", data=entry)
    assert (done.status_code, done.headers["location"]) == (303, "/giver/giving")
    assert (await http.post("/giver/sign-in/code", data=entry)).status_code == 422, "once"
    overview = await http.get("/giver/giving", headers=HTML)
    assert "在所有设备上退出" in overview.text
    foreign = await http.post("/giver/consent/end", headers=HTML)
    assert foreign.status_code == 422
    token = find_field(overview, "form_token")
    own = await http.post("/giver/consent/end", data={"form_token": token})
    assert own.status_code == 200
    cookies = dict(http.cookies)
    out = await http.post("/giver/sign-out", data={"form_token": token}, headers=HTML)
    assert out.headers["location"] == "/giver/sign-in"
    stolen = await http.get("/giver/giving", headers={"Cookie": format_cookies(cookies)})
    assert stolen.status_code == 401, "what was copied from before ends too"


def format_cookies(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def check_preference(
    harness: MatchingHarness, path: str, donor_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What he chooses goes to intake under his own id, and nothing else does."""
    unreachable = await harness.http.get(f"{path}/notices", headers=HTML)
    assert (unreachable.status_code, "请过几分钟再试" in unreachable.text) == (503, True)
    wishes: list[tuple[str, str | None, str]] = []

    async def set_preference(person_id: str, channel: str | None, language: str) -> None:
        wishes.append((person_id, channel, language))

    with monkeypatch.context() as patch:
        patch.setattr(harness.runtime.resources.persons, "set_preference", set_preference)
        form = {"channel": "sms", "language": "en", "person_id": "P-other"}
        saved = await harness.http.post(f"{path}/notices", data=form, headers=HTML)
        assert "以后按您的选择通知您" in saved.text
        for wrong in ({"channel": "pigeon"}, {"language": "fr"}, {"language": ""}):
            refused = await harness.http.post(f"{path}/notices", data=form | wrong)
            assert refused.status_code == 422
    assert wishes == [(donor_id, "sms", "en")]


async def check_year_summary(harness: MatchingHarness, donor_id: str) -> None:
    """What was confirmed in the year before is told once; other years and donors are not."""
    last = {"state": "confirmed", "confirmed_at": datetime(2025, 6, 1, tzinfo=UTC)}
    change = {"$set": last, "$inc": {"_version": 1}}
    await harness.database[Match.COLLECTION].update_many({"donor_id": donor_id}, change)
    assert not await summarize_year(harness.runtime, 2024)
    for _ in range(2):
        assert not await summarize_year(harness.runtime, 2025)
    digests = await mongo.find(harness.database, DonorDigest, {"summarized_year": 2025})
    assert [each.id for each in digests] == [donor_id]


async def check_standing_consent(harness: MatchingHarness, path: str, offer: str) -> None:
    """He gives it by a form, it says yes once, and he ends it."""
    html = {"Accept": "text/html"}
    form = {"month_cases": "1", "months": "6", "category": "meals", "understood": "yes"}
    wrong = await harness.http.post(f"{path}/consent", data=form | {"months": "99"}, headers=html)
    assert (wrong.status_code, "请从所列的选项中选择" in wrong.text) == (422, True)
    given = await harness.http.post(f"{path}/consent", data=form, headers=html)
    assert given.status_code == 303
    form["category"] = "supplies"
    assert (await harness.http.post(f"{path}/consent", data=form)).json() == {"is_on": True}
    await harness.publish_requests("s1", "s2", quantity=1, **RICE)
    await harness.wait_for_needs("s1", "s2")
    for name, expected in (("s1", "committed"), ("s2", "proposed")):
        data = Propose(
            request_id=request_id(name), offer_id=offer, number=1, quantity=1, lifetime_s=3600
        )
        answer = await harness.runtime.processor.execute(Command(data))
        assert (answer.status, answer.body["state"]) == (201, expected)
    page = await harness.http.get(f"{path}/consent", headers=html)
    assert "按常设同意已同意的" in page.text
    assert "1 项，还可同意 0 项" in page.text
    assert (await harness.http.post(f"{path}/consent/end")).json() == {"is_on": False}


async def test_a_donor_answers_all_of_his_proposals_on_one_page(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He reads nothing of anybody, declines one with a reason, accepts one and then all others;
    what another donor was asked is not his to answer, and that one answers by SMS."""
    running = await start_matching(
        stack,
        proposes=False,
        donor_digest_wait_s=0.05,
        refusal_pause_s=PAUSE_S,
    )
    harness = MatchingHarness(stack, running)
    offer = await harness.register_offer("a", quantity=10, mode="both", **RICE)
    other = await harness.register_offer("b", quantity=10, donor_id="P-other", **RICE)
    await harness.publish_requests(*NAMES, quantity=2, **RICE)
    await harness.wait_for_needs(*NAMES)
    for name in NAMES:
        chosen = other if name == NAMES[-1] else offer
        await running.runtime.processor.execute(
            Command(
                Propose(
                    request_id=request_id(name),
                    offer_id=chosen,
                    number=1,
                    quantity=2,
                    lifetime_s=3600,
                )
            )
        )
    matches = await harness.wait_for_matches(len(NAMES), "proposed")
    [foreign] = [match for match in matches if match.offer_id == other]
    own = [match for match in matches if match.offer_id == offer]
    donor_id = own[0].donor_id

    async def load_digest() -> DonorDigest | None:
        return await mongo.load(harness.database, DonorDigest, donor_id)

    await eventually(load_digest, lambda each: each is not None and each.told_at is not None)

    now = await running.runtime.processor.now()
    token = stack.keyring.make_link(
        PROPOSALS.purpose, donor_id, now + timedelta(days=1), made_at=now, holder=donor_id
    )
    path = PROPOSALS.path(token)
    page = await harness.http.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "全部接受（4 项）" in page.text
    assert not any(match.person_id in page.text for match in matches)

    async def answer(**fields: object) -> dict[str, object]:
        reply = await harness.http.post(f"{path}/answer", json=fields)
        return {"status": reply.status_code, **reply.json()}

    empty = await answer(act="accept")
    assert empty["status"] == 422
    unsaid = await answer(act="decline", match=[own[0].id])
    assert unsaid["status"] == 422
    for body, expected, problem in BODIES:
        refused = await harness.http.post(f"{path}/answer", content=body, headers=JSON)
        assert (refused.status_code, refused.json()["problems"][0]["code"]) == (expected, problem)
    declined = await answer(act="decline", match=[own[0].id, foreign.id], reason=NO_CAPACITY)
    assert declined["done"] == [own[0].id]
    accepted = await answer(act="accept", match=[own[1].id])
    assert accepted["done"] == [own[1].id]
    form = {"act": "accept_all", "seen": [match.id for match in own]}
    rest = await harness.http.post(f"{path}/answer", data=form, headers={"Accept": "text/html"})
    assert "已接受 3 项" in rest.text
    assert "有 1 项没有办成" in rest.text
    again = await answer(act="accept", match=[match.id for match in own[1:]])
    assert len(again["done"]) == 3  # type: ignore[arg-type]
    assert (await harness.wait_for_match(foreign.id, "proposed")).state == "proposed"

    await check_standing_consent(harness, path, offer)
    overview = await harness.http.get(f"{path}/giving")
    assert "账本暂时读不到" in overview.text, "audit does not run here"

    async def fetch(_donor_id: str, _year: int, match_ids: list[str]) -> Giving:
        entries = {match_ids[0]: "/ledger/2026/entries/12"}
        gift = Gift(
            "2026-03-02", "茶园基金", "fen", "", 1_200, 0, False, GIFT_ENTRY, "/log/2026/proof/3"
        )
        return Giving((gift,), (FundUse("茶园基金", 1_200, 700, 500),), entries)

    with monkeypatch.context() as patch:
        patch.setattr(harness.runtime.resources.giving, "fetch", fetch)
        led = (await harness.http.get(f"{path}/giving")).text
    for public in (GIFT_ENTRY, "/log/2026/proof/3", "/ledger/2026/entries/12"):
        assert f'href="{public}"' in led
    # What is under his own link dies with it; what else stands here is open to everybody.
    hrefs = re.findall(r'href="(/[^"?]*)', led)
    others = {"/", "/language/en"}
    private = [href for href in hrefs if href not in others]
    assert all(href.startswith((path, "/ledger", "/log/", "/static/")) for href in private), hrefs
    assert "正在办理" in overview.text
    assert not any(match.person_id in overview.text for match in matches)
    report = await harness.http.get(f"{path}/giving.pdf")
    assert report.headers["content-type"] == "application/pdf"
    assert report.headers["cache-control"] == "no-store"
    assert report.content.startswith(b"%PDF")
    nothing_yet = await harness.http.get(f"{path}/certificate.pdf")
    assert "暂不能出具证书" in nothing_yet.text
    await check_flood(harness, f"{path}/giving.xlsx", monkeypatch)
    assert "捐赠证书" in (await harness.http.get(f"{path}/certificate")).text

    [code] = await mongo.find(harness.database, ReplyCode, {"donor_id": foreign.donor_id})
    said = DonorReplied(person_ids=(foreign.donor_id,), verdict="decline", code=code.id)
    await stack.publish(stack.own("/intake", "Y-1", 1, said))
    assert (await harness.wait_for_match(foreign.id, "declined")).reason == OTHER

    await check_preference(harness, path, donor_id, monkeypatch)
    await check_year_summary(harness, donor_id)
    await sign_in(harness, donor_id, monkeypatch)
    await stack.publish(stack.own("/intake", donor_id, 1, PersonLinksRevoked()))

    async def status() -> int:
        return (await harness.http.get(path)).status_code

    await eventually(status, lambda code: code == 401)
    ended = await harness.http.get("/giver/giving", headers=HTML)
    assert (ended.status_code, ended.headers["location"]) == (303, "/giver/sign-in")
