"""Signing in at a certified OpenID provider of a third party, which takes nothing on trust."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from shared.clock import system_now
from shared.security import Role
from tests.intake.organisation import CALLBACK, COOKIE, PUBLIC_URL, START, Person, start_intake
from tests.support.certified_provider import CertifiedProvider, open_certified_provider
from tests.support.stack_harness import StackHarness

SIGN_IN = "/sign-in"
AWAY, REFUSED = "单位的统一登录暂时没有回应", "单位的统一登录没有完成"


@pytest_asyncio.fixture(loop_scope="session")
async def provider(tmp_path: Path) -> AsyncIterator[CertifiedProvider]:
    callback, signed_out = PUBLIC_URL + CALLBACK, PUBLIC_URL + SIGN_IN
    async with open_certified_provider(tmp_path, callback, signed_out) as provider:
        yield provider


@pytest_asyncio.fixture(loop_scope="session")
async def person(stack: StackHarness, provider: CertifiedProvider, tmp_path: Path) -> Person:
    """He may collect by his groups there; the account that waits for him may approve too."""
    intake = await start_intake(stack, provider, tmp_path)
    stack.bearer("s-1", Role.APPROVER_TOWN, Role.COLLECTOR, holder="zhang")
    await provider.describe_person("zhang-3", groups=["collect"])
    return Person(intake.http, provider, "zhang-3")


async def take_invitation(stack: StackHarness, person: Person) -> httpx.Response:
    return await person.take_invitation(stack, "s-1", system_now())


async def test_rights_come_from_groups_and_the_way_out_ends_both_sessions(
    stack: StackHarness, provider: CertifiedProvider, person: Person
) -> None:
    async with provider.run():
        taken = await take_invitation(stack, person)
        assert (taken.status_code, taken.headers["location"]) == (303, "/home")
        home = (await person.get("/home")).text
        assert "收集人员" in home
        assert "镇街审批" not in home, "no group of his allows it"

        await provider.describe_person("zhang-3", groups=["approve-chashan"])
        await person.go()
        account = (await person.get("/account")).text
        assert "镇街审批" in account
        assert "收集人员" not in account

        used = person.http.cookies[COOKIE]
        out = await person.post("/sign-out")
        assert f"{START}/out" in (await person.get(out.headers["location"])).text
        there = (await person.get(f"{START}/out")).headers["location"]
        assert await provider.sign_out(there) == PUBLIC_URL + SIGN_IN
        person.http.cookies.set(COOKIE, used)
        home_again = await person.get("/home")
        assert home_again.headers["location"].startswith(SIGN_IN), "nor does a copy of it count"


async def test_a_provider_that_is_away_or_refuses_gets_a_clear_page(
    stack: StackHarness, provider: CertifiedProvider, person: Person
) -> None:
    check_page(await person.get(START), 503, AWAY)
    async with provider.run():
        await take_invitation(stack, person)
        led = await person.get(START)
        back = await provider.sign_in(led.headers["location"], "zhang-3")
    assert (await person.get("/home")).status_code == 200, "who is signed in works on"
    check_page(await person.get(back.removeprefix(PUBLIC_URL)), 503, AWAY)

    async with provider.run():
        led = await person.get(START)
        back = await provider.cancel(led.headers["location"])
        check_page(await person.get(back.removeprefix(PUBLIC_URL)), 401, REFUSED)


async def test_who_comes_after_its_keys_changed_signs_in(
    stack: StackHarness, provider: CertifiedProvider, person: Person
) -> None:
    async with provider.run():
        await take_invitation(stack, person)
    provider.change_key("k2")
    async with provider.run():
        assert (await person.go()).headers["location"] == "/home"


def check_page(answer: httpx.Response, status: int, words: str) -> None:
    """With a way to try again."""
    assert answer.status_code == status
    assert words in answer.text
    assert START in answer.text
