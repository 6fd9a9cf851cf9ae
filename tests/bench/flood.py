"""One caller floods: what the others' latency is with it and without, in one run.

`python -m tests.bench flood`. Intake as `guanjia run` starts it, on embedded broker and database.
The floods come from a process of their own, over raw sockets; on two cores it takes its share of
them too, so a ratio above one is not the service's alone.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from deploy.local.stack import Stack, StackOptions
from shared.security import Credential, Role, issue
from tests.bench.flooder import CONNECTIONS, LARGE_BYTES, build_request, connect, read_status

OTHERS = 4
PAUSE_S = 0.02
KINDS = {
    "strangers": "no token",
    "strangers_large": f"no token, bodies of {LARGE_BYTES / 1e6:.0f} MB",
    "known": "one token",
    "known_large": f"one token, bodies of {LARGE_BYTES / 1e6:.0f} MB",
    "headers": f"{CONNECTIONS} connections whose header never ends",
}


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds of the others' calls; answers: what the flood was answered, by status.

    memory_mb: of intake, when the flood had just ended.
    """

    kind: str
    p50_ms: float
    p99_ms: float
    answers: dict[str, int]
    memory_mb: float


# --- the others -----------------------------------------------------------------------------------


async def measure_others(url: str, tokens: list[str], seconds: float) -> list[float]:
    """Milliseconds of each call; each caller waits a little after each answer."""
    ends = time.monotonic() + seconds
    calls = await asyncio.gather(*(_call_steadily(url, token, ends) for token in tokens))
    return [each for latencies in calls for each in latencies]


async def _call_steadily(url: str, token: str, ends: float) -> list[float]:
    latencies: list[float] = []
    request = build_request("GET", "/summary", token)
    reader, writer = await connect(url)
    while time.monotonic() < ends:
        began = time.perf_counter()
        writer.write(request)
        status = await read_status(reader)
        latencies.append((time.perf_counter() - began) * 1000)
        assert status == "200", f"the others are answered {status}"
        await asyncio.sleep(PAUSE_S)
    writer.close()
    return latencies


# --- the run --------------------------------------------------------------------------------------


async def bench_flood(path: Path, seconds: float) -> list[Row]:
    """The first row is without a flood, and so is the last: they tell what the machine did."""
    stack = Stack(StackOptions(data_dir=path, services=("intake",)), announce=lambda _: None)
    await stack.start()
    try:
        tokens = [_issue(stack, f"other-{number}") for number in range(OTHERS)]
        flooder, url = _issue(stack, "flooder"), stack.urls["intake"]
        statm = Path(f"/proc/{stack.supervisor.list_pids()['intake']}/statm")
        rows = [_summarize("calm", await measure_others(url, tokens, seconds), {}, statm)]
        for kind in KINDS:
            async with _flooding(kind, url, flooder) as answers:
                latencies = await measure_others(url, tokens, seconds)
            rows.append(_summarize(kind, latencies, answers, statm))
        calm = await measure_others(url, tokens, seconds)
        rows.append(_summarize("calm again", calm, {}, statm))
        return rows
    finally:
        await stack.stop()


def _issue(stack: Stack, id_: str) -> str:
    credential = Credential(id=id_, secret_sha256="", roles=frozenset({Role.COLLECTOR}))
    return issue(stack.secrets_dir / "credentials.json", credential)


@asynccontextmanager
async def _flooding(kind: str, url: str, token: str) -> AsyncIterator[dict[str, int]]:
    """The answers are there when it has ended."""
    command = (sys.executable, "-m", "tests.bench.flooder", kind, url, token)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    answers: dict[str, int] = {}
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield answers
    finally:
        output, _ = await process.communicate(b"")
        for word in output.decode().split("\n")[0].split(" "):
            status, _, count = word.rpartition(":")
            if count.isdigit():
                answers[status] = int(count)


def _summarize(kind: str, latencies: list[float], answers: dict[str, int], statm: Path) -> Row:
    cuts = quantiles(latencies, n=100)
    resident = int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Row(kind, cuts[49], cuts[98], answers, resident / 1e6)


def print_report(rows: list[Row], console: Console) -> None:
    calm = rows[0]
    columns = ("flood", "others' p50 ms", "p99 ms", "p50 ratio", "p99 ratio", "answers to it", "MB")
    table = Table(*columns)
    for row in rows:
        table.add_row(
            KINDS.get(row.kind, row.kind),
            f"{row.p50_ms:.1f}",
            f"{row.p99_ms:.1f}",
            f"{row.p50_ms / calm.p50_ms:.1f}",
            f"{row.p99_ms / calm.p99_ms:.1f}",
            " ".join(f"{status}: {count:,}" for status, count in row.answers.items()),
            f"{row.memory_mb:.0f}",
        )
    console.print(table)
