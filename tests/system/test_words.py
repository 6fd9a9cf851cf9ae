"""A donor on the phone: the code goes to his own phone, and staff act with it once, on the log."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio

from services.matching.model.match import Match
from services.matching.settings import MatchingSettings
from shared import mongo
from shared.contracts import topics
from shared.security import Role
from tests.matching.decisions import make_opened, request_id
from tests.notify.harness import NotifyHarness, open_harness
from tests.support.eventually import eventually
from tests.support.services import CREATE
from tests.support.stack_harness import RunningService, StackHarness

Headers = dict[str, str]
DONOR, NAMED_BY_PARTNER, NEW_PHONE = "13800003000", "13800004000", "13800005000"
ID_NUMBER = "11010519491231002X"


@dataclass
class WordHarness:
    """Notify, intake and the phones, with a matching; somebody of support and other callers."""

    notify: NotifyHarness
    matching: RunningService
    support: Headers
    own_field: Headers
    collector: Headers
    partner: Headers
    auditor: Headers

    async def post(self, path: str, body: Any, who: Headers, at: Any = None) -> httpx.Response:
        headers = who | {"Idempotency-Key": uuid4().hex}
        http: httpx.AsyncClient = (at or self.matching).http
        return await http.post(path, json=body, headers=headers)

    async def register(self, phone: str, who: Headers, **more: str) -> str:
        party = {"name": "王茶山", "phone": f"+86{phone}", **more}
        answer = await self.post("/parties", party, who, self.notify.intake)
        return str(answer.json()["person_id"])

    async def propose(self, name: str, donor_id: str, who: Headers) -> Match:
        """A need and an offer that fits it, until they are proposed to the donor."""
        opened = make_opened(name, 5, unit="袋", item=name)
        await self.notify.publish(opened, request_id(name))
        offer = {"donor_id": donor_id, "unit": "袋", "item": name, "quantity": 5, "mode": "push"}
        offer |= {"name_shown": True, "donor_kind": "enterprise"}
        offered = await self.post("/offers", offer, who)
        assert offered.status_code == 201, offered.text
        query = {"request_id": request_id(name)}
        matches = await eventually(
            lambda: mongo.find(self.matching.runtime.database, Match, query), bool
        )
        return matches[0]

    async def ask(self, match: Match, act: str = "accept") -> str:
        asked = await self.post(f"/matches/{match.id}/words", {"act": act}, self.support)
        assert asked.status_code == 202, asked.text
        assert "code" not in asked.json()
        return str(asked.json()["word_id"])

    async def say(self, match: Match, word_id: str, code: str) -> httpx.Response:
        return await self.post(f"/matches/{match.id}/words/{word_id}", {"code": code}, self.support)

    async def read_code(self, phone: str) -> str:
        """As the donor reads it."""

        async def find() -> list[str]:
            texts = [str(m) for m in await self.notify.read_phone(f"+86{phone}")]
            return [code for text in texts for code in re.findall(r"验证码(\d{6})", text)]

        return (await eventually(find, bool))[-1]

    async def read_notice(self, word_id: str) -> dict[str, Any]:
        async def find() -> dict[str, Any]:
            path = f"/words/{word_id}/notice"
            return dict((await self.notify.notify.http.get(path, headers=self.support)).json())

        ended = ("sent", "delivered", "failed")
        return await eventually(find, lambda notice: notice.get("state") in ended)


@pytest_asyncio.fixture(loop_scope="session")
async def harness(stack: StackHarness) -> AsyncIterator[WordHarness]:
    async with open_harness(stack) as notify:
        create, _ = CREATE["matching"]
        intake_url = notify.settings.intake_url
        settings = stack.settings(MatchingSettings, round_interval_ms=20, intake_url=intake_url)
        matching = await stack.start_app(create(settings))
        yield WordHarness(
            notify,
            matching,
            stack.bearer("chen", Role.SUPPORT, holder="staff-chen"),
            stack.bearer("chen-field", Role.COLLECTOR, holder="staff-chen"),
            stack.bearer("wu", Role.COLLECTOR),
            stack.bearer("two", Role.DONOR_PARTNER, source="/partners/two"),
            stack.bearer("audit-1", Role.AUDITOR),
        )


def get_problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["problems"][0]["code"]


async def test_support_acts_with_the_donors_code_alone(harness: WordHarness) -> None:
    donor_id = await harness.register(DONOR, harness.collector, id_number=ID_NUMBER)
    first = await harness.propose("大米", donor_id, harness.collector)
    second = await harness.propose("棉被", donor_id, harness.collector)
    word_id = await harness.ask(first)
    code = await harness.read_code(DONOR)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert get_problem(await harness.say(first, word_id, wrong)) == (409, "word_code_wrong")
    assert get_problem(await harness.say(second, word_id, code)) == (404, "word_unknown")
    accepted = await harness.say(first, word_id, code)
    assert (accepted.status_code, accepted.json()["state"]) == (200, "committed")
    assert get_problem(await harness.say(first, word_id, code)) == (409, "word_used")
    assert (await harness.read_notice(word_id))["state"] in ("sent", "delivered")
    await check_log(harness, word_id, donor_id)
    await check_explanation(harness, second, donor_id)
    await check_code_is_nowhere(harness, code)
    await check_claim(harness, donor_id)
    await check_phones_of_others(harness, second, donor_id)
    # Nobody else has the way, and support has no other.
    by_donor = await harness.post(f"/matches/{second.id}/accept", None, harness.support)
    by_collector = await harness.post(
        f"/matches/{second.id}/words", {"act": "accept"}, harness.collector
    )
    assert (by_donor.status_code, by_collector.status_code) == (403, 403)


async def check_claim(harness: WordHarness, donor_id: str) -> None:
    """He takes an open request from an offer that waits for nothing else."""
    await harness.notify.publish(make_opened("书包", 2, unit="个", item="书包"), request_id("书包"))
    offer = {"donor_id": donor_id, "unit": "个", "item": "书包", "quantity": 2, "mode": "claim"}
    offered = await harness.post("/offers", offer, harness.collector)
    path = f"/offers/{offered.json()['offer_id']}/words"
    wanted = {"request_id": request_id("书包"), "quantity": 2}
    asked = await eventually(
        lambda: harness.post(path, wanted, harness.support),
        lambda answer: answer.status_code == 202,
    )
    word_id = asked.json()["word_id"]
    assert (await harness.read_notice(word_id))["state"] in ("sent", "delivered")
    assert "认领石碣镇求助2个" in str(await harness.notify.read_phone(f"+86{DONOR}"))
    said = {"code": await harness.read_code(DONOR)}
    claimed = await harness.post(f"{path}/{word_id}", said, harness.support)
    assert (claimed.status_code, claimed.json()["state"]) == (201, "committed")


async def check_phones_of_others(harness: WordHarness, second: Match, donor_id: str) -> None:
    """Support has another credential with which he names phones; a partner names his own."""
    assert await harness.register(NEW_PHONE, harness.own_field, id_number=ID_NUMBER) == donor_id
    invented = await harness.register(NEW_PHONE, harness.own_field)
    named = await harness.register(NAMED_BY_PARTNER, harness.partner)
    asked = (
        second,
        await harness.propose("药箱", invented, harness.own_field),
        await harness.propose("轮椅", named, harness.partner),
    )
    for match in asked:
        notice = await harness.read_notice(await harness.ask(match))
        assert (notice["state"], notice["code"]) == ("failed", "contact_unproven")
    for phone in (NEW_PHONE, NAMED_BY_PARTNER):
        assert "验证码" not in str(await harness.notify.read_phone(f"+86{phone}"))


async def check_log(harness: WordHarness, word_id: str, donor_id: str) -> None:
    """Events, the words' register and the vault's log say who did it and why."""
    events = await harness.notify.stack.read(topics.MATCHES)
    [accepted] = [e["data"] for e in events if e["type"] == "guanjia.match.accepted.v1"]
    assert (accepted["on_word"], accepted["said_to"]) == (word_id, "staff-chen")
    words = (await harness.matching.http.get("/words", headers=harness.auditor)).json()["words"]
    assert [(w["word_id"], w["asked_by"], w["wrong_codes"]) for w in words] == [
        (word_id, "staff-chen", 1)
    ]
    looks = await harness.notify.intake.http.get(
        f"/vault-access?person_id={donor_id}", headers=harness.auditor
    )
    seen = {(look["purpose"], look["for_whom"]) for look in looks.json()["looks"]}
    assert ("spoken_word", "staff-chen") in seen


async def check_explanation(harness: WordHarness, match: Match, donor_id: str) -> None:
    """Who works on the request reads the name that the donor allows; the vault logs it."""
    path = f"/matches/{match.id}/explanation"
    texts = {}
    for reader in (harness.collector, harness.auditor, harness.support):
        answer = (await harness.matching.http.get(path, headers=reader)).json()
        texts[reader["Authorization"]] = " ".join(answer["text"])
    of_collector, *of_others = texts.values()
    assert "由 王茶山" in of_collector
    assert all("由 爱心企业 " in text and "王茶山" not in text for text in of_others)
    path = f"/vault-access?person_id={donor_id}"
    looks = (await harness.notify.intake.http.get(path, headers=harness.auditor)).json()["looks"]
    named = [look["for_whom"] for look in looks if look["purpose"] == "donor_name_explained"]
    assert named == ["wu"]


async def check_code_is_nowhere(harness: WordHarness, code: str) -> None:
    for running in (harness.matching, harness.notify.notify):
        database = running.runtime.database
        for name in await database.list_collection_names():
            rows = await database[name].find().to_list(None)
            assert not [row for row in rows if code in str(row)], name
