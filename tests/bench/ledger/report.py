"""The ledger's figures, as ratios first: they survive a busy machine."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.ledger.appending import BATCH, Appending
from tests.bench.ledger.proving import Proving
from tests.bench.ledger.verifying import OURS, Cost


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """load_at_start: what others did on the machine."""

    load_at_start: float
    entries: int
    appending: Appending
    verifying: list[Cost]
    proving: Proving


def show(found: LedgerReport, console: Console) -> None:
    console.print(f"账本 the ledger; load average at start {found.load_at_start:.1f}")
    console.print(_appending(found.appending))
    console.print(_verifying(found))
    console.print(_proving(found.proving))


def _appending(found: Appending) -> Table:
    title = (
        f"记账 appending {found.entries:,} entries, {BATCH} in a transaction, "
        f"{found.checkpoints} checkpoints"
    )
    table = Table("步骤 step", "entries/s", "ratio", title=title)
    rows = [
        ("hashlib alone: leaf hashes and tree", found.hashing, ""),
        ("sealed in memory: numbered, encoded, checked, hashed", found.sealing, "hashing"),
        (f"tiles and bundles on disk, a checkpoint for {BATCH}", found.publishing, "hashing"),
        ("insert_many of the same bytes (w majority, j)", found.inserting, ""),
        ("all of it: sealed, committed with the head, published", found.appending, "inserting"),
    ]
    for step, rate, beside in rows:
        ratio = f"{rate / getattr(found, beside):.2f} of {beside}" if beside else ""
        table.add_row(step, f"{rate:,.0f}", ratio)
    return table


def _verifying(found: LedgerReport) -> Table:
    ours = found.verifying[0].seconds or 1.0
    table = Table(
        "程序 program",
        "entries/s",
        "s",
        "CPU s",
        "peak MB",
        "time / ours",
        title=f"核验 verifying {found.entries:,} entries; the others balance the same journal",
    )
    for each in found.verifying:
        if each.seconds is None:
            table.add_row(each.program, "未安装 not installed")
            continue
        figures = (found.entries / each.seconds, each.seconds, each.cpu_s, each.peak_mb)
        ratio = "1" if each.program == OURS else f"{each.seconds / ours:.1f}"
        rate, seconds, cpu_s, peak_mb = figures
        row = (f"{rate:,.0f}", f"{seconds:.1f}", f"{cpu_s:.1f}", f"{peak_mb:,.0f}", ratio)
        table.add_row(each.program, *row)
    return table


def _proving(found: Proving) -> Table:
    table = Table("证明 proof", "a second", title="证明 proofs, from tiles on disk")
    table.add_row("inclusion, entries at random", f"{found.inclusion:,.0f}")
    table.add_row("inclusion, one after another", f"{found.inclusion_in_order:,.0f}")
    table.add_row("consistency, sizes at random", f"{found.consistency:,.0f}")
    return table


def figures(found: LedgerReport) -> dict[str, Any]:
    return asdict(found)
