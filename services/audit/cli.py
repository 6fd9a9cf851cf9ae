"""`guanjia audit verify` proves a published log; `guanjia audit replay` rebuilds every balance.

Both read the published files alone. Replay then compares with what the running service says.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.audit.verify.balances import FundBook, totals
from services.audit.verify.findings import BrokenError
from services.audit.verify.merkle import Frontier, leaf_hash
from services.audit.verify.note import Checkpoint, Note, NoteError
from services.audit.verify.published import read_entries
from services.audit.verify.replay import Replay, replay
from services.audit.verify.source import Source, open_source
from services.audit.verify.tiles import CHECKPOINT
from services.audit.verify.verifier import Report, verify_log

COLUMNS = {
    "received_fen": "收到 received",
    "committed_fen": "已承诺 committed",
    "disbursed_fen": "已拨付 disbursed",
    "released_fen": "已释放 released",
    "outstanding_fen": "未了结 outstanding",
    "remaining_fen": "可用 remaining",
}
MONEY_WIDTH = 14  # an amount is never cut short, however narrow the terminal
PUBLISHED_WITHIN_S = 15.0
WRONG, UNREADABLE = 1, 2

app = typer.Typer(help="公开账本 The public ledger.", no_args_is_help=True, add_completion=False)
console = Console()

Where = Annotated[str, typer.Argument(metavar="DIR_OR_URL", help="日志目录或网址 the log's place")]
AsJson = Annotated[bool, typer.Option("--json", help="机器可读 machine readable")]


@dataclass(frozen=True, slots=True)
class Difference:
    """log and service: the two values, as they are written."""

    what: str
    log: str
    service: str


@app.command("verify")
def verify(
    where: Where,
    vkey: Annotated[str, typer.Option(help="公开验证密钥 the pinned key: name+keyid+base64")],
    since: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="以往的检查点 an older checkpoint kept"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """独立核验账本日志的十条不变式。Checks the ten invariants from the published files alone."""
    kept = [file.read_bytes() for file in since or ()]
    try:
        report = _verified(where, vkey, kept, quiet=as_json)
    except (NoteError, httpx.HTTPError) as error:
        raise _unreadable(error) from None
    if as_json:
        typer.echo(json.dumps(report.summary(), ensure_ascii=False, indent=1))
    else:
        _show_verified(report)
    raise typer.Exit(0 if report.ok else WRONG)


@app.command("replay")
def replay_log(
    where: Annotated[
        str, typer.Option("--dir", metavar="DIR_OR_URL", help="日志目录或网址；默认问服务 the log")
    ] = "",
    to: Annotated[str, typer.Option(help="截至条目号或时间 up to this index or time")] = "",
    as_json: AsJson = False,
) -> None:
    """仅凭日志重算每个余额，并与服务核对。Rebuilds every balance; differs from the service: 1."""
    said = _service_says(needed=not where) if not to else None
    source = open_source(where or str(_required(said)["log_dir"]))
    try:
        if said:
            _wait_until_published(source, said["size"])
        found = replay(source, to=_limit(to, said))
        differences = compare(source, found, said) if said else []
    except (NoteError, httpx.HTTPError) as error:
        raise _unreadable(error) from None
    except BrokenError as broken:
        console.print(f"[red]{broken.finding}[/]")
        raise typer.Exit(WRONG) from None
    if as_json:
        typer.echo(_as_json(found, differences, compared=said is not None))
    else:
        _show_replayed(found, differences, compared=said is not None)
    raise typer.Exit(WRONG if differences else 0)


def compare(source: Source, found: Replay, said: Mapping[str, Any]) -> list[Difference]:
    """Where the balances rebuilt from the log and the service's own are not the same."""
    size = said["size"]
    pairs = {"size": (found.entries, size), "root": (_root(source, size), said["root"])}
    theirs = {fund["id"]: fund for fund in said["funds"] if fund["state"] == "open"}
    for id_ in sorted(found.books.funds.keys() | theirs.keys()):
        book = found.books.funds.get(id_)
        ours = totals(book) if book else {}
        for name in COLUMNS:
            pairs[f"{id_} {name}"] = (ours.get(name), theirs.get(id_, {}).get(name))
    return [Difference(what, str(a), str(b)) for what, (a, b) in pairs.items() if a != b]


# --- the service ------------------------------------------------------------------------------


def _service_says(*, needed: bool) -> dict[str, Any] | None:
    """The running service's sums; None when it does not run and is not needed."""
    from shared.client import ServiceClient, ServiceError  # an offline auditor does not have it

    try:
        said: dict[str, Any] = ServiceClient("audit").get("/summary")
    except ServiceError as error:
        if not needed:
            return None
        console.print(f"[red]{error}[/]")
        raise typer.Exit(UNREADABLE) from None
    return said


def _required(said: dict[str, Any] | None) -> dict[str, Any]:
    if said is None:
        raise typer.BadParameter("与 --to 一起使用时须给出 --dir; --to needs --dir as well")
    return said


def _wait_until_published(source: Source, size: int) -> None:
    """A checkpoint follows its transaction closely; give it the time."""
    deadline = time.monotonic() + PUBLISHED_WITHIN_S
    while (standing := _standing(source)) < size:
        if time.monotonic() > deadline:
            raise NoteError(f"{standing} of {size} entries are published")
        time.sleep(0.1)


def _standing(source: Source) -> int:
    data = source.read(CHECKPOINT)
    return Checkpoint.parse(Note.parse(data).body).size if data else 0


def _root(source: Source, size: int) -> str:
    leaves = map(leaf_hash, islice(read_entries(source, _standing(source)), size))
    tree = Frontier().extend(leaves)
    return Checkpoint("", size, tree.root()).body().split("\n")[2]


def _limit(to: str, said: Mapping[str, Any] | None) -> int | str | None:
    if said:
        return int(said["size"]) - 1
    return int(to) if to.isdigit() else to or None


# --- showing ----------------------------------------------------------------------------------


def _verified(where: str, vkey: str, kept: list[bytes], *, quiet: bool) -> Report:
    columns = (TextColumn("核验 verifying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=quiet) as progress:
        task = progress.add_task("verify", total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return verify_log(where, vkey, since=kept, progress=advance)


def _show_verified(report: Report) -> None:
    if report.broken:
        console.print(f"[red]不可信 not to be trusted[/]: {report.broken}")
        return
    assert report.checkpoint is not None
    console.print(_funds_table(report.books.funds))
    console.print(
        f"[green]可信 verified[/]: {report.checkpoint.origin}, "
        f"{report.entries} 条 entries, root {report.checkpoint.root.hex()}"
    )


def _show_replayed(found: Replay, differences: list[Difference], *, compared: bool) -> None:
    console.print(_funds_table(found.books.funds))
    console.print(f"{found.entries} 条 entries, 截至 until {found.last_recorded_at}")
    if not compared:
        console.print("未与服务核对 not compared with the service")
    elif not differences:
        console.print("[green]与服务一致 the service says the same[/]")
    else:
        table = Table("不一致 difference", "日志 log", "服务 service", style="red")
        for each in differences:
            table.add_row(each.what, each.log, each.service)
        console.print(table)


def _funds_table(funds: Mapping[str, FundBook]) -> Table:
    table = Table("基金 fund", title="人民币元 CNY")
    for title in COLUMNS.values():
        table.add_column(title, justify="right", no_wrap=True, min_width=MONEY_WIDTH)
    for id_, book in sorted(funds.items()):
        table.add_row(f"{id_} {book.name}", *(yuan(totals(book)[name]) for name in COLUMNS))
    return table


def yuan(fen: int) -> str:
    """20450000 -> 204,500.00"""
    whole, cents = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{cents:02d}"


def _as_json(found: Replay, differences: list[Difference], *, compared: bool) -> str:
    said = {
        "replay": json.loads(bytes(found)),
        "compared": compared,
        "differences": [
            {"what": each.what, "log": each.log, "service": each.service} for each in differences
        ],
    }
    return json.dumps(said, ensure_ascii=False, indent=1)


def _unreadable(error: Exception) -> typer.Exit:
    console.print(f"[red]日志无法读取 the log cannot be read[/]: {error}")
    return typer.Exit(UNREADABLE)
