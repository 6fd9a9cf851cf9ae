"""`guanjia import requests FILE.csv`: a spreadsheet into intake, with a report of what it refused.

Importing the same file again adds nothing: a row's key is its own number or a digest of it.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from shared.client import ServiceClient

from services.intake.channels.spreadsheet import RefusedRow, Row, headers, read
from shared.contracts.values import Channel
from shared.errors import Invalid, Problem

BATCH_ROWS = 200
SHOWN_REFUSALS = 20
DECISIONS = {
    "opened": "已公开 opened",
    "waiting_for_approval": "待审批 waiting for approval",
    "duplicate": "与已有诉求重复 duplicate",
    "repeated": "文件内重复的行 repeated row",
}

app = typer.Typer(help="导入表格 Import spreadsheets.", no_args_is_help=True)
T = TypeVar("T")


@dataclass(slots=True)
class Report:
    """decisions: how many rows came to what; imported rows that were known keep their decision."""

    decisions: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedRow] = field(default_factory=list)


@app.callback()
def _group() -> None:
    """A group, so that other spreadsheets can be mounted beside requests."""


@app.command("requests")
def import_requests(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV, UTF-8 or GB18030")
    ],
    channel: Annotated[
        Channel, typer.Option(help="征集渠道 where the rows come from, unless a row says so")
    ] = Channel.SPREADSHEET,
) -> None:
    """导入诉求表格；被拒绝的行写入 FILE.refused.csv。Imports requests; says which rows and why not."""
    console = Console()
    content = file.read_bytes()
    try:
        rows = list(read(content, channel))
    except Invalid as error:
        for problem in error.problems:
            console.print(f"[red]{problem.zh}[/] {problem.en}")
        raise typer.Exit(2) from None
    report = import_rows(ServiceClient("intake"), rows, console)
    _show(console, report)
    if report.refused:
        target = file.with_name(f"{file.name}.refused.csv")
        write_refused(target, headers(content), report.refused)
        console.print(f"被拒绝的行已写入 refused rows: {target}")
        raise typer.Exit(1)


def import_rows(
    client: ServiceClient, rows: Sequence[Row | RefusedRow], console: Console
) -> Report:
    """Posts what can be posted, in batches, and gathers every row's answer."""
    report = Report(refused=[row for row in rows if isinstance(row, RefusedRow)])
    fresh = list(_first_of_each([row for row in rows if isinstance(row, Row)], report))
    columns = (TextColumn("导入 importing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("import", total=len(rows), completed=len(rows) - len(fresh))
        for batch in _batches(fresh, BATCH_ROWS):
            _post(client, batch, report)
            progress.advance(task, len(batch))
    report.refused.sort(key=lambda row: row.line)
    return report


def _first_of_each(rows: Sequence[Row], report: Report) -> Iterator[Row]:
    """Two rows that say the same are one message."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        identity = (row.key, row.request.model_dump_json())
        if identity in seen:
            report.decisions["repeated"] += 1
        else:
            seen.add(identity)
            yield row


def _post(client: ServiceClient, batch: Sequence[Row], report: Report) -> None:
    body = [
        {
            "idempotency_key": row.key,
            "request": row.request.model_dump(mode="json", exclude_none=True),
        }
        for row in batch
    ]
    answers: list[dict[str, Any]] = client.post("/requests/batch", body)["answers"]
    for row, answer in zip(batch, answers, strict=True):
        if problems := answer.get("problems"):
            found = tuple(Problem(**problem) for problem in problems)
            report.refused.append(RefusedRow(row.line, row.original, found))
        else:
            report.decisions[answer["decision"]] += 1


def _batches(rows: Sequence[T], size: int) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


def write_refused(target: Path, names: Sequence[str], refused: Sequence[RefusedRow]) -> None:
    """The rows as they were, with why: correct them there and import that file."""
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(["行号 line", "字段 field", "原因", "reason", *names])
        for row in refused:
            fields = "; ".join(problem.field for problem in row.problems)
            zh = "; ".join(problem.zh for problem in row.problems)
            en = "; ".join(problem.en for problem in row.problems)
            out.writerow([row.line, fields, zh, en, *(row.original.get(n, "") for n in names)])


def _show(console: Console, report: Report) -> None:
    table = Table("结果 result", "行数 rows")
    for decision, count in sorted(report.decisions.items()):
        table.add_row(DECISIONS.get(decision, decision), str(count))
    table.add_row("被拒绝 refused", str(len(report.refused)))
    console.print(table)
    for (field_, zh, en), lines in _by_reason(report.refused).items():
        shown = "、".join(map(str, lines[:SHOWN_REFUSALS]))
        more = f"… 共{len(lines)}行" if len(lines) > SHOWN_REFUSALS else ""
        console.print(f"[yellow]{field_}[/] {zh} {en}: 第 {shown} 行{more}", highlight=False)


def _by_reason(refused: Sequence[RefusedRow]) -> dict[tuple[str, str, str], list[int]]:
    lines: dict[tuple[str, str, str], list[int]] = {}
    for row in refused:
        for problem in row.problems:
            lines.setdefault((problem.field, problem.zh, problem.en), []).append(row.line)
    return lines
