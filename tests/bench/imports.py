"""`guanjia import donations` of a large statement, killed on the way and begun again, beside a bare
loop that reads the same file and inserts its rows into the same database."""

import asyncio
import csv
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

from tests.support.statements import StatementStack, start_statement_stack

FUND = "bench"
BATCH = 1000
HEADERS = ("流水号", "名称", "金额", "到账时间", "用途")


@dataclass(frozen=True, slots=True)
class ImportFigures:
    """kept: rows in the books when the last import began, after the kills. rows_s: of an import
    that ran from its beginning to its end; with one file, of what the last one entered.
    bare_rows_s: of the loop. peak_mb: of the command alone. entries: of the ledger, received_fen
    what its fund received: each row once."""

    rows: int
    kept: int
    rows_s: float
    bare_rows_s: float
    peak_mb: float
    entries: int
    received_fen: int


def write_statement(file: Path, rows: int) -> int:
    """Each row another giver's gift. Returns their sum in fen."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADERS)
        for number in range(rows):
            amount = f"{number % 997 + 1}.00"
            giver, reference = f"捐赠人{number}", f"ICBC20260105N{number:08d}"
            writer.writerow((reference, giver, amount, "2026-01-05 09:12:33", "助学"))
    return sum((number % 997 + 1) * 100 for number in range(rows))


def insert_bare(file: Path, mongo_uri: str) -> float:
    """Rows a second, as durable as ours (w majority, j true), and nothing else."""
    client: MongoClient[dict[str, object]] = MongoClient(mongo_uri)
    concern = WriteConcern(w="majority", j=True)
    rows = client["bench_bare"].get_collection("rows", write_concern=concern)
    count, begun, batch = 0, time.perf_counter(), list[dict[str, object]]()
    with file.open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            batch.append({**row})
            count += 1
            if len(batch) == BATCH:
                rows.insert_many(batch)
                batch = []
    if batch:
        rows.insert_many(batch)
    return count / (time.perf_counter() - begun)


async def _import(data_dir: Path, file: Path, kill_after_s: float | None = None) -> tuple[int, int]:
    """The exit status, and the peak of memory in kB; -9 where it was killed."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("GUANJIA_")}
    words = ("import", "donations", str(file), "--set", f"fund_id={FUND}", "--show", "0")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deploy.cli",
        *words,
        stdout=asyncio.subprocess.DEVNULL,
        env=ours | {"GUANJIA_DATA_DIR": str(data_dir)},
    )
    peak_kb = 0
    begun = time.perf_counter()
    while process.returncode is None:
        peak_kb = max(peak_kb, _read_peak_kb(process.pid))
        if kill_after_s is not None and time.perf_counter() - begun > kill_after_s:
            process.send_signal(signal.SIGKILL)
        await asyncio.wait({asyncio.ensure_future(process.wait())}, timeout=0.1)
    return process.returncode, peak_kb


def _read_peak_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(line.split()[1]) for line in lines), 0)


async def bench_imports(
    rows: int,
    kills_at_s: Sequence[float],
    path: Path,
    say: Callable[[str], None],
    *,
    is_twice: bool,
) -> ImportFigures:
    """kills_at_s: when each import before the one that ends is killed, from its own start.
    is_twice: as many rows once more under other references, by an import that nothing disturbs."""
    first, second = path / "first.csv", path / "second.csv"
    write_statement(first, rows)
    async with start_statement_stack(path / "data", FUND) as books:
        bare = await asyncio.to_thread(insert_bare, first, books.mongo_uri)
        say(f"bare: {bare:,.0f} rows/s")
        for kill_at_s in kills_at_s:
            status, _ = await _import(books.data_dir, first, kill_after_s=kill_at_s)
            kept = await _count_entries(books)
            say(f"killed after {kill_at_s:.0f} s: {status}; {kept:,} entries on the ledger")
        kept = await _count_entries(books) - 1
        took_s, peak_kb = await _import_whole(books, first)
        say(f"to its end: {took_s:.0f} s")
        rows_s = (rows - kept) / took_s
        if is_twice:
            _write_others(first, second)
            took_s, peak_again_kb = await _import_whole(books, second)
            peak_kb, rows_s = max(peak_kb, peak_again_kb), rows / took_s
        summary = await books.get("/summary")
        return ImportFigures(
            rows, kept, rows_s, bare, peak_kb / 1024, summary["size"], summary["received_fen"]
        )


async def _count_entries(books: StatementStack) -> int:
    """The opening of the fund, and one for each row."""
    return int((await books.get("/summary"))["size"])


async def _import_whole(books: StatementStack, file: Path) -> tuple[float, int]:
    """Seconds, and the peak of memory in kB."""
    begun = time.perf_counter()
    status, peak_kb = await _import(books.data_dir, file)
    assert status == 0, status
    return time.perf_counter() - begun, peak_kb


def _write_others(file: Path, target: Path) -> None:
    """The same file under other references: as many new gifts of the same givers."""
    target.write_text(file.read_text(encoding="utf-8").replace("ICBC20260105", "ICBC20260106"))
