"""A whole verification beside the three journal programs that balance the same entries."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.audit.exports.journal import Dialect, write_journal
from tests.audit.ledgers import log_key
from tests.bench.ledger.cost import cost_of
from tests.bench.loop import Say

OURS = "guanjia audit verify"
PROGRAMS: dict[Dialect, Sequence[str]] = {
    "ledger": ("ledger", "--file", "{}", "balance"),
    "hledger": ("hledger", "--file", "{}", "balance"),
    "beancount": ("bean-check", "--no-cache", "{}"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """seconds is None where the program is not installed."""

    program: str
    seconds: float | None = None
    cpu_s: float = 0.0
    peak_mb: float = 0.0


def measure_verifying(log: Path, folder: Path, say: Say) -> list[Cost]:
    """Ours first."""
    say("ledger: verifying")
    command = "from services.audit.cli import app; app()"
    asked = ["verify", str(log), "--vkey", str(log_key().vkey), "--json"]
    costs = [_cost(OURS, [sys.executable, "-c", command, *asked])]
    for dialect, argv in PROGRAMS.items():
        program = _found(argv[0])
        if program is None:
            costs.append(Cost(argv[0]))
            continue
        journal = folder / f"journal.{dialect}"
        say(f"ledger: writing the journal for {dialect}")
        write_journal(log, dialect, journal)
        say(f"ledger: {dialect} balances it")
        rest = [each.format(journal) for each in argv[1:]]
        costs.append(_cost(argv[0], [program, *rest]))
        journal.unlink()
    return costs


def _found(program: str) -> str | None:
    """On the path, or beside this Python."""
    return shutil.which(program) or shutil.which(program, path=Path(sys.executable).parent)


def _cost(name: str, argv: Sequence[str]) -> Cost:
    found = cost_of(argv)
    return Cost(name, found["seconds"], found["cpu_s"], found["peak_mb"])
