"""Notices under faults by chance, while their senders are killed at every step of sending.

The senders are processes that kill themselves (`sender_deaths.py`); their clock and the providers'
runs fast (`fast_clock.py`).
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from deploy.local import parts
from deploy.local.ports import find_free_port
from deploy.local.supervisor import Supervisor
from services.notify.model import Notice
from services.notify.settings import NotifySettings
from shared import mongo
from tests.notify import sender_deaths
from tests.notify.decisions import AT_ONCE, make_opened
from tests.notify.fast_clock import BEGAN_AT, build_clock, put_in_place
from tests.notify.harness import Neighbours, open_neighbours
from tests.notify.sender_deaths import Death, draw_deaths
from tests.support.eventually import eventually
from tests.support.examples import count_examples
from tests.support.stack_harness import StackHarness

T = TypeVar("T")

FAULTS = {
    "throttle": 4,
    "unavailable": 2,
    "ambiguous": 1,
    "late_answer": 1,
    "expire": 0.2,
    "fail": 2,
    "drop": 2,
    "delay": 5,
    "duplicate": 10,
    "reorder": 5,
    "early": 5,
}
SEED = 20261129
PROVIDER_TIMEOUT_S = 1.0
CALLS = 4
"""At one time, of one sender to one provider."""
PROVIDERS = 3
ON_WECHAT = 10
"""One of so many persons."""
LAST_FOR_S = count_examples(400, 1500)
UNDER_WAY = ("created", "retry", "sending")
MORE = 100
"""Notices, of which some expire."""


@dataclass(frozen=True, slots=True)
class Scene:
    """each: notices to one person. deaths: by the name of the sender. receipt_wait_s: by the fast
    clock, longer than any receipt takes, and than all wait while senders die one after the other.
    """

    notices: int
    each: int
    deaths: Mapping[str, Sequence[Death]]
    receipt_wait_s: int

    @property
    def persons(self) -> int:
        return self.notices // self.each

    @property
    def lives(self) -> int:
        return sum(map(len, self.deaths.values()))


# --- the senders ----------------------------------------------------------------------------------


@asynccontextmanager
async def run_senders(
    neighbours: Neighbours, scene: Scene, began_at: float, logs: Path
) -> AsyncIterator[None]:
    stage = [_build_sender(neighbours, scene, name, began_at, logs) for name in scene.deaths]
    supervisor = Supervisor([stage], announce=print)
    await supervisor.start()
    try:
        yield
    finally:
        await supervisor.stop()


def _build_sender(
    neighbours: Neighbours, scene: Scene, name: str, began_at: float, logs: Path
) -> parts.Part:
    port = find_free_port()
    settings = neighbours.stack.settings(
        NotifySettings,
        port=port,
        instance_id=name,
        send_concurrency=CALLS,
        intake_url=neighbours.settings.intake_url,
        simulators_url=neighbours.settings.simulators_url,
        sms_shares={"tencent": 60, "aliyun": 40},
        provider_timeout_s=PROVIDER_TIMEOUT_S,
        receipt_wait_s=scene.receipt_wait_s,
        **AT_ONCE,
    )
    fields = settings.model_dump(mode="json", include=settings.model_fields_set)
    environment = {f"GUANJIA_{key.upper()}": _format(value) for key, value in fields.items()}
    deaths = {
        BEGAN_AT: str(began_at),
        sender_deaths.DEATHS: json.dumps([astuple(death) for death in scene.deaths[name]]),
    }
    env = os.environ | environment | deaths
    part = parts.build_service("notify", port, env, logs / f"{name}.log")
    return replace(part, name=name, command=(sys.executable, "-m", sender_deaths.__name__))


def _format(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value)


def list_deaths(logs: Path) -> list[tuple[str, str]]:
    lines = [line for log in logs.glob("*.log") for line in log.read_text().splitlines()]
    rows = [json.loads(line) for line in lines if '"event": "sender_dies"' in line]
    return [(row["step"], row["moment"]) for row in rows]


# --- who is told what -----------------------------------------------------------------------------


async def register_persons(neighbours: Neighbours, count: int) -> list[str]:
    """Person ids. Some are on WeChat alone."""
    parties: list[dict[str, str]] = []
    for number in range(count):
        name = {"name": "张三"}
        on_wechat = number % ON_WECHAT == 0
        contact = "wechat_openid" if on_wechat else "phone"
        address = f"oChaos_{number:06d}" if on_wechat else f"+86139{number:08d}"
        parties.append(name | {contact: address})
    ids: list[str] = []
    for page in list_pages(parties, 100):
        rows = [{"idempotency_key": uuid4().hex, "party": party} for party in page]
        answer = await neighbours.intake.http.post(
            "/parties/batch", json=rows, headers=neighbours.operator
        )
        assert answer.status_code < 300, answer.text
        ids += [row["person_id"] for row in answer.json()["answers"]]
    openids = [party["wechat_openid"] for party in parties if "wechat_openid" in party]
    for some in list_pages(openids, 20):
        texts = [{"openid": openid, "text": "收到"} for openid in some]
        await neighbours.simulators.post("/simulator/wechat/texts", json=texts)
    return ids


def list_pages(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


async def publish_facts(neighbours: Neighbours, persons: Sequence[str], each: int) -> set[str]:
    """The requests of which each person is to be told."""
    facts = [
        (f"R-{uuid4().hex[:20]}", make_opened().model_copy(update={"person_id": person}))
        for _ in range(each)
        for person in persons
    ]
    await asyncio.gather(*(neighbours.publish_all(dict(page)) for page in list_pages(facts, 250)))
    return {request_id for request_id, _ in facts}


# --- what became of it ----------------------------------------------------------------------------


async def wait_for_the_end(database: mongo.Database, notices: int) -> None:
    """Until nothing is under way and nobody waits for a receipt."""

    async def look() -> Mapping[tuple[str, bool], int]:
        rows = await mongo.count_by(database, Notice.COLLECTION, "state", "due_at")
        counts: Counter[tuple[str, bool]] = Counter()
        for (state, due_at), count in rows.items():
            counts[state, due_at is not None] += count
        return counts

    def has_ended(counts: Mapping[tuple[str, bool], int]) -> bool:
        is_open = any(count for (_, is_due), count in counts.items() if is_due)
        return sum(counts.values()) == notices and not is_open

    await eventually(look, has_ended, LAST_FOR_S)


async def read_phones(neighbours: Neighbours) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    since = 0
    while True:
        params = {"since": since, "limit": 5000}
        page = (await neighbours.simulators.get("/simulator/messages", params=params)).json()
        if not page["messages"]:
            return [m for m in messages if m["direction"] == "in"]
        messages += page["messages"]
        since = page["next"]


def check_nobody_twice(messages: Sequence[dict[str, Any]], counters: Mapping[str, int]) -> None:
    copies = Counter(message["notice_id"] for message in messages)
    assert {id_ for id_, count in copies.items() if count > 1} == set()
    assert counters.get("sms_repeated_notices", 0) == 0
    assert counters.get("wechat_repeated_notices", 0) == 0


def check_nobody_missing(notices: Sequence[Notice], messages: Sequence[dict[str, Any]]) -> None:
    """On a phone by its receipt, or for somebody to tell. Few are called whom a message
    reached: those whose receipts were dropped, and whose sender died after the call began."""
    fates = {message["notice_id"]: message["fate"] for message in messages}
    told = {n.id for n in notices if any(a.receipt == "delivered" for a in n.attempts)}
    called = {notice.id for notice in notices if notice.task}
    assert told | called == {notice.id for notice in notices}
    assert not told & called
    assert {n.id for n in notices if n.state == "delivered"} <= told
    assert {id_: fates.get(id_) for id_ in told if fates.get(id_) != "delivered"} == {}
    arrived = {id_ for id_, fate in fates.items() if fate == "delivered"}
    assert len(arrived & called) <= len(notices) // 10, "called although it arrived"


async def play(
    stack: StackHarness, scene: Scene, logs: Path, patch: pytest.MonkeyPatch
) -> list[tuple[str, str]]:
    """The steps and moments at which senders died."""
    began_at = time.time()
    clock = build_clock(began_at)
    put_in_place(clock, patch.setattr)
    async with open_neighbours(stack, 2 * PROVIDER_TIMEOUT_S, clock) as neighbours:
        persons = await register_persons(neighbours, scene.persons)
        faults = {"faults": FAULTS, "seed": SEED}
        await neighbours.simulators.post("/simulator/faults", json=faults)
        database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_notify")
        async with run_senders(neighbours, scene, began_at, logs):
            requests = await publish_facts(neighbours, persons, scene.each)
            await wait_for_the_end(database, len(requests))
            # Who is to die of what the other did in the meantime gets more to do.
            while len(list_deaths(logs)) < scene.lives and len(requests) < 2 * scene.notices:
                requests |= await publish_facts(neighbours, persons[:MORE], each=1)
                await wait_for_the_end(database, len(requests))
        notices = await mongo.find(database, Notice, {})
        messages = await read_phones(neighbours)
        counters = await neighbours.read_counters()
    print(Counter(list_deaths(logs)))
    print(Counter((n.state, n.code, n.task is not None) for n in notices), counters)
    assert {notice.regarding for notice in notices} == requests
    assert len(notices) == len(requests)
    check_nobody_twice(messages, counters)
    check_nobody_missing(notices, messages)
    deaths = list_deaths(logs)
    cut_off = [a for notice in notices for a in notice.attempts if a.code == "no_outcome"]
    # In each place a call, and one whose outcome waits for the next transaction (0551).
    assert len(cut_off) <= len(deaths) * CALLS * PROVIDERS * 2
    return deaths


@pytest.mark.timeout(240)
async def test_killed_while_it_sends_nobody_is_told_twice_and_nobody_is_missing(
    stack: StackHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = (
        Death("claim", "after", 0),
        Death("note", "after", 0),
        Death("call", "midst", 20),
        Death("outcome", "midst", 2),
    )
    scene = Scene(notices=100, each=2, deaths={"one": lives}, receipt_wait_s=600)
    assert len(await play(stack, scene, tmp_path, monkeypatch)) == len(lives)


STEPS = frozenset(product(sender_deaths.STEPS, sender_deaths.MOMENTS))


@pytest.mark.long
@pytest.mark.timeout(count_examples(900, 1800))
async def test_of_a_thousand_under_faults_none_is_told_twice_wherever_two_senders_die(
    stack: StackHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten thousand with GUANJIA_TEST_DEEP=1, and each step and moment four times as often."""
    lives = count_examples(18, 72)
    deaths = {name: draw_deaths(f"{SEED}{name}", lives, spacing=12) for name in ("one", "two")}
    scene = Scene(
        notices=count_examples(1_000, 10_000),
        each=2,
        deaths=deaths,
        receipt_wait_s=count_examples(1_500, 3_000),
    )
    assert set(await play(stack, scene, tmp_path, monkeypatch)) == STEPS
