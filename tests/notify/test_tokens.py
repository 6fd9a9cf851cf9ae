"""All instances send with one token of WeChat's: one fetches it, and the others wait for no one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.simulators.main import run_simulators
from deploy.simulators.settings import SimulatorSettings
from services.notify.providers import WeChatTemplate
from services.notify.token_sharing import SharedToken
from services.notify.tokens import LeaseToken, StoreToken, WeChatToken
from shared.errors import Transient
from shared.http import HttpClient, open_http_client
from shared.messaging.decision import Answer, Command, Ref
from shared.security import Keyring, create_root_key
from tests.notify.decisions import DecisionHarness
from tests.notify.test_providers_wechat import SETTINGS, TEMPLATES, count_calls, notice

APPID = SETTINGS.wechat_appid


def lease(harness: DecisionHarness, holder: str, rejected: str = "") -> int:
    answer = harness.execute(LeaseToken(appid=APPID, holder=holder, rejected=rejected))
    assert answer is not None
    return answer.status


def store(harness: DecisionHarness, holder: str, digest: str) -> None:
    ends_at = harness.now + timedelta(seconds=7200)
    data = StoreToken(appid=APPID, holder=holder, sealed="c2VhbGVk", digest=digest, ends_at=ends_at)
    harness.execute(data)


def find_digest(harness: DecisionHarness) -> str:
    return str(harness.states[Ref(WeChatToken, APPID)].digest)


def test_one_fetches_while_the_others_wait_and_then_all_have_it() -> None:
    harness = DecisionHarness()
    assert [lease(harness, holder) for holder in ("a", "b", "c")] == [201, 409, 409]
    store(harness, "b", "not his to store")
    assert find_digest(harness) == ""
    store(harness, "a", "T1")
    assert [lease(harness, holder) for holder in ("a", "b", "c")] == [200, 200, 200]


def test_one_that_dies_while_it_fetches_holds_up_nobody_for_long() -> None:
    harness = DecisionHarness()
    assert lease(harness, "a") == 201
    harness.pass_time(14)
    assert lease(harness, "b") == 409
    harness.pass_time(2)
    assert lease(harness, "b") == 201
    store(harness, "a", "of the dead")
    assert find_digest(harness) == ""


def test_near_its_end_one_renews_it_and_the_others_use_the_old_one() -> None:
    harness = DecisionHarness()
    lease(harness, "a")
    store(harness, "a", "T1")
    harness.pass_time(7200 - 241)
    assert lease(harness, "a") == 200
    harness.pass_time(2)
    assert [lease(harness, holder) for holder in ("b", "a", "c")] == [201, 200, 200]
    store(harness, "b", "T2")
    assert (lease(harness, "a"), find_digest(harness)) == (200, "T2")


def test_what_wechat_rejects_is_fetched_anew_once_for_all() -> None:
    harness = DecisionHarness()
    lease(harness, "a")
    store(harness, "a", "T1")
    assert lease(harness, "b", rejected="T1") == 201
    assert lease(harness, "c", rejected="T1") == 409
    store(harness, "b", "T2")
    assert lease(harness, "c", rejected="T1") == 200


def test_who_gets_no_token_lets_another_try() -> None:
    harness = DecisionHarness()
    assert lease(harness, "a") == 201
    harness.execute(StoreToken(appid=APPID, holder="a"))
    assert lease(harness, "b") == 201


# --- over the wire --------------------------------------------------------------------------------


@dataclass
class Database:
    """Where all instances decide. is_away: none of them reaches it."""

    harness: DecisionHarness = field(default_factory=DecisionHarness)
    is_away: bool = False

    async def execute(self, command: Command[Any]) -> Answer:
        await asyncio.sleep(0)
        if self.is_away:
            raise Transient("away")
        return self.harness.execute(command.data) or Answer(204, {})


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with run_simulators(replace(SETTINGS)) as base:
        yield base


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_http_client(trust_env=False) as client:
        yield client


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    create_root_key(tmp_path)
    return Keyring(tmp_path)


def make_instance(
    http: HttpClient, url: str, keyring: Keyring, database: Database
) -> WeChatTemplate:
    token = SharedToken(APPID, keyring, lambda: database.harness.now)
    token.open(database)
    settings: SimulatorSettings = SETTINGS
    return WeChatTemplate(http, url, APPID, settings.wechat_secret, TEMPLATES, tokens=token)


async def send_by_each(instances: list[WeChatTemplate], run: str) -> list[str]:
    people = [notice(f"oPerson_{run}{n:04d}") for n, _ in enumerate(instances)]
    pairs = zip(instances, people, strict=True)
    return [each.kind for each in await asyncio.gather(*(i.send(p) for i, p in pairs))]


async def test_four_instances_fetch_one_token_and_it_lies_sealed(
    http: HttpClient, url: str, keyring: Keyring
) -> None:
    database = Database()
    instances = [make_instance(http, url, keyring, database) for _ in range(4)]
    assert await send_by_each(instances, "a") == ["sent"] * 4
    assert (await count_calls(url))["wechat_token_calls"] == 1
    stored = database.harness.states[Ref(WeChatToken, APPID)]
    assert await instances[0].token.get() not in stored.model_dump_json()
    later = make_instance(http, url, keyring, database)
    assert await send_by_each([later], "b") == ["sent"]
    assert (await count_calls(url))["wechat_token_calls"] == 1


async def test_a_token_that_dies_is_fetched_again_by_one(
    http: HttpClient, url: str, keyring: Keyring
) -> None:
    database = Database()
    instances = [make_instance(http, url, keyring, database) for _ in range(4)]
    await send_by_each(instances, "a")
    await http.post(f"{url}/simulator/wechat/expire-tokens", b"", headers={}, timeout_s=5)
    assert await send_by_each(instances, "b") == ["sent"] * 4
    assert (await count_calls(url))["wechat_token_calls"] == 2


async def test_while_the_database_is_away_each_asks_wechat_itself(
    http: HttpClient, url: str, keyring: Keyring
) -> None:
    instances = [make_instance(http, url, keyring, Database(is_away=True)) for _ in range(2)]
    assert await send_by_each(instances, "a") == ["sent"] * 2
    assert (await count_calls(url))["wechat_token_calls"] == 2
