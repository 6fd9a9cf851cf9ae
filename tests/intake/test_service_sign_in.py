"""A member of staff signs in with a browser, works, and is signed out everywhere."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from functools import partial

import httpx
import orjson
import pyotp
import pytest
import pytest_asyncio

from services.intake.pages import accounts
from services.intake.sign_in.proofs import STEP_S
from shared import mongo
from shared.contracts.accounts import INVITATION, INVITATION_PATH
from shared.contracts.links import PROPOSALS, REQUEST
from shared.contracts.topics import DONATIONS_INBOUND, REQUESTS_INBOUND
from shared.credential_uses import USES_PATH, load_uses, write_uses
from shared.dates import format_day
from shared.errors import Invalid
from shared.http import Reply
from shared.security import Role, Unauthenticated, revoke
from shared.sessions import RemoteSessions
from tests.support.browser import HIDDEN, PASSWORD, Browser
from tests.support.eventually import eventually
from tests.support.services import start
from tests.support.stack_harness import RunningService, StackHarness

COOKIE = "guanjia-session"


@pytest_asyncio.fixture(loop_scope="session")
async def intake(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningService]:
    """With a clock that goes on when it is read, from where a code begins: a code is good for half
    a minute, however long a busy machine takes."""
    running = await start(stack, "intake", sign_in_failures_max=3)
    moment = await running.runtime.processor.now()
    moment -= timedelta(seconds=moment.timestamp() % STEP_S)

    async def read_clock(clock: mongo.ServerClock) -> datetime:
        nonlocal moment
        moment += timedelta(milliseconds=10)
        return moment

    monkeypatch.setattr(mongo.ServerClock, "now", read_clock)
    yield running


def find_code(answer: httpx.Response) -> str:
    return str(answer.json()["problems"][0]["code"])


async def test_from_invitation_to_being_signed_out_everywhere(
    stack: StackHarness, intake: RunningService
) -> None:
    bearer = stack.bearer("s-1001", Role.APPROVER_TOWN, area="441900103")
    auditor, other = stack.bearer("s-9", Role.AUDITOR), stack.bearer("s-8", Role.COLLECTOR)
    browser, phone = Browser(intake.http), Browser(intake.http)
    now = await intake.runtime.processor.now()

    led = await browser.get("/home")
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Fhome")

    secret = await browser.enrol(stack.keyring, "s-1001", now)
    answer = await browser.sign_in("s-1001", secret, now)
    assert (answer.status_code, answer.headers["location"]) == (303, "/home")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    home = await browser.get("/home")
    assert "镇街审批" in home.text
    assert "茶山镇" in home.text
    assert "/accounts" not in home.text, "no tile of what is not his"

    # The same scope and roles as the credential's bearer, in every route there is.
    for http in (browser.http, None):
        listed = await (http or intake.http).get(
            "/requests", headers={} if http else bearer, params={"limit": 5}
        )
        assert listed.status_code == 200
    assert (await browser.http.get("/vault-access", headers={"Accept": "*/*"})).status_code == 403
    assert "无权进行此操作" in (await browser.get("/accounts")).text

    # A code opens once, and a page elsewhere presses no button here.
    again = await phone.sign_in("s-1001", secret, now)
    assert "动态码只能用一次" in again.text
    await browser.get("/home")
    for headers in ({}, {"X-CSRF-Token": "0" * 40}, {"Sec-Fetch-Site": "cross-site"}):
        forged = await browser.http.post("/sign-out", headers={"Accept": "*/*", **headers})
        assert (forged.status_code, find_code(forged)) == (422, "form_stale")

    for name in ("王 五", "", "s-1001\0", "<b>"):
        assert (await phone.sign_in(name, secret, now)).status_code == 401, name

    signed_in = await phone.sign_in("s-1001", secret, now, steps=1)
    assert signed_in.status_code == 303
    await phone.get("/account")
    await phone.post("/account/sessions/end")
    await check_log_of_actions(intake, auditor, other)
    for each in (browser, phone):
        assert (await each.get("/home")).status_code == 303


async def check_log_of_actions(
    intake: RunningService, auditor: dict[str, str], other: dict[str, str]
) -> None:
    """What staff did is read by auditors whole, and by each of them his own; searched by id."""
    unknown = {**other, "Idempotency-Key": "k"}
    await intake.http.post(
        "/requests/R-0/vouch", headers=unknown, json={"seen": {"manner": "visit"}}
    )

    async def read(headers: dict[str, str], **query: str) -> list[tuple[str, str, bool]]:
        answer = await intake.http.get("/actions", headers=headers, params=query)
        return [(r["who"], r["route"], r["done"]) for r in answer.json()["actions"]]

    vouching = ("s-8", "POST /requests/{request_id}/vouch", False)
    ending = ("s-1001", "POST /account/sessions/end", True)
    assert {vouching, ending} <= set(await read(auditor))
    assert await read(auditor, target="R-0") == [vouching]
    assert await read(auditor, who="s-1001", target="R-0") == []
    assert await read(other, who="s-1001") == [vouching], "his own, whatever he asks for"
    page = await intake.http.get("/intake/actions", headers=auditor, params={"target": "<b>"})
    assert "<b>" not in page.text


async def test_another_service_knows_the_session_and_that_it_ended(
    stack: StackHarness, intake: RunningService
) -> None:
    for id_ in ("s-1", "s-2"):
        stack.bearer(id_, Role.APPROVER_CITY)
    service = stack.bearer("service", Role.SERVICE)["Authorization"].split()[1]
    (stack.secrets_dir / "service.token").write_text(service)
    matching = await start(stack, "matching", round_interval_ms=60_000)
    sessions = matching.runtime.sessions
    assert isinstance(sessions, RemoteSessions)
    sessions._http = IntakeCalls(intake.http)
    now = await intake.runtime.processor.now()
    browsers = {id_: Browser(intake.http) for id_ in ("s-1", "s-2")}
    for id_, browser in browsers.items():
        await browser.sign_in(id_, await browser.enrol(stack.keyring, id_, now), now)

    async def ask(id_: str, cut: int | None = None) -> int:
        cookie = f"{COOKIE}={browsers[id_].http.cookies[COOKIE][:cut]}"
        return (await matching.http.get("/matches", headers={"Cookie": cookie})).status_code

    assert [await ask("s-1"), await ask("s-2"), await ask("s-1", -2)] == [200, 200, 401]
    signed_out = browsers["s-1"].http.cookies[COOKIE]
    await browsers["s-1"].get("/home")
    await browsers["s-1"].post("/sign-out")
    assert COOKIE not in browsers["s-1"].http.cookies
    browsers["s-1"].http.cookies.set(COOKIE, signed_out)
    revoke(stack.secrets_dir / "credentials.json", "s-2")
    for id_ in browsers:
        assert await eventually(partial(ask, id_), lambda status: status == 401) == 401


async def test_whoever_is_no_other_does_not_become_one_by_cookies_links_or_guessing(
    stack: StackHarness, intake: RunningService
) -> None:
    """A colleague with an account and an invitation of his own tries another's."""
    for id_ in ("s-1", "s-thief"):
        stack.bearer(id_, Role.COLLECTOR, area="441900103")
    stack.bearer("machine", Role.CHANNEL, source="/channels/machine")
    now = await intake.runtime.processor.now()
    victim, thief = Browser(intake.http), Browser(intake.http)
    secret = await victim.enrol(stack.keyring, "s-1", now)
    await thief.sign_in("s-thief", await thief.enrol(stack.keyring, "s-thief", now), now)
    await check_cookies(stack, intake, victim, thief, secret)
    await check_invitations(stack, intake)
    await check_lock(thief, victim, secret, now)
    await victim.get("/account")
    assert (await victim.post("/accounts/s-1/unlock")).status_code == 403, "nor he himself"
    for elsewhere in ("//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil"):
        led = await thief.http.get("/language/zh", params={"next": elsewhere})
        assert led.headers["location"] == "/home"


async def check_cookies(
    stack: StackHarness, intake: RunningService, victim: Browser, thief: Browser, secret: str
) -> None:
    """A cookie put into his browser ends with his signing in, and nothing else is a cookie."""
    now, planted = await intake.runtime.processor.now(), thief.http.cookies[COOKIE]
    victim.http.cookies.set(COOKIE, planted, domain="service.local")
    assert (await victim.sign_in("s-1", secret, now)).status_code == 303
    assert victim.http.cookies[COOKIE] != planted
    assert (await thief.get("/home")).status_code == 303, "his own session was ended there"
    later = now + timedelta(hours=1)
    links = [
        stack.keyring.make_link(purpose, "s-1", later, now, holder="s-1")
        for purpose in (INVITATION, REQUEST.purpose, PROPOSALS.purpose)
    ]
    for forged in (*links, "S-" + "0" * 40):
        answer = await intake.http.get("/requests", headers={"Cookie": f"{COOKIE}={forged}"})
        assert answer.status_code == 401
    own = victim.http.cookies[COOKIE]
    bearer = {"Authorization": f"Bearer {own}"}
    assert (await intake.http.get("/requests", headers=bearer)).status_code == 401
    assert (await intake.http.get(REQUEST.path(own))).status_code == 401
    assert (await intake.http.get(INVITATION_PATH.format(token=own))).status_code == 410


async def check_invitations(stack: StackHarness, intake: RunningService) -> None:
    """Used, older than the account, of no account: over. Of his own he takes no secret along."""
    now = await intake.runtime.processor.now()
    ends, make_link = now + timedelta(hours=1), stack.keyring.make_link
    over = [make_link(INVITATION, "s-1", ends, now - timedelta(minutes=5))]
    over += [make_link(INVITATION, id_, ends, now) for id_ in ("machine", "nobody")]
    for token in over:
        path = INVITATION_PATH.format(token=token)
        assert (await intake.http.get(path)).status_code == 410
    own, anothers = Browser(intake.http), Browser(intake.http)
    await own.get(INVITATION_PATH.format(token=make_link(INVITATION, "s-thief", ends, now)))
    sealed = dict(HIDDEN.findall(own.page))["enrolment"]
    path = INVITATION_PATH.format(token=make_link(INVITATION, "s-1", ends, now))
    await anothers.get(path)
    words = {"new_password": PASSWORD, "password_again": PASSWORD, "code": "000000"}
    assert (await anothers.post(path, **words | {"enrolment": sealed})).status_code == 422
    assert (await intake.http.post(path, data=words)).status_code == 422, "by no form of ours"


async def check_lock(thief: Browser, victim: Browser, secret: str, now: datetime) -> None:
    """However he spells the name, and at whichever form; who is signed in stays so."""
    tries = [
        (await thief.sign_in(name, secret, now, password="wrong wrong wrong")).status_code
        for name in ("s-1", " S-1", "s-1 ")
    ]
    assert tries == [401, 401, 429]
    assert (await thief.sign_in("s-1", secret, now, steps=1)).status_code == 429
    await thief.get("/sign-in/password")
    changed = {"new_password": "another quilt lantern", "password_again": "another quilt lantern"}
    proof = {"name": "s-1", "password": PASSWORD, "code": pyotp.TOTP(secret).now()}
    assert (await thief.post("/sign-in/password", **proof, **changed)).status_code == 429
    assert (await victim.get("/home")).status_code == 200
    await check_own_browser(thief, victim, secret, now)


async def check_own_browser(thief: Browser, victim: Browser, secret: str, now: datetime) -> None:
    """A browser that signed in as him before is not locked with the name; its cookie signs nobody
    in, and is worth nothing to another name or as a session."""
    own = victim.http.cookies["guanjia-device"]
    assert (await victim.sign_in("s-1", secret, now, steps=1)).status_code == 303
    for _ in range(3):
        locked = await victim.sign_in("s-1", secret, now, password="wrong wrong wrong")
    assert locked.status_code == 429, "its own failures count"
    assert (await victim.sign_in("s-thief", secret, now)).status_code == 401
    elsewhere = Browser(victim.http)
    assert (await elsewhere.sign_in("s-1", secret, now, steps=1)).status_code == 429
    for cookie in (f"{COOKIE}={own}", f"guanjia-device={own}"):
        answer = await thief.http.get("/requests", headers={"Cookie": cookie})
        assert answer.status_code == 401


async def test_an_operator_unlocks_who_locked_himself_out_of_his_own_browser(
    stack: StackHarness, intake: RunningService
) -> None:
    operator = {**stack.bearer("op-1", Role.OPERATOR), "Accept": "text/html"}
    for id_ in ("s-1", "s-2"):
        stack.bearer(id_, Role.COLLECTOR)
    now = await intake.runtime.processor.now()
    owners = {id_: Browser(intake.http) for id_ in ("s-1", "s-2")}
    secrets = {}
    for id_, owner in owners.items():
        secrets[id_] = await owner.enrol(stack.keyring, id_, now)
        assert (await owner.sign_in(id_, secrets[id_], now)).status_code == 303
        for _ in range(3):
            locked = await owner.sign_in(id_, secrets[id_], now, password="wrong wrong wrong")
        assert locked.status_code == 429
    page = (await intake.http.get("/accounts", headers=operator)).text
    assert all(f"/accounts/{id_}/unlock" in page for id_ in owners)
    await intake.http.post("/accounts/s-1/unlock", headers=operator)
    page = (await intake.http.get("/accounts", headers=operator)).text
    assert ("/accounts/s-1/unlock" in page, "/accounts/s-2/unlock" in page) == (False, True)
    for id_, status in (("s-1", 303), ("s-2", 429)):
        assert (await owners[id_].sign_in(id_, secrets[id_], now, steps=1)).status_code == status


async def test_the_page_of_accounts_says_when_each_key_was_last_used(
    stack: StackHarness, intake: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here by bearer, browser or signature; elsewhere as the other services say."""
    operator = stack.bearer("op-1", Role.OPERATOR)
    stack.bearer("s-1", Role.COLLECTOR)
    stack.bearer("unused", Role.CHANNEL, source="/channels/unused")
    icbc = stack.bearer("icbc", Role.BANK, source="/banks/icbc")
    stack.bearer("portal", Role.CHANNEL, source="/channels/portal")
    now = await intake.runtime.processor.now()
    browser = Browser(intake.http)
    await browser.sign_in("s-1", await browser.enrol(stack.keyring, "s-1", now), now)
    await browser.get("/home")
    keyring = intake.runtime.keyring
    signed = keyring.sign_record("/channels/portal", REQUESTS_INBOUND, b"{}")
    keyring.check_record("/channels/portal", REQUESTS_INBOUND, b"{}", signed)
    with pytest.raises(Invalid):
        keyring.check_record("/banks/icbc", DONATIONS_INBOUND, b"{}", b"forged")
    with pytest.raises(Unauthenticated):
        keyring.authenticate("gj_unused_guessed")
    await write_uses(intake.runtime)
    assert set(await load_uses(intake.runtime.database)) == {"s-1", "portal"}

    async def answer(_runtime: object, url: str, _path: str, _body: bytes) -> bytes | None:
        if url != intake.runtime.settings.audit_url:
            return None
        return orjson.dumps({"icbc": "2026-11-30T08:00:00Z"})

    monkeypatch.setattr(accounts, "ask_neighbour", answer)
    page = (await intake.http.get("/accounts", headers={**operator, "Accept": "text/html"})).text
    rows = {id_: row for row in page.split("<tr>") if (id_ := find_id(row))}
    assert "从未" in rows["unused"]
    assert "2026年11月30日 16:00" in rows["icbc"]
    for used in ("portal", "s-1"):
        assert format_day("zh", now) in rows[used]
    assert "以下服务没有回应" in page
    answers = await intake.http.post(USES_PATH, headers=stack.bearer("own", Role.SERVICE), json={})
    assert set(answers.json()) == {"s-1", "portal"}
    assert (await intake.http.post(USES_PATH, headers=icbc, json={})).status_code == 403


def find_id(row: str) -> str:
    match = re.search(r"<bdi>([a-z0-9-]+)</bdi>", row)
    return match[1] if match else ""


class IntakeCalls:
    """An HttpClient whose calls reach the intake of this process."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        timeout_s: float = 5.0,
    ) -> Reply:
        answer = await self._http.post(
            url, content=body, headers=dict(headers), params=params, timeout=timeout_s
        )
        return Reply(answer.status_code, answer.headers, answer.content)
