"""`guanjia import requests FILE.csv`: a spreadsheet into intake, with a report of what it refused.

Importing the same file again adds nothing: a row's key is its own number or a digest of it.
Exit codes: 0 when rows were taken, 1 when none was, 2 when the file is no table of requests.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.intake.channels.spreadsheet import RefusedRow, Row, headers, read
from services.intake.importing import Report, import_rows, write_refused
from shared.client import ServiceClient
from shared.contracts.values import Channel
from shared.errors import Invalid

SHOWN_REFUSALS = 20
DECISIONS = {
    "opened": "已公开 opened",
    "waiting_for_approval": "待审批 waiting for approval",
    "duplicate": "与已有诉求重复 duplicate",
    "repeated": "文件内重复的行 repeated row",
}

app = typer.Typer(help="导入表格 Import spreadsheets.", no_args_is_help=True)


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
    caller: Annotated[
        str, typer.Option("--as", help="凭证 id of the credential to come in with")
    ] = "operator",
) -> None:
    """导入诉求表格；被拒绝的行写入 FILE.refused.csv。Imports requests, says why not."""
    console = Console()
    content = file.read_bytes()
    try:
        rows = list(read(content, channel))
    except Invalid as error:
        for problem in error.problems:
            console.print(f"[red]{problem.zh}[/] {problem.en}")
        raise typer.Exit(2) from None
    report = _import_with_progress(ServiceClient("intake", caller), rows, console)
    _show(console, report)
    if report.refused:
        target = file.with_suffix(".refused.csv")
        write_refused(target, headers(content), report.refused)
        console.print(f"被拒绝的行已写入 refused rows: {target}")
    if not report.decisions:
        raise typer.Exit(1)


def _import_with_progress(
    client: ServiceClient, rows: Sequence[Row | RefusedRow], console: Console
) -> Report:
    columns = (TextColumn("导入 importing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("import", total=len(rows))
        return import_rows(client, rows, partial(progress.advance, task))


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
