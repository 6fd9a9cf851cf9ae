"""`guanjia import donations` of a large statement, killed on the way and begun again, beside a bare
loop that reads the same file and inserts its rows into the same database."""

import asyncio
import csv
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

from tests.support.statements import start_statement_stack

FUND = "bench"
BATCH = 1000
HEADERS = ("流水号", "名称", "金额", "到账时间", "用途")


@dataclass(frozen=True, slots=True)
class ImportFigures:
    """rows_s: of the import that ended. bare_rows_s: of the loop. peak_mb: of the command alone.
    entries: of the ledger, fund_fen what it received: each row once."""

    rows: int
    killed: int
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
    rows: int, kills: int, path: Path, say: Callable[[str], None]
) -> ImportFigures:
    """kills: imports of half of the rows that are killed before the one that ends."""
    first, second = path / "first.csv", path / "second.csv"
    write_statement(first, rows)
    async with start_statement_stack(path / "data", FUND) as books:
        bare = await asyncio.to_thread(insert_bare, first, books.mongo_uri)
        say(f"bare: {bare:,.0f} rows/s")
        for number in range(kills):
            status, _ = await _import(books.data_dir, first, kill_after_s=4.0 + 3 * number)
            say(f"killed: {status}")
        begun = time.perf_counter()
        status, peak_kb = await _import(books.data_dir, first)
        resumed_s = time.perf_counter() - begun
        assert status == 0, status
        say(f"again, to its end: {resumed_s:.0f} s")
        _write_others(first, second)
        begun = time.perf_counter()
        status, peak_again_kb = await _import(books.data_dir, second)
        took_s = time.perf_counter() - begun
        assert status == 0, status
        summary = await books.get("/summary")
        return ImportFigures(
            rows,
            kills,
            rows / took_s,
            bare,
            max(peak_kb, peak_again_kb) / 1024,
            summary["size"],
            summary["received_fen"],
        )


def _write_others(file: Path, target: Path) -> None:
    """The same file under other references: as many new gifts of the same givers."""
    target.write_text(file.read_text(encoding="utf-8").replace("ICBC20260105", "ICBC20260106"))
