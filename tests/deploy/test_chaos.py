"""Chaos without a stack: the schedule, the proxy, and a checker that finds whatever is wrong."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.chaos import running
from deploy.chaos.checks import Seen, Sent, list_chaos_checks
from deploy.chaos.clocked import build_clock
from deploy.chaos.faults import KILLED, SERVICES, Struck, list_targets
from deploy.chaos.lifecycles import Lifecycle
from deploy.chaos.older import ROOT, OlderMissingError, count_items, unpack_older
from deploy.chaos.proxy import Wire
from deploy.chaos.running import COMMITTED, measure_recovery
from deploy.chaos.schedule import CALM_S, Fault, FaultKind, draw_schedule
from deploy.chaos.steadiness import compare_thirds
from deploy.chaos.wishes import WISH_FEN, make_wish, write_wish
from deploy.demo import clients
from deploy.demo.checks import Check
from deploy.local.ports import find_free_port
from services.intake.channels.text import Draft, understand
from tests.support.examples import count_examples

# --- the schedule ---------------------------------------------------------------------------------

BROKERS = ("broker", "broker-2", "broker-3")
MONGODS = ("mongod", "mongod-2", "mongod-3")
TARGETS = list_targets(("broker", "audit-http"), BROKERS, ("audit",), MONGODS, ("audit",))


@settings(max_examples=count_examples(20, 200))
@given(st.integers(min_value=0), st.floats(30, 600))
def test_a_seed_repeats_its_schedule_and_nothing_is_struck_twice_at_a_time(
    seed: int, seconds: float
) -> None:
    schedule = draw_schedule(seed, seconds, TARGETS)
    assert schedule == draw_schedule(seed, seconds, TARGETS)
    assert list(schedule) == sorted(schedule, key=lambda fault: fault.at_s)
    assert all(fault.ends_s <= seconds - CALM_S + 0.1 for fault in schedule)
    for name in {fault.target for fault in schedule}:
        same = [fault for fault in schedule if fault.target == name]
        assert all(a.ends_s < b.at_s for a, b in pairwise(same))


def test_each_target_is_struck_before_any_is_struck_again() -> None:
    schedule = draw_schedule(7, 3600, TARGETS)
    first = [(fault.kind, fault.target) for fault in schedule[: len(TARGETS)]]
    assert sorted(first) == sorted((target.kind, target.name) for target in TARGETS)
    assert {target for kind, target in first if kind is FaultKind.KILL} == {
        *KILLED,
        *BROKERS,
        *MONGODS,
    }


def test_another_seed_is_another_schedule() -> None:
    assert draw_schedule(1, 120, TARGETS) != draw_schedule(2, 120, TARGETS)


# --- the load ---


@pytest.mark.parametrize("number", [0, 999, 1000, 9_999])
def test_a_wish_by_sms_is_understood_as_the_wish_it_is(number: int) -> None:
    amount_fen = WISH_FEN - number
    understood = understand(write_wish("run", number, amount_fen)["text"])
    assert isinstance(understood, Draft)
    assert understood.missing == ()
    wish = make_wish("run", number, amount_fen)
    assert (understood.category, understood.need) == (wish.category, wish.need)


def test_a_primary_steps_down_only_where_another_may_take_its_place() -> None:
    assert FaultKind.SWITCH in {target.kind for target in TARGETS}
    alone = list_targets(("broker",), ("broker",), ("audit",), ("mongod",))
    assert FaultKind.SWITCH not in {target.kind for target in alone}
    assert FaultKind.OLDER not in {target.kind for target in alone}


# --- the older version ---


def test_an_older_version_is_the_whole_tree_of_its_commit(tmp_path: Path) -> None:
    commit = read_head()
    tree = unpack_older(tmp_path / "older", commit)
    written = (tree / "shared" / "clock.py").read_bytes()
    shown = subprocess.run(
        ("git", "-C", str(ROOT), "show", f"{commit}:shared/clock.py"),
        capture_output=True,
        check=True,
    )
    assert written == shown.stdout


def read_head() -> str:
    found = subprocess.run(("git", "-C", str(ROOT), "rev-parse", "HEAD"), capture_output=True)
    if found.returncode:
        pytest.skip("no clone: this tree has no history")
    return found.stdout.decode().strip()


def test_a_commit_that_this_clone_lacks_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(OlderMissingError, match="git fetch --unshallow"):
        unpack_older(tmp_path / "older", "0" * 40)


def test_what_an_older_instance_worked_on_is_read_from_its_metrics() -> None:
    lines = (
        'guanjia_batch_items_sum{service="audit",kind="records"} 12.0',
        'guanjia_batch_items_sum{service="audit",kind="commands"} 3.0',
        'guanjia_batch_items_count{service="audit",kind="records"} 9.0',
    )
    assert count_items("\n".join(lines)) == 15
    assert count_items("") == 0


# --- recovery -------------------------------------------------------------------------------------


def test_recovery_ends_with_the_first_wish_of_after_the_fault_that_is_promised_money() -> None:
    struck = Struck(Fault(4, FaultKind.KILL, "audit"), began_at=10, ended_at=10)
    before = Lifecycle(9, steps={COMMITTED: 11})
    after = [Lifecycle(10.5, steps={COMMITTED: 14}), Lifecycle(11, steps={COMMITTED: 13.5})]
    assert measure_recovery(struck, [before, *after, Lifecycle(12)]) == 3.5
    assert measure_recovery(struck, [before, Lifecycle(12)]) is None


def test_a_clock_is_as_far_ahead_as_its_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, monotonic = tmp_path / "clock", iter((10.0, 10.0, 10.2, 10.6, 10.6))
    monkeypatch.setattr(time, "monotonic", lambda: next(monotonic))
    file.write_text("0")
    read_now = build_clock(file, lambda: 100.0)
    assert read_now() == 100
    file.write_text("3600")
    assert [read_now(), read_now()] == [100, 3700]


def test_a_soak_compares_its_first_third_with_its_last() -> None:
    assert compare_thirds([1, 2, 3, 40, 50, 60, 7, 8, 9]) == (2, 8)
    assert compare_thirds([1, 2]) is None


# --- the proxy ------------------------------------------------------------------------------------


@asynccontextmanager
async def connecting() -> AsyncIterator[tuple[Wire, Callable[[], Any]]]:
    """A wire to a server that sends back what it gets; how to come in."""

    async def send_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(send_back, "127.0.0.1", 0)
    async with server, Wire(server.sockets[0].getsockname()[1]) as wire:
        yield wire, lambda: asyncio.open_connection("127.0.0.1", wire.port)


async def test_what_is_sent_while_a_wire_is_cut_never_comes_and_its_connection_ends() -> None:
    async with connecting() as (wire, connect):
        reader, writer = await connect()
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        quiet, quiet_writer = await connect()
        quiet_writer.write(b"one")
        assert await quiet.readexactly(3) == b"one"
        wire.cut()
        writer.write(b"two")
        fresh, fresh_writer = await connect()
        fresh_writer.write(b"three")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.gather(reader.read(1), fresh.read(1)), 0.2)
        wire.mend()
        for torn in (reader, fresh):
            assert await torn.read(1) == b""
        quiet_writer.write(b"four")
        assert await quiet.readexactly(4) == b"four"


async def test_a_slow_wire_is_slow_in_both_directions() -> None:
    async with connecting() as (wire, connect):
        reader, writer = await connect()
        wire.delay_s = 0.1
        began_at = time.monotonic()
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        assert time.monotonic() - began_at >= 0.2


async def test_an_end_that_closes_closes_the_other() -> None:
    async with connecting() as (_, connect):
        reader, writer = await connect()
        writer.write(b"one")
        await reader.readexactly(3)
        writer.close()
        assert await reader.read() == b""


# --- the comparison -------------------------------------------------------------------------------


def make_stack(tmp_path: Path) -> Any:
    """Nobody listens at its addresses."""
    urls = {name: f"http://127.0.0.1:{find_free_port()}" for name in (*SERVICES, "simulators")}
    return SimpleNamespace(urls=urls, secrets_dir=tmp_path)


async def test_a_service_that_is_away_at_the_comparison_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "AGREE_WITHIN_S", 0.0)
    monkeypatch.setattr(clients, "TRIES_MAX", 1)
    for service in SERVICES:
        (tmp_path / f"{service}.token").write_text("x")
    (tmp_path / "operator.token").write_text("x")
    [check] = await running.compare(make_stack(tmp_path), Mock())
    assert not check.holds
    assert isinstance(check.actual, list)
    assert [line.partition(":")[0] for line in check.actual[:4]] == list(SERVICES)


async def test_a_service_that_comes_back_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed = Check("all", 1, 1)
    answers = AsyncMock(side_effect=[clients.RefusedError("503"), [agreed]])
    monkeypatch.setattr(running, "list_all_checks", answers)
    monkeypatch.setattr(running, "LOOK_EVERY_S", 0.0)
    assert await running.compare(make_stack(tmp_path), Mock()) == [agreed]


async def test_what_a_service_refuses_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was read as one: `KeyError` for whatever was looked up in it."""
    monkeypatch.setattr(clients, "TRIES_MAX", 1)
    busy = httpx.MockTransport(lambda _: httpx.Response(503, json={"problems": []}))
    async with httpx.AsyncClient(transport=busy) as http:
        client = clients.Client(http, "http://audit", "", asyncio.Semaphore(1))
        with pytest.raises(clients.RefusedError, match="http://audit/summary: 503"):
            await client.get("/summary")


# --- the checker ----------------------------------------------------------------------------------

LIFE = (
    *("request.opened", "request.closed"),
    *(f"match.{step}" for step in ["proposed", "accepted", "committed", "delivered", "confirmed"]),
    *("ledger.committed", "ledger.obligated", "ledger.disbursed"),
)
SENT = Sent({"R-1": 300, "R-2": 200}, {"g": 900}, {"O": 500})


@dataclass
class World:
    """Two requests that were served, as everything should be."""

    events: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    sent: Sent = SENT

    def __post_init__(self) -> None:
        for number, amount_fen in enumerate(self.sent.requests.values(), 1):
            for kind in LIFE:
                subject = f"R-{number}" if kind.startswith("request") else f"M-{number}"
                self.add(kind, subject, number, amount_fen)
            self.states[f"R-{number}"] = "closed"
            self.add("notice.sent", f"N-{number}", number, amount_fen)
        self.totals = {
            "received_fen": 900,
            "obligated_fen": 500,
            "spent_fen": 500,
            "remaining_fen": 400,
        }

    def add(self, kind: str, subject: str, number: int, amount_fen: int) -> None:
        data = {"request_id": f"R-{number}", "offer_id": "O", "amount_fen": amount_fen}
        data |= {"quantity": amount_fen, "person_id": f"P-{number}"}
        data |= {"purpose": "request_opened", "regarding": f"R-{number}"}
        self.events.append({"type": f"guanjia.{kind}.v1", "subject": subject, "data": data})

    def drop(self, kind: str, subject: str) -> None:
        self.events = [
            event
            for event in self.events
            if (event["type"], event["subject"]) != (f"guanjia.{kind}.v1", subject)
        ]

    def list_wrong(self) -> list[str]:
        seen = Seen(self.events, self.states, self.totals)
        checks = list_chaos_checks(self.sent, seen)
        return [check.title.partition(" ")[2] for check in checks if not check.holds]


def test_what_is_as_it_should_be_is_not_complained_of() -> None:
    assert World().list_wrong() == []


def lose_request(world: World) -> None:
    del world.states["R-1"]


def leave_request(world: World) -> None:
    world.states["R-1"] = "open"


def invent_request(world: World) -> None:
    world.states["R-9"] = "closed"


def open_twice(world: World) -> None:
    world.add("request.opened", "R-1", 1, 300)


def serve_twice(world: World) -> None:
    world.add("match.confirmed", "M-9", 1, 300)


def serve_never(world: World) -> None:
    world.drop("match.confirmed", "M-1")


def pay_twice(world: World) -> None:
    world.add("ledger.disbursed", "M-1", 1, 300)


def pay_a_fen_less(world: World) -> None:
    world.drop("ledger.disbursed", "M-1")
    world.add("ledger.disbursed", "M-1", 1, 299)


def promise_too_much(world: World) -> None:
    world.add("match.accepted", "M-9", 9, 1)


def release_what_was_committed(world: World) -> None:
    world.add("ledger.released", "M-1", 1, 300)


def lose_a_fen_in_the_log(world: World) -> None:
    world.totals["remaining_fen"] = 399


def send_two_notices(world: World) -> None:
    world.add("notice.sent", "N-9", 1, 300)


def take_a_gift_for_more(world: World) -> None:
    world.sent = replace(world.sent, gifts={"g": 901})


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        (lose_request, "acknowledged requests that are missing"),
        (leave_request, "requests that are not closed"),
        (invent_request, "requests that nobody sent"),
        (open_twice, "each request opened once"),
        (serve_twice, "each request served once"),
        (serve_never, "each request served once"),
        (pay_twice, "once: guanjia.ledger.disbursed.v1"),
        (pay_a_fen_less, "money of each request, 已付 paid"),
        (promise_too_much, "offers promised beyond what they hold"),
        (release_what_was_committed, "money of each request, 承诺 committed"),
        (lose_a_fen_in_the_log, "= 模型 totals of the published log = model"),
        (send_two_notices, "notices made twice"),
        (take_a_gift_for_more, "= 模型 totals of the published log = model"),
    ],
)
def test_the_checker_finds(harm: Callable[[World], None], finding: str) -> None:
    world = World()
    harm(world)
    assert finding in world.list_wrong()
