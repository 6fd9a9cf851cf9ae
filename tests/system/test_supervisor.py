"""The supervisor over tiny real processes: order, restarts, and nobody left behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.parts import Part, build_service, explain_last_error
from deploy.local.ports import find_free_port, is_free
from deploy.local.runner import PartFailedError, compute_backoff_s
from deploy.local.supervisor import Supervisor

REPOSITORY = Path(__file__).parents[2]

# Writes into one journal when it starts and when it is asked to stop.
PROGRAM = """
import os, signal, sys
name, journal = sys.argv[1:]
def write(what):
    with open(journal, "a") as file:
        file.write(f"{what} {name} {os.getpid()}\\n")
def stop(*_):
    write("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
write("started")
while True:
    signal.pause()
"""

ORPHANED = """
import asyncio, sys
from pathlib import Path
from tests.system.test_supervisor import make_part
from deploy.local.supervisor import Supervisor
async def main():
    supervisor = Supervisor([[make_part("child", Path(sys.argv[1]))]], announce=print)
    await supervisor.start()
    print(supervisor.list_pids()["child"], flush=True)
    await supervisor.watch()
asyncio.run(main())
"""


def read_journal(folder: Path) -> list[list[str]]:
    """(what, name, pid) in the order it happened."""
    journal = folder / "journal"
    return [line.split() for line in journal.read_text().splitlines()] if journal.exists() else []


async def has_started(folder: Path, name: str) -> bool:
    entries = [what for what, who, _ in read_journal(folder) if who == name]
    return bool(entries) and entries[-1] == "started"


def make_part(name: str, folder: Path, program: str = PROGRAM) -> Part:
    return Part(
        name=name,
        command=(sys.executable, "-c", program, name, str(folder / "journal")),
        address="nowhere",
        log_file=folder / f"{name}.log",
        is_healthy=partial(has_started, folder, name),
        stop_grace_s=10,
        healthy_within_s=90,
    )


async def wait_until(fact: Callable[[], bool], within_s: float = 90) -> None:
    async with asyncio.timeout(within_s):
        while not fact():  # noqa: ASYNC110 - the facts are other processes'
            await asyncio.sleep(0.01)


async def test_parts_start_by_stages_and_stop_in_reverse(tmp_path: Path) -> None:
    stages = [[make_part("broker", tmp_path)], [make_part("intake", tmp_path)]]
    supervisor = Supervisor(stages, announce=print)
    await supervisor.start()
    assert set(supervisor.list_pids()) == {"broker", "intake"}
    await supervisor.stop()
    assert supervisor.list_pids() == {}
    events = [(what, name) for what, name, _ in read_journal(tmp_path)]
    assert events == [
        ("started", "broker"),
        ("started", "intake"),
        ("stopped", "intake"),
        ("stopped", "broker"),
    ]


async def test_killed_part_is_announced_and_comes_back(tmp_path: Path) -> None:
    lines: list[str] = []
    supervisor = Supervisor([[make_part("notify", tmp_path)]], announce=lines.append)
    await supervisor.start()
    watching = asyncio.create_task(supervisor.watch())
    first = supervisor.list_pids()["notify"]
    await supervisor.kill("notify")
    await wait_until(lambda: len(read_journal(tmp_path)) == 2)
    await supervisor.wait_healthy("notify")
    assert supervisor.list_pids()["notify"] != first
    assert "notify" in lines[0]
    assert "SIGKILL" in lines[0]
    await supervisor.stop()
    await watching


async def test_part_that_is_taken_away_stays_away_until_it_is_restarted(tmp_path: Path) -> None:
    lines: list[str] = []
    supervisor = Supervisor([[make_part("broker", tmp_path)]], announce=lines.append)
    await supervisor.start()
    watching = asyncio.create_task(supervisor.watch())
    await supervisor.take_away("broker")
    await asyncio.sleep(0)  # the watch has seen it end
    assert supervisor.list_pids() == {}
    await supervisor.restart("broker")
    await wait_until(lambda: len(read_journal(tmp_path)) == 2)
    await supervisor.stop()
    await watching
    assert lines == []
    assert [what for what, _, _ in read_journal(tmp_path)] == ["started", "started", "stopped"]


async def test_part_that_keeps_dying_is_retried_ever_more_slowly(tmp_path: Path) -> None:
    lines: list[str] = []
    supervisor = Supervisor([[make_part("audit", tmp_path)]], announce=lines.append)
    await supervisor.start()
    watching = asyncio.create_task(supervisor.watch())
    for deaths in range(1, 4):
        await supervisor.kill("audit")
        await wait_until(lambda deaths=deaths: len(read_journal(tmp_path)) == deaths + 1)  # type: ignore[misc]
    delays = [float(line.split(" s")[-2].split()[-1]) for line in lines if "SIGKILL" in line]
    assert len(delays) == 3
    assert 0.1 <= delays[0] <= 0.2
    assert 0.2 <= delays[1] <= 0.4
    assert 0.4 <= delays[2] <= 0.8
    await supervisor.stop()
    await watching


async def test_stop_during_a_backoff_leaves_nothing_running(tmp_path: Path) -> None:
    lines: list[str] = []
    supervisor = Supervisor([[make_part("audit", tmp_path)]], announce=lines.append)
    await supervisor.start()
    watching = asyncio.create_task(supervisor.watch())
    await supervisor.kill("audit")
    await wait_until(lambda: bool(lines))
    await supervisor.stop()
    await watching
    assert supervisor.list_pids() == {}
    assert len(read_journal(tmp_path)) == 1


async def test_restart_is_no_death(tmp_path: Path) -> None:
    lines: list[str] = []
    supervisor = Supervisor([[make_part("intake", tmp_path)]], announce=lines.append)
    await supervisor.start()
    watching = asyncio.create_task(supervisor.watch())
    await supervisor.restart("intake")
    await supervisor.stop()
    await watching
    assert lines == []
    assert [what for what, _, _ in read_journal(tmp_path)] == ["started", "stopped"] * 2


async def test_part_that_dies_at_start_fails_it_with_its_last_words(tmp_path: Path) -> None:
    broken = make_part("matching", tmp_path, "raise SystemExit('GUANJIA_PORT: not a number')")
    supervisor = Supervisor([[make_part("broker", tmp_path)], [broken]], announce=print)
    with pytest.raises(PartFailedError, match="GUANJIA_PORT: not a number"):
        await supervisor.start()
    assert supervisor.list_pids() == {}
    assert [what for what, _, _ in read_journal(tmp_path)] == ["started", "stopped"]


LOGGED = """
{"event": "service_ready", "level": "info"}
{"event": "start_waits", "error": "broker 127.0.0.1:9: refused", "level": "warning"}
"""
RAISED = [{"exc_type": "RootError", "exc_value": "no root.key\nmore"}, {"exc_type": "OSError"}]
ENDED = LOGGED + json.dumps({"event": "process_ends", "level": "error", "exception": RAISED})
LIBRARY = '{"event": "library_message", "message": "Unclosed producer", "level": "error"}'
PRINTED = """
Traceback (most recent call last):
  File "main.py", line 1, in <module>
    raise ValueError("an error within")
ValueError: port 80 is taken
{"event": "stopping", "level": "info"}
"""


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (LOGGED, "start_waits: broker 127.0.0.1:9: refused"),
        (ENDED, "process_ends: RootError: no root.key"),
        (PRINTED, "ValueError: port 80 is taken"),
        (LOGGED + LIBRARY, "start_waits: broker 127.0.0.1:9: refused"),
        (LIBRARY, "library_message: Unclosed producer"),
        (
            "设置有误 wrong setting: GUANJIA_PORT = 'x'",
            "设置有误 wrong setting: GUANJIA_PORT = 'x'",
        ),
        ("all is well\n", None),
    ],
)
def test_why_a_part_does_not_start_is_one_line(log: str, line: str | None) -> None:
    assert explain_last_error(log) == line


async def test_a_part_that_cannot_start_says_so_in_one_line(tmp_path: Path) -> None:
    part = build_service("matching", 9, {}, tmp_path / "matching.log")
    program = "print('one'); print('two'); raise SystemExit('设置有误 wrong setting: X')"
    broken = replace(part, command=(sys.executable, "-c", program))
    with pytest.raises(PartFailedError) as failed:
        await Supervisor([[broken]], announce=print).start()
    assert len(str(failed.value).splitlines()) == 1
    assert "设置有误 wrong setting: X" in str(failed.value)
    assert str(tmp_path / "matching.log") in str(failed.value)


async def test_a_part_is_prepared_before_each_start(tmp_path: Path) -> None:
    """What it needs may be lost with its disk while it is away."""
    disk, lines = tmp_path / "disk", list[str]()

    def prepare() -> None:
        disk.mkdir(exist_ok=True)

    supervisor = Supervisor(
        [[replace(make_part("broker", tmp_path), prepare=prepare)]], announce=lines.append
    )
    await supervisor.start()
    watching = asyncio.create_task(supervisor.watch())
    disk.rmdir()
    await supervisor.kill("broker")
    await supervisor.wait_healthy("broker")
    assert disk.is_dir()
    disk.rmdir()
    await supervisor.restart("broker")
    assert disk.is_dir()
    await supervisor.stop()
    await watching


async def test_part_that_never_gets_healthy_fails_the_start(tmp_path: Path) -> None:
    silent = make_part(
        "matching", tmp_path, "import signal; print('hm', flush=True); signal.pause()"
    )
    supervisor = Supervisor([[replace(silent, healthy_within_s=1)]], announce=print)
    with pytest.raises(PartFailedError, match="not healthy"):
        await supervisor.start()
    assert supervisor.list_pids() == {}


async def test_deaf_part_is_killed_after_its_grace(tmp_path: Path) -> None:
    deaf = make_part("deaf", tmp_path, PROGRAM.replace("(signal.SIGTERM, stop)", "(15, 1)"))
    supervisor = Supervisor([[replace(deaf, stop_grace_s=0.2)]], announce=print)
    await supervisor.start()
    await supervisor.stop()
    assert supervisor.list_pids() == {}
    assert [what for what, _, _ in read_journal(tmp_path)] == ["started"]


async def test_paused_part_still_stops_in_order(tmp_path: Path) -> None:
    supervisor = Supervisor([[make_part("notify", tmp_path)]], announce=print)
    await supervisor.start()
    await supervisor.pause("notify")
    await supervisor.stop()
    assert [what for what, _, _ in read_journal(tmp_path)] == ["started", "stopped"]


async def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    command = (sys.executable, "-c", ORPHANED, str(tmp_path))
    with subprocess.Popen(  # noqa: ASYNC220
        command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as parent:
        assert parent.stdout
        child = os.pidfd_open(int(await asyncio.to_thread(parent.stdout.readline)))
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(child, gone.set)
        parent.send_signal(signal.SIGKILL)
        try:
            await asyncio.wait_for(gone.wait(), 90)
        finally:
            asyncio.get_running_loop().remove_reader(child)
            os.close(child)
    assert [what for what, _, _ in read_journal(tmp_path)] == ["started"]


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_backoff_grows_within_its_bounds(failures: int, chance: float) -> None:
    assert 0.1 <= compute_backoff_s(failures, chance) <= 10
    assert compute_backoff_s(failures, chance) <= compute_backoff_s(failures + 1, chance)


def test_free_ports_are_free_and_differ() -> None:
    ports = [find_free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(is_free(port) for port in ports)
