"""The whole of the ledger's bench."""

import asyncio
import os
from pathlib import Path

from tests.bench.ledger.appending import measure_appending
from tests.bench.ledger.facts import write_log
from tests.bench.ledger.proving import measure_proving
from tests.bench.ledger.report import LedgerReport
from tests.bench.ledger.verifying import measure_verifying
from tests.bench.loop import Say

APPENDED = 50_000


def bench_ledger(entries: int, path: Path, say: Say) -> LedgerReport:
    """A log of `entries`; a tenth of it, at most 50,000, is appended with a database."""
    load = os.getloadavg()[0]
    appended = min(APPENDED, entries)
    appending = asyncio.run(measure_appending(appended, path / "appending", say))
    write_log(path / "log", entries, say)
    proving = measure_proving(path / "log", entries, say)
    verifying = measure_verifying(path / "log", path, say)
    return LedgerReport(load, entries, appending, verifying, proving)
