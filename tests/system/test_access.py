"""Who may come in: every route of the four services, tried by the wrong people."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.contracts.links import BY_PURPOSE
from shared.security import Role, revoke
from shared.web.access import find_guard
from tests.support.eventually import eventually
from tests.support.services import (
    CREATE,
    SERVICES,
    Operation,
    address,
    everything_stored,
    not_started,
    operations,
    start,
)
from tests.support.stack_harness import RunningService, StackHarness

OPEN_TO_ALL = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/static/{name}"),
}
# Who is not signed in yet, and the first page of the public.
SIGNING_IN = {
    ("GET", "/"),
    ("GET", "/language/{language}"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/password"),
    ("POST", "/sign-in/password"),
    ("GET", "/sign-in/invitation/{token}"),
    ("POST", "/sign-in/invitation/{token}"),
    ("GET", "/sign-in/invitation/{token}/organisation"),
    ("GET", "/sign-in/organisation"),
    ("GET", "/sign-in/organisation/callback"),
    ("GET", "/sign-in/organisation/out"),
}
# Open to whoever is on the machine already; beyond it they are an operator's.
DESCRIPTIONS = {
    ("GET", "/asyncapi"),
    ("GET", "/asyncapi.json"),
    ("GET", "/docs"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
}
LOCAL: dict[str, str] = {"host": "127.0.0.1"}
PUBLIC: tuple[dict[str, str], ...] = (
    {"host": "0.0.0.0"},
    {"host": "10.1.2.3"},
    {"host": "::"},
    {"host": ""},
    {"host": "guanjia.example"},
    {"host": "127.0.0.1", "public_scheme": "https"},  # a proxy brings everybody
)
# Public by design: whoever doubts the ledger reads it without asking anybody.
PUBLIC_LOG = {
    ("GET", "/log/{log}/checkpoint"),
    ("GET", "/log/{log}/proof/{index}"),
    ("GET", "/log/{log}/tile/{place:path}"),
    ("GET", "/log/{log}/vkey"),
}
# Pages for everybody, which name nobody.
PUBLIC_PAGES = {
    "intake": {
        ("GET", "/ask"),
        ("POST", "/ask"),
        ("GET", "/mine/sign-in"),
        ("POST", "/mine/sign-in"),
        ("POST", "/mine/sign-in/code"),
        # A cookie of a signed-in phone, which no credential is: tests/intake/test_own_cases.py.
        ("GET", "/mine"),
        ("POST", "/mine/sign-out"),
        ("POST", "/mine/sign-out/everywhere"),
        ("GET", "/open311/discovery.{form}"),
        ("GET", "/open311/v2/services.{form}"),
        ("GET", "/open311/v2/services/{code}.{form}"),
    },
    "matching": {
        ("GET", "/give"),
        ("GET", "/give/open.xlsx"),
        ("GET", "/giver/sign-in"),
        ("POST", "/giver/sign-in"),
        ("POST", "/giver/sign-in/code"),
        # A cookie of a signed-in donor, which no credential is: tests/matching/
        # test_service_proposals.py.
        ("GET", "/giver"),
        ("POST", "/giver/answer"),
        ("GET", "/giver/giving"),
        ("GET", "/giver/giving.xlsx"),
        ("GET", "/giver/giving.pdf"),
        ("GET", "/giver/certificate"),
        ("GET", "/giver/certificate.pdf"),
        ("GET", "/giver/notices"),
        ("POST", "/giver/notices"),
        ("GET", "/giver/menu"),
        ("POST", "/giver/menu/claim"),
        ("GET", "/giver/consent"),
        ("POST", "/giver/consent"),
        ("POST", "/giver/consent/end"),
        ("POST", "/giver/sign-out"),
        ("POST", "/giver/sign-out/everywhere"),
    },
    "notify": {
        ("GET", "/notify/subscribe"),
    },
    "audit": {
        ("GET", "/ledger"),
        ("GET", "/log"),
        ("GET", "/ledger/verify"),
        ("GET", "/ledger/{log}"),
        ("GET", "/ledger/{log}/fund"),
        ("GET", "/ledger/{log}/tables/{table}.{form}"),
        ("GET", "/ledger/{log}/entries"),
        ("GET", "/ledger/{log}/entries/{index}"),
        ("GET", "/ledger/{log}/entries/{index}/offline"),
    },
}
# The link is the permission; its purpose is in the token.
LINKS = {
    "audit": {
        ("GET", "/g/{token}"),
        ("GET", "/g/{token}/receipt"),
        ("GET", "/a/{token}"),
        ("POST", "/a/{token}/give"),
        ("POST", "/a/{token}/withdraw"),
    },
    "intake": {
        ("GET", "/r/{token}"),
        ("POST", "/r/{token}/withdraw"),
        ("POST", "/r/{token}/mend"),
        ("POST", "/r/{token}/files"),
        ("POST", "/r/{token}/consents"),
        ("GET", "/r/{token}/own"),
        ("POST", "/r/{token}/own/code"),
        ("POST", "/r/{token}/own/open"),
        ("POST", "/r/{token}/own/export"),
        ("POST", "/r/{token}/own/correct"),
        ("POST", "/r/{token}/own/preference"),
        ("POST", "/r/{token}/own/erase"),
        ("GET", "/r/{token}/files/{attachment_id}"),
    },
    "matching": {
        ("GET", "/d/{token}"),
        ("POST", "/d/{token}/accept"),
        ("POST", "/d/{token}/decline"),
        ("POST", "/d/{token}/schedule"),
        ("GET", "/p/{token}"),
        ("POST", "/p/{token}/answer"),
        ("POST", "/p/{token}/end"),
        ("GET", "/p/{token}/giving"),
        ("GET", "/p/{token}/giving.xlsx"),
        ("GET", "/p/{token}/giving.pdf"),
        ("GET", "/p/{token}/certificate"),
        ("GET", "/p/{token}/certificate.pdf"),
        ("GET", "/p/{token}/notices"),
        ("POST", "/p/{token}/notices"),
        ("GET", "/p/{token}/menu"),
        ("POST", "/p/{token}/menu/claim"),
        ("GET", "/p/{token}/consent"),
        ("POST", "/p/{token}/consent"),
        ("POST", "/p/{token}/consent/end"),
        ("GET", "/m/{token}"),
        ("POST", "/m/{token}/claim"),
        ("GET", "/c/{token}"),
        ("POST", "/c/{token}/confirm"),
        ("POST", "/c/{token}/reopen"),
        ("POST", "/c/{token}/rate"),
    },
}
LINK_PURPOSES = tuple(BY_PURPOSE)
# Providers sign, or know a secret that stands in the address.
CALLBACKS = {
    "intake": {
        ("POST", "/callbacks/aliyun/{token}/receipts"),
        ("POST", "/callbacks/aliyun/{token}/replies"),
        ("POST", "/callbacks/tencent/{token}/receipts"),
        ("POST", "/callbacks/tencent/{token}/replies"),
        ("GET", "/callbacks/wechat"),
        ("POST", "/callbacks/wechat"),
    },
}

Headers = dict[str, str]
Record = tuple[str, bytes, bytes, bytes | None]


def without_guard(app: Any) -> set[tuple[str, str]]:
    return {
        (operation.method, operation.path)
        for operation in operations(app)
        if operation.route is None or find_guard(operation.route) is None
    }


async def ask(running: RunningService, operation: Operation, headers: Headers) -> httpx.Response:
    """With nothing but the caller's name: who he is comes before what he says."""
    return await running.http.request(
        operation.method, address(operation.path), headers=headers, follow_redirects=False
    )


# --- routes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    # What is guarded where is tried below; the guards are the same ones.
    [
        pytest.param(LOCAL, id="loopback", marks=pytest.mark.long),
        pytest.param(PUBLIC[0], id="public"),
    ],
)
@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_asks_who_is_there(
    stack: StackHarness, service: str, place: dict[str, str]
) -> None:
    """Nobody, a stranger, one who has been sent away, and everybody whose role is another."""
    revoked = stack.bearer("former", *Role)
    revoke(stack.secrets_dir / "credentials.json", "former")
    by_role = {role: stack.bearer(f"is-{role.replace('_', '-')}", role) for role in Role}
    # Each route is tried by seven strangers from one address.
    running = await start(stack, service, stranger_limit_per_minute=10_000, **place)
    before = await everything_stored(running)
    strangers: dict[str, Headers] = {
        "nobody": {},
        "empty": {"Authorization": ""},
        "a wrong secret": {"Authorization": f"Bearer gj_operator_{'0' * 64}"},
        "an unknown id": {"Authorization": f"Bearer gj_nobody_{'0' * 64}"},
        "no token at all": {"Authorization": "Bearer"},
        "another scheme": {"Authorization": by_role[Role.OPERATOR]["Authorization"].split()[1]},
        "a revoked token": revoked,
    }
    wrong: list[str] = []
    guarded = [o for o in operations(running.app) if o.route and find_guard(o.route)]
    for operation in guarded:
        for who, headers in strangers.items():
            answer = await ask(running, operation, headers)
            if answer.status_code != 401 or answer.headers["WWW-Authenticate"] != "Bearer":
                wrong.append(f"{operation.method} {operation.path} {who}: {answer.status_code}")
        for role in set(Role) - _roles(operation):
            answer = await ask(running, operation, by_role[role])
            if answer.status_code != 403:
                wrong.append(f"{operation.method} {operation.path} {role}: {answer.status_code}")
    assert len(guarded) >= 8
    described = {(o.method, o.path) for o in guarded} & DESCRIPTIONS
    assert described == (set() if place == LOCAL else DESCRIPTIONS)
    assert not wrong
    assert await everything_stored(running) == before


def _roles(operation: Operation) -> frozenset[Role]:
    assert operation.route is not None
    guard = find_guard(operation.route)
    assert guard is not None
    return guard.roles


@pytest.mark.parametrize("service", SERVICES)
async def test_open_ways_in_are_those_of_the_table(stack: StackHarness, service: str) -> None:
    """A route without a guard is put into a table above, or it is a mistake."""
    create, settings = CREATE[service]
    expected = OPEN_TO_ALL | LINKS.get(service, set()) | CALLBACKS.get(service, set())
    expected |= PUBLIC_LOG if service == "audit" else set()
    expected |= PUBLIC_PAGES.get(service, set())
    expected |= SIGNING_IN if service == "intake" else set()
    for place in (LOCAL, {"host": "::1"}, {"host": "localhost"}):
        assert without_guard(create(stack.settings(settings, **place))) == expected | DESCRIPTIONS
    for place in PUBLIC:
        assert without_guard(create(stack.settings(settings, **place))) == expected, place


async def test_open_pages_answer_without_a_credential_and_name_no_secret(
    stack: StackHarness,
) -> None:
    running = await start(stack, "audit")
    for method, path in sorted(OPEN_TO_ALL | DESCRIPTIONS):
        answer = await running.http.request(method, address(path, "guanjia.css"))
        assert answer.status_code == 200, path
        assert "gj_" not in answer.text.replace("gj_<id>", "")
        assert str(stack.secrets_dir) not in answer.text
    for method, path in sorted(PUBLIC_LOG):
        answer = await running.http.request(method, address(path, "7"))
        assert answer.status_code == 404, path


async def test_descriptions_are_the_operators_where_the_public_comes_in(
    stack: StackHarness,
) -> None:
    operator, auditor = stack.bearer("it", Role.OPERATOR), stack.bearer("auditor", Role.AUDITOR)
    running = await start(stack, "intake", **PUBLIC[0])
    for _, path in sorted(DESCRIPTIONS):
        callers: tuple[Headers, ...] = ({}, auditor, operator)
        answers = [await running.http.get(path, headers=headers) for headers in callers]
        assert [answer.status_code for answer in answers] == [401, 403, 200], path


@pytest.mark.parametrize(("scheme", "strict"), [("http", None), ("https", "max-age=31536000")])
@pytest.mark.parametrize("service", sorted(LINKS))
async def test_bad_link_opens_nothing_and_says_how_the_public_comes(
    stack: StackHarness, service: str, scheme: str, strict: str | None
) -> None:
    """Behind TLS a browser is told to come by https alone; on a plain port it is not."""
    running = await start(stack, service, public_scheme=scheme)
    for path in sorted(path for method, path in LINKS[service] if method == "GET"):
        answer = await running.http.get(address(path, "x"), headers={"Accept": "text/html"})
        assert answer.headers.get("Strict-Transport-Security") == strict, path
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    before = await everything_stored(running)
    now = await running.runtime.processor.now()
    token_of_request = stack.keyring.make_link("request", "R-1", now + timedelta(days=1))
    tokens = [
        "x",
        "0" * 80,
        "%00",
        "..%2f..",
        "é".encode().hex(),
        token_of_request[:-4],
        ("A" if token_of_request[0] != "A" else "B") + token_of_request[1:],
        stack.keyring.make_link("another purpose", "R-1", now + timedelta(days=1)),
        *(stack.keyring.make_link(p, "R-1", now - timedelta(seconds=1)) for p in LINK_PURPOSES),
    ]
    for method, path in sorted(LINKS[service]):
        for token in tokens:
            answer = await running.http.request(
                method, address(path, token), json={"reason": "因故不能"}
            )
            assert answer.status_code in (401, 403, 404), f"{method} {path} {token}"
    assert await everything_stored(running) == before


async def test_callback_without_its_secret_is_refused(stack: StackHarness) -> None:
    revoked = stack.bearer("callback-tencent", Role.CALLBACK)["Authorization"].rpartition("_")[2]
    revoke(stack.secrets_dir / "credentials.json", "callback-tencent")
    operator = stack.bearer("operator", Role.OPERATOR)["Authorization"].rpartition("_")[2]
    running = await start(stack, "intake")
    before = await everything_stored(running)
    query = {"signature": "0" * 40, "timestamp": "1767225600", "nonce": "1", "echostr": "hello"}
    for method, path in sorted(CALLBACKS["intake"]):
        for token in ("x", "0" * 64, revoked, operator):
            for parameters in ({}, query):
                answer = await running.http.request(
                    method, address(path, token), params=parameters, content=b"[]"
                )
                assert answer.status_code == 401, f"{method} {path}"
                assert "hello" not in answer.text
    assert await everything_stored(running) == before


async def test_token_is_worth_nothing_within_a_second_of_its_revocation(
    stack: StackHarness,
) -> None:
    auditor = stack.bearer("leaving", Role.AUDITOR)
    running = await start(stack, "notify")

    async def status() -> int:
        return (await running.http.get("/summary", headers=auditor)).status_code

    assert await status() == 200
    revoke(stack.secrets_dir / "credentials.json", "leaving")
    await eventually(status, lambda code: code == 401, within_s=1)


async def test_rate_limit_stops_one_and_no_other(stack: StackHarness) -> None:
    eager, calm = stack.bearer("eager", Role.AUDITOR), stack.bearer("calm", Role.AUDITOR)
    running = await start(stack, "notify", rate_limit_per_minute=3)

    async def statuses(who: Headers, count: int) -> list[int]:
        return [(await running.http.get("/summary", headers=who)).status_code for _ in range(count)]

    assert await statuses(eager, 5) == [200, 200, 200, 429, 429]
    assert await statuses(calm, 1) == [200]


@pytest.mark.parametrize("service", SERVICES)
def test_who_sees_one_town_decides_nothing_about_money(service: str) -> None:
    """A fund, a mandate and an entry have no area: finance of one town has nothing to cut."""
    finance, field = {Role.FINANCE_MAKER, Role.FINANCE_CHECKER}, Role.COLLECTOR
    for operation in operations(not_started(service)):
        guard = find_guard(operation.route) if operation.route else None
        if operation.method == "GET" or guard is None or field in guard.roles:
            continue
        assert guard.whole_city or not guard.roles & finance, operation.path
