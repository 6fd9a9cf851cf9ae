"""`guanjia audit replay` rebuilds every balance, and compares it with what the service says."""

import json
import logging
import re
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import (
    COLUMNS,
    WRONG,
    AsJson,
    LogPlace,
    build_funds_table,
    console,
    exit_unreadable,
    fetch_summary,
    report_unwritable,
)
from services.audit.cli.topic import TopicError, replay_topic, wait_until_published
from services.audit.ledger.balances import list_totals
from services.audit.ledger.canonical import NotCanonicalError
from services.audit.ledger.entries import format_timestamp
from services.audit.ledger.replay import Replay, replay
from services.audit.tlog.checkpoint import format_root
from services.audit.tlog.findings import BrokenError
from services.audit.tlog.merkle import Frontier, hash_leaf
from services.audit.tlog.note import NoteError
from services.audit.tlog.reader import (
    Source,
    UnreachableError,
    open_source,
    read_entries,
    read_unverified_checkpoint,
)
from shared.contracts.values import CHINA
from shared.documents import Document


@dataclass(frozen=True, slots=True)
class Difference:
    """log and service: the two values, as they are written."""

    what: str
    log: str
    service: str


def compare(source: Source, replayed: Replay, summary: Document) -> list[Difference]:
    """Where the balances rebuilt from the log and the service's own are not the same."""
    size = summary["size"]
    pairs = {"size": (replayed.entries, size), "root": (_read_root(source, size), summary["root"])}
    theirs = {fund["id"]: fund for fund in summary["funds"] if fund["state"] == "open"}
    for id_ in sorted(replayed.books.funds.keys() | theirs.keys()):
        book = replayed.books.funds.get(id_)
        ours = list_totals(book) if book else {}
        for name in COLUMNS:
            pairs[f"{id_} {name}"] = (ours.get(name), theirs.get(id_, {}).get(name))
    return [Difference(what, str(a), str(b)) for what, (a, b) in pairs.items() if a != b]


def _read_root(source: Source, size: int) -> str:
    standing = read_unverified_checkpoint(source).size
    leaves = map(hash_leaf, islice(read_entries(source, standing), size))
    tree = Frontier().extend(leaves)
    return format_root(tree.compute_root())


FromTopic = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT",
        help="改从 Kafka 主题读取，并与公布的检查点核对 from the topic, checked by the checkpoint",
    ),
]

LogName = Annotated[str, typer.Option(help="主题中的哪一本日志 which log of the topic: its origin")]

To = Annotated[
    str,
    typer.Option(
        metavar="INDEX|TIME",
        help="截至条目号、日期（中国当日）或 UTC 时间（含），如 120、2026-01-31、"
        "2026-01-31T08:30:00Z up to and with it; a date is the day in China",
        callback=lambda to: _parse_bound(to),
    ),
]

BytesFile = Annotated[
    Path | None,
    typer.Option("--bytes", dir_okay=False, help="写出可逐字节比较的结果 write it canonically"),
]

DATE = re.compile(r"\d{4}-\d\d-\d\d")

TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?Z)?")


def replay_log(
    where: LogPlace = "",
    to: To = "",
    topic: FromTopic = "",
    log: LogName = "",
    bytes_file: BytesFile = None,
    as_json: AsJson = False,
) -> None:
    """仅凭日志重算每个余额，并与服务核对。Rebuilds every balance; differs from the service: 1."""
    differences: list[Difference] | None = None
    try:
        if topic:
            replayed = _replay_topic(topic, log, where, to)
        else:
            replayed, differences = _replay_files(where, to)
    except (NoteError, NotCanonicalError, TopicError, UnreachableError) as error:
        raise exit_unreadable(error) from None
    except BrokenError as broken:
        console.print(f"[red]{escape(str(broken.finding))}[/]")
        raise typer.Exit(WRONG) from None
    if bytes_file:
        with report_unwritable(bytes_file):
            bytes_file.write_bytes(bytes(replayed))
    if as_json:
        typer.echo(_format_json(replayed, differences))
    else:
        _show(replayed, differences, is_checked=bool(topic))
    raise typer.Exit(WRONG if differences else 0)


def _replay_files(where: str, to: str) -> tuple[Replay, list[Difference] | None]:
    """With the differences from what the service says, where it runs and says the same moment."""
    summary = fetch_summary(needed=not where) if not (to and where) else None
    source = open_source(where or str((summary or {})["log_dir"]))
    if summary is None or to:
        return _expect_reached(replay(source, to=_limit(to)), _limit(to)), None
    wait_until_published(source, summary["size"])
    replayed = replay(source, to=int(summary["size"]) - 1)
    return replayed, compare(source, replayed, summary)


def _replay_topic(topic: str, log: str, where: str, to: str) -> Replay:
    """Checked against the checkpoint that stands where the log is published."""
    source = open_source(where or str((fetch_summary(needed=True) or {})["log_dir"]))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # TopicError says it
    with console.status("") as status:

        def advance(done: int) -> None:
            status.update(f"读取 reading: {done}")

        return replay_topic(topic, log, to=_limit(to), source=source, progress=advance)


def _expect_reached(replayed: Replay, to: int | str | None) -> Replay:
    if isinstance(to, int) and replayed.entries <= to:
        raise NoteError(f"日志只有 {replayed.entries} 条 it has only {replayed.entries} entries")
    return replayed


def _parse_bound(to: str) -> str:
    """Times are compared as text, so they must be written as the log writes them."""
    try:
        if to and not to.isdecimal():
            date.fromisoformat(TIME.fullmatch(to)[1])  # type: ignore[index]
    except (TypeError, ValueError):
        raise typer.BadParameter(
            "写作条目号、日期或 UTC 时间，如 120、2026-01-31、2026-01-31T08:30:00Z; "
            "not an index, a date or a time in UTC"
        ) from None
    return to


def _limit(to: str) -> int | str | None:
    """A date is the whole of that day in China, whose calendar ledger years go by."""
    if to.isdigit():
        return int(to)
    if DATE.fullmatch(to):
        return format_timestamp(
            datetime.combine(date.fromisoformat(to), datetime.max.time(), CHINA)
        )
    return to or None


def _show(replayed: Replay, differences: list[Difference] | None, *, is_checked: bool) -> None:
    console.print(build_funds_table(replayed.books.funds))
    console.print(f"{replayed.entries} 条 entries, 截至 until {replayed.last_recorded_at}")
    if is_checked:
        console.print("[green]与公布的检查点一致 as the published checkpoint has it[/]")
    elif differences is None:
        console.print("未与服务核对 not compared with the service")
    elif not differences:
        console.print("[green]与服务一致 the service says the same[/]")
    else:
        table = Table("不一致 difference", "日志 log", "服务 service", style="red")
        for each in differences:
            table.add_row(escape(each.what), escape(each.log), escape(each.service))
        console.print(table)


def _format_json(replayed: Replay, differences: list[Difference] | None) -> str:
    summary = {
        "replay": json.loads(bytes(replayed)),
        "compared": differences is not None,
        "differences": [
            {"what": each.what, "log": each.log, "service": each.service}
            for each in differences or []
        ],
    }
    return json.dumps(summary, ensure_ascii=False, indent=1)
