"""Who may come in: every route and every topic of the four services, tried by the wrong people."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.topics import Topic, consumed_by
from shared.security import PUBLISHES, Role, revoke
from shared.web.openapi import allowed_by
from tests.contracts.facts import example
from tests.support.eventually import eventually
from tests.support.house import House, Running
from tests.support.services import CREATE, SERVICES, Operation, operations

OPEN_TO_ALL = {
    ("GET", "/asyncapi"),
    ("GET", "/asyncapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/oauth2-redirect"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
}
# Public by design: whoever doubts the ledger reads it without asking anybody.
PUBLIC_LOG = {
    ("GET", "/log/{log}/checkpoint"),
    ("GET", "/log/{log}/tile/{place:path}"),
    ("GET", "/log/{log}/vkey"),
}
# The link is the permission; its purpose is in the token.
LINKS = {
    "intake": {("GET", "/r/{token}"), ("POST", "/r/{token}/withdraw")},
    "matching": {
        ("GET", "/d/{token}"),
        ("POST", "/d/{token}/accept"),
        ("POST", "/d/{token}/decline"),
        ("GET", "/c/{token}"),
        ("POST", "/c/{token}/confirm"),
    },
}
LINK_PURPOSES = ("request", "donor", "receiver", "d", "c", "r")
# Providers sign, or know a secret that stands in the address.
CALLBACKS = {
    "intake": {
        ("POST", "/callbacks/tencent/{token}/receipts"),
        ("POST", "/callbacks/tencent/{token}/replies"),
        ("GET", "/callbacks/wechat"),
        ("POST", "/callbacks/wechat"),
    },
}

Headers = dict[str, str]
Record = tuple[str, bytes, bytes, bytes | None]


async def start(house: House, service: str, **given: Any) -> Running:
    create, settings = CREATE[service]
    return await house.start_app(create(house.settings(settings, **given)))


def without_guard(app: Any) -> set[tuple[str, str]]:
    return {
        (operation.method, operation.path)
        for operation in operations(app)
        if operation.route is None or allowed_by(operation.route) is None
    }


def address(path: str, token: str = "X-1") -> str:
    return re.sub(r"\{[^}]*\}", token, path)


async def ask(running: Running, operation: Operation, headers: Headers) -> httpx.Response:
    """With nothing but the caller's name: who he is comes before what he says."""
    return await running.http.request(
        operation.method, address(operation.path), headers=headers, follow_redirects=False
    )


async def everything_stored(running: Running) -> dict[str, int]:
    """Documents by collection, without what only says how far was read."""
    database = running.runtime.database
    names = set(await database.list_collection_names()) - {"positions", "dead_letters", "outbox"}
    counts = {name: await database[name].count_documents({}) for name in sorted(names)}
    return {name: count for name, count in counts.items() if count}


# --- routes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_asks_who_is_there(house: House, service: str) -> None:
    """Nobody, a stranger, one who has been sent away, and everybody whose role is another."""
    revoked = house.bearer("former", *Role)
    revoke(house.secrets_dir / "credentials.json", "former")
    known = {role: house.bearer(f"is-{role.replace('_', '-')}", role) for role in Role}
    running = await start(house, service)
    before = await everything_stored(running)
    strangers: dict[str, Headers] = {
        "nobody": {},
        "empty": {"Authorization": ""},
        "a wrong secret": {"Authorization": f"Bearer gj_operator_{'0' * 64}"},
        "an unknown id": {"Authorization": f"Bearer gj_nobody_{'0' * 64}"},
        "no token at all": {"Authorization": "Bearer"},
        "another scheme": {"Authorization": known[Role.OPERATOR]["Authorization"].split()[1]},
        "a revoked token": revoked,
    }
    wrong: list[str] = []
    guarded = [o for o in operations(running.app) if o.route and allowed_by(o.route)]
    for operation in guarded:
        for who, headers in strangers.items():
            answer = await ask(running, operation, headers)
            if answer.status_code != 401 or answer.headers["WWW-Authenticate"] != "Bearer":
                wrong.append(f"{operation.method} {operation.path} {who}: {answer.status_code}")
        for role in set(Role) - _roles(operation):
            answer = await ask(running, operation, known[role])
            if answer.status_code != 403:
                wrong.append(f"{operation.method} {operation.path} {role}: {answer.status_code}")
    assert len(guarded) >= 8
    assert not wrong
    assert await everything_stored(running) == before


def _roles(operation: Operation) -> frozenset[Role]:
    assert operation.route is not None
    guard = allowed_by(operation.route)
    assert guard is not None
    return guard.roles


@pytest.mark.parametrize("service", SERVICES)
async def test_open_ways_in_are_those_of_the_table(house: House, service: str) -> None:
    """A route without a guard is put into a table above, or it is a mistake."""
    create, settings = CREATE[service]
    expected = OPEN_TO_ALL | LINKS.get(service, set()) | CALLBACKS.get(service, set())
    expected |= PUBLIC_LOG if service == "audit" else set()
    assert without_guard(create(house.settings(settings))) == expected


async def test_open_pages_answer_without_a_credential_and_name_no_secret(house: House) -> None:
    running = await start(house, "audit")
    for method, path in sorted(OPEN_TO_ALL):
        answer = await running.http.request(method, path)
        assert answer.status_code == 200, path
        assert "gj_" not in answer.text.replace("gj_<id>", "")
        assert str(house.secrets_dir) not in answer.text
    for method, path in sorted(PUBLIC_LOG):
        answer = await running.http.request(method, address(path))
        assert answer.status_code == 404, path


@pytest.mark.parametrize("service", sorted(LINKS))
async def test_bad_link_opens_nothing(house: House, service: str) -> None:
    running = await start(house, service)
    before = await everything_stored(running)
    now = await running.runtime.processor.now()
    made = house.keyring.make_link("request", "R-1", now + timedelta(days=1))
    tokens = [
        "x",
        "0" * 80,
        "%00",
        "..%2f..",
        "é".encode().hex(),
        made[:-4],
        ("A" if made[0] != "A" else "B") + made[1:],
        house.keyring.make_link("another purpose", "R-1", now + timedelta(days=1)),
        *(house.keyring.make_link(p, "R-1", now - timedelta(seconds=1)) for p in LINK_PURPOSES),
    ]
    for method, path in sorted(LINKS[service]):
        for token in tokens:
            answer = await running.http.request(
                method, address(path, token), json={"reason": "因故不能"}
            )
            assert answer.status_code in (401, 403, 404), f"{method} {path} {token}"
    assert await everything_stored(running) == before


async def test_link_of_one_purpose_opens_no_other(house: House) -> None:
    running = await start(house, "matching")
    later = await running.runtime.processor.now() + timedelta(days=1)
    request_link = house.keyring.make_link("request", "M-1", later)
    for method, path in sorted(LINKS["matching"]):
        answer = await running.http.request(
            method, address(path, request_link), json={"reason": "因故不能"}
        )
        assert answer.status_code == 401, path


async def test_callback_without_its_secret_is_refused(house: House) -> None:
    revoked = house.bearer("callback-tencent", Role.CALLBACK)["Authorization"].rpartition("_")[2]
    revoke(house.secrets_dir / "credentials.json", "callback-tencent")
    operator = house.bearer("operator", Role.OPERATOR)["Authorization"].rpartition("_")[2]
    running = await start(house, "intake")
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


async def test_token_is_worth_nothing_within_a_second_of_its_revocation(house: House) -> None:
    auditor = house.bearer("leaving", Role.AUDITOR)
    running = await start(house, "notify")

    async def status() -> int:
        return (await running.http.get("/summary", headers=auditor)).status_code

    assert await status() == 200
    revoke(house.secrets_dir / "credentials.json", "leaving")
    await eventually(status, lambda found: found == 401, within_s=1)


async def test_rate_limit_stops_one_and_no_other(house: House) -> None:
    eager, calm = house.bearer("eager", Role.AUDITOR), house.bearer("calm", Role.AUDITOR)
    running = await start(house, "notify", rate_limit_per_minute=3)

    async def statuses(who: Headers, count: int) -> list[int]:
        return [(await running.http.get("/summary", headers=who)).status_code for _ in range(count)]

    assert await statuses(eager, 5) == [200, 200, 200, 429, 429]
    assert await statuses(calm, 1) == [200]


# --- topics -----------------------------------------------------------------------------------

ROLE_OF = {topic: role for role, topic in PUBLISHES.items()}
GARBAGE = b"0" * 64


class Publishers:
    """Everybody who speaks on topics, those who may and those who may not."""

    def __init__(self, house: House) -> None:
        self.house = house
        for role in PUBLISHES:
            house.bearer(f"good-{_dashed(role)}", role, source=f"/good/{role}")
            house.bearer(f"gone-{_dashed(role)}", role, source=f"/gone/{role}")
            revoke(house.secrets_dir / "credentials.json", f"gone-{_dashed(role)}")

    def forged(self, topic: Topic, fact: type[Fact]) -> Iterator[tuple[str, Record]]:
        """Each with the code it must be refused with."""
        honest, stranger = self._sources(topic)
        name, key, value, signature = self._record(topic, honest, fact)
        yield "signature_wrong", (name, key, value, None)
        yield "signature_wrong", (name, key, value, b"")
        yield "signature_wrong", (name, key, value, GARBAGE)
        yield "signature_wrong", (name, key, value, b"\xff\xfe")
        yield "signature_wrong", (name, key, value + b" ", signature)
        yield "signature_wrong", (name, key, value, self._sign(stranger, name, value))
        yield "signature_wrong", (name, key, value, self._sign(honest, "guanjia.other", value))
        for source in self._not_allowed(topic):
            yield "source_not_allowed", self._record(topic, source, fact)

    def honest(self, topic: Topic, fact: type[Fact]) -> Record:
        return self._record(topic, self._sources(topic)[0], fact)

    def _sources(self, topic: Topic) -> tuple[str, str]:
        """One who may write there, and another who has a key."""
        if topic.inbound:
            return f"/good/{ROLE_OF[topic.name]}", "/intake"
        return f"/{topic.producer}", f"/good/{Role.CHANNEL}"

    def _not_allowed(self, topic: Topic) -> list[str]:
        """All of them have keys of their own, and sign rightly."""
        own = [f"/{name}" for name in SERVICES if name != topic.producer]
        partners = [f"/good/{role}" for role in PUBLISHES if PUBLISHES[role] != topic.name]
        gone = [f"/gone/{role}" for role in PUBLISHES]
        return [*own, *partners, *gone, "/unknown", "outside", "/outside"]

    def _record(self, topic: Topic, source: str, fact: type[Fact]) -> Record:
        data = example(fact)
        record = (
            self.house.foreign(source, "forged-1", data)
            if topic.inbound
            else self.house.own(source, "S-1", 1, data)
        )
        signed: Record = self.house.signed(source, topic.name, "k", record[2])
        return signed

    def _sign(self, source: str, topic: str, value: bytes) -> bytes:
        return self.house.keyring.sign_record(source, topic, value)


def _dashed(role: Role) -> str:
    return role.replace("_", "-")


def facts_on(topic: Topic) -> list[type[Fact]]:
    from shared.contracts.events import FACTS

    return [fact for fact in FACTS if topic.name == fact.TOPIC]


@pytest.mark.parametrize("service", SERVICES)
async def test_forged_records_become_dead_letters_and_nothing_else(
    house: House, service: str
) -> None:
    publishers = Publishers(house)
    running = await start(house, service)
    before = await everything_stored(running)
    forged = [
        (code, record)
        for topic in consumed_by(service)
        for fact in facts_on(topic)
        for code, record in publishers.forged(topic, fact)
    ]
    await house.publish(*(record for _, record in forged))
    expected = Counter((record[0], code) for code, record in forged)

    async def refused() -> Counter[tuple[str, str]]:
        letters = await running.runtime.dead_letters.list(limit=10_000)
        return Counter((one["topic"], p["code"]) for one in letters for p in one["problems"])

    await eventually(refused, lambda found: found.total() >= expected.total())
    assert await refused() == expected
    assert await everything_stored(running) == before
    told = await house.read(topics.DEAD_LETTERS)
    assert {event["data"]["reason"] for event in told} == {code for code, _ in forged}


@pytest.mark.parametrize("service", ["intake", "matching", "audit"])
async def test_same_record_with_the_right_name_and_signature_is_taken(
    house: House, service: str
) -> None:
    """So that the refusals above are for their signatures, not for what they say."""
    publishers = Publishers(house)
    running = await start(house, service)
    own = [topic for topic in consumed_by(service) if not topic.inbound]
    await house.publish(*(publishers.honest(t, facts_on(t)[0]) for t in own[:1]))

    async def places() -> int:
        return int(await running.runtime.database["sequences"].count_documents({}))

    await eventually(places, lambda count: count >= 1)
    assert await running.runtime.dead_letters.list() == []


async def test_replay_by_an_operator_lets_no_forged_record_in(house: House) -> None:
    publishers = Publishers(house)
    operator = house.bearer("op", Role.OPERATOR)
    running = await start(house, "audit")
    before = await everything_stored(running)
    [donations] = [topic for topic in consumed_by("audit") if topic.inbound]
    forged = list(publishers.forged(donations, facts_on(donations)[0]))
    await house.publish(*(record for _, record in forged))
    letters = await eventually(
        running.runtime.dead_letters.list, lambda found: len(found) >= len(forged)
    )
    for letter in letters:
        path = f"/dead-letters/{letter['id']}/replay"
        assert (await running.http.post(path, headers=operator)).status_code == 409
    assert await everything_stored(running) == before


# --- areas and owners -------------------------------------------------------------------------

CHASHAN, SHILONG = "441900103", "441900101"


class Intake:
    """A running intake with two towns, two channels and a request of each."""

    def __init__(self, house: House, running: Running) -> None:
        self.http = running.http
        self.here = house.bearer("here", Role.COLLECTOR, area=CHASHAN)
        self.there = house.bearer("there", Role.COLLECTOR, area=SHILONG)
        self.judge_there = house.bearer("judge", Role.APPROVER_TOWN, area=SHILONG)
        self.one = house.bearer("one", Role.CHANNEL, source="/channels/one")
        self.two = house.bearer("two", Role.CHANNEL, source="/channels/two")

    async def submit(self, who: Headers, key: str, town_code: str = CHASHAN) -> httpx.Response:
        request = {
            "kind": "wish",
            "category": "supplies",
            "beneficiary_class": "elderly_alone",
            "channel": "grid_worker",
            "need": {"unit": "fen", "quantity": 100_000},
            "area": {"town_code": town_code},
            "applicant": {"name": "陈秀英", "phone": "+8613800138000"},
        }
        headers = who | {"Idempotency-Key": key}
        return await self.http.post("/requests", json=request, headers=headers)

    async def post(self, path: str, who: Headers, body: Any = None) -> int:
        headers = who | {"Idempotency-Key": "k"}
        return (await self.http.post(path, json=body, headers=headers)).status_code


@pytest_asyncio.fixture(loop_scope="session")
async def intake(house: House) -> AsyncIterator[Intake]:
    running = await start(house, "intake")
    yield Intake(house, running)


async def test_collector_sees_and_touches_his_own_town_alone(intake: Intake) -> None:
    submitted = await intake.submit(intake.here, "1")
    assert submitted.status_code == 201, submitted.text
    path = f"/requests/{submitted.json()['request_id']}"
    assert (await intake.http.get(path, headers=intake.here)).status_code == 200
    hidden = await intake.http.get(path, headers=intake.there)
    assert hidden.status_code == 404
    assert "陈秀英" not in hidden.text
    listed = (await intake.http.get("/requests", headers=intake.there)).json()
    assert listed["requests"] == []
    assert await intake.post(f"{path}/withdraw", intake.there) in (403, 404)
    assert await intake.post(f"{path}/approve", intake.judge_there) in (403, 404)
    declined = {"reason": "重复"}
    assert await intake.post(f"{path}/decline", intake.judge_there, declined) in (403, 404)
    assert (await intake.http.get(path, headers=intake.here)).json()["state"] == "recorded"


async def test_collector_files_nothing_in_another_town(intake: Intake) -> None:
    answer = await intake.submit(intake.here, "1", town_code=SHILONG)
    assert answer.status_code == 403
    assert (await intake.http.get("/requests", headers=intake.there)).json()["requests"] == []


async def test_channel_sees_and_withdraws_what_it_brought_alone(intake: Intake) -> None:
    submitted = await intake.submit(intake.one, "1")
    path = f"/requests/{submitted.json()['request_id']}"
    assert (await intake.http.get(path, headers=intake.two)).status_code == 404
    assert await intake.post(f"{path}/withdraw", intake.two) in (403, 404)
    assert (await intake.http.get(path, headers=intake.one)).json()["state"] == "recorded"


async def test_same_key_of_two_channels_is_two_requests(intake: Intake) -> None:
    """Nobody can answer, or take, another's idempotency key."""
    first = await intake.submit(intake.one, "same")
    second = await intake.submit(intake.two, "same")
    assert first.json()["request_id"] != second.json()["request_id"]
