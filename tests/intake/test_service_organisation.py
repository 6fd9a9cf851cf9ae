"""Signing in with the organisation's own account, at an OpenID provider on loopback."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest_asyncio

from shared.security import Role
from tests.intake.organisation import CALLBACK, COOKIE, PUBLIC_URL, START, Person, start_intake
from tests.support.browser import Browser
from tests.support.openid_provider import OpenIdProvider, open_provider
from tests.support.services import start
from tests.support.stack_harness import RunningService, StackHarness

ERRAND = "guanjia-errand"


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[OpenIdProvider]:
    async with open_provider(PUBLIC_URL + CALLBACK) as provider:
        yield provider


@pytest_asyncio.fixture(loop_scope="session")
async def intake(
    stack: StackHarness, provider: OpenIdProvider, tmp_path: Path
) -> AsyncIterator[RunningService]:
    yield await start_intake(stack, provider, tmp_path)


async def test_from_invitation_to_sign_out_and_what_claims_allow(
    stack: StackHarness, intake: RunningService, provider: OpenIdProvider
) -> None:
    stack.bearer("s-1", Role.APPROVER_TOWN, Role.COLLECTOR, holder="zhang")
    person = Person(intake.http, provider, "zhang-3")
    now = await intake.runtime.processor.now()
    await provider.describe_person("zhang-3", groups=["collect"], email="zhang@town.example")
    assert START in (await person.get("/sign-in")).text

    taken = await person.take_invitation(stack, "s-1", now)
    assert (taken.status_code, taken.headers["location"]) == (303, "/home")
    home = (await person.get("/home")).text
    assert "收集人员" in home
    assert "镇街审批" not in home, "the register allows it, the claims do not"
    first = person.http.cookies[COOKIE]

    await provider.describe_person("zhang-3", groups=["approve-chashan"])
    again = await person.go(f"{START}?next=/account")
    assert again.headers["location"] == "/account"
    assert person.http.cookies[COOKIE] != first
    account = (await person.get("/account")).text
    assert "镇街审批" in account
    assert "茶山镇" in account, "the whole city by the register, a town by the claims"
    assert "收集人员" not in account
    elsewhere = await person.go(f"{START}?next=https://elsewhere.example/")
    assert elsewhere.headers["location"] == "/home"

    await person.get("/home")
    out = await person.post("/sign-out")
    assert f"{START}/out" in (await person.get(out.headers["location"])).text
    there = (await person.get(f"{START}/out")).headers["location"]
    assert there.startswith(f"{provider.url}/oauth2/end_session?")
    assert parse_qs(urlsplit(there).query)["post_logout_redirect_uri"] == [f"{PUBLIC_URL}/sign-in"]
    actions = (await intake.http.get("/actions", headers=stack.bearer("s-9", Role.AUDITOR))).json()
    signed_in = [row for row in actions["actions"] if row["route"] == "POST /sign-in"]
    assert [row["who"] for row in signed_in] == ["zhang"] * 3


async def test_nobody_becomes_somebody_by_a_name_a_link_or_a_cookie(
    stack: StackHarness, intake: RunningService, provider: OpenIdProvider
) -> None:
    """A colleague with an account at the provider and an invitation tries another's."""
    for id_ in ("s-1", "s-thief"):
        stack.bearer(id_, Role.COLLECTOR)
    now = await intake.runtime.processor.now()
    victim = Person(intake.http, provider, "zhang-3")
    thief = Person(intake.http, provider, "li-4")
    same = {"groups": ["collect"], "email": "zhang@town.example", "preferred_username": "s-1"}
    for subject in ("zhang-3", "li-4"):
        await provider.describe_person(subject, **same)
    await victim.take_invitation(stack, "s-1", now)
    await check_strangers(thief)
    await check_addresses(intake, victim, thief)
    await check_invitations(stack, intake, victim, thief)


async def check_strangers(thief: Person) -> None:
    """Of the same name and e-mail, and not linked; nor by a password that the other has not."""
    refused = await thief.go()
    assert (refused.status_code, "还没有关联" in refused.text) == (403, True)
    assert COOKIE not in thief.http.cookies
    await thief.get("/sign-in")
    for password in ("", "quilt river lantern"):
        answer = await thief.post("/sign-in", name="s-1", password=password, code="000000")
        assert answer.status_code == 401


async def check_addresses(intake: RunningService, victim: Person, thief: Person) -> None:
    """An address to come back by is of one browser and works once."""
    used = victim.sent_to.removeprefix(PUBLIC_URL)
    for browser in (victim, thief):
        assert (await browser.get(used)).status_code == 401
    led = await victim.get(START)
    assert "HttpOnly" in led.headers["set-cookie"]
    assert "SameSite=lax" in led.headers["set-cookie"]
    address = await thief.provider.sign_in(led.headers["location"], victim.subject)
    answer = await thief.get(address.removeprefix(PUBLIC_URL))
    assert (answer.status_code, COOKIE in thief.http.cookies) == (401, False)
    bare = await intake.http.get(CALLBACK, headers={"Accept": "text/html"})
    assert (bare.status_code, ERRAND in bare.cookies) == (401, False)


async def check_invitations(
    stack: StackHarness, intake: RunningService, victim: Person, thief: Person
) -> None:
    """One account to an identity; a newer invitation ends what was linked before."""
    now = await intake.runtime.processor.now()
    taken = await victim.take_invitation(stack, "s-thief", now)
    assert (taken.status_code, "已经关联" in taken.text) == (409, True)
    assert (await victim.go()).headers["location"] == "/home"
    later = now + timedelta(seconds=1)
    await thief.take_invitation(stack, "s-1", later)
    assert "s-1" in (await thief.get("/account")).text
    assert (await victim.go()).status_code == 403, "his administrator gave it to another"
    assert (await victim.get("/home")).status_code == 303, "and his sessions have ended"


async def test_without_a_provider_there_is_no_such_way_in(stack: StackHarness) -> None:
    intake = await start(stack, "intake")
    for path in (START, CALLBACK, f"{START}/out"):
        assert (await intake.http.get(path)).status_code == 404
    assert START not in (await Browser(intake.http).get("/sign-in")).text
