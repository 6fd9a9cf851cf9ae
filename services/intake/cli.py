"""`guanjia import requests FILE`: a sheet into intake, with a report of what it refused.

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

from services.intake.channels.spreadsheet import SheetRequest, read_requests
from services.intake.importing import Report, import_rows
from shared.client import ServiceClient
from shared.contracts.values import Channel
from shared.errors import Invalid
from shared.sheets import RefusedRow, write_refused
from shared.sheets.printing import print_remarks, print_unread

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
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".xlsx 或 CSV")],
    channel: Annotated[
        Channel, typer.Option(help="征集渠道 where the rows come from, unless a row says so")
    ] = Channel.SPREADSHEET,
    skip: Annotated[
        int | None, typer.Option(min=0, help="表头之上的行数 rows above the header")
    ] = None,
    caller: Annotated[
        str, typer.Option("--as", help="凭证 id of the credential to come in with")
    ] = "operator",
) -> None:
    """导入诉求表格；被拒绝的行写入 FILE.refused.csv。Imports requests, says why not."""
    console = Console()
    try:
        sheet = read_requests(file.read_bytes(), channel, skip)
    except Invalid as error:
        for problem in error.problems:
            console.print(f"[red]{problem.zh}[/] {problem.en}")
        raise typer.Exit(2) from None
    print_unread(console, sheet.table.unread)
    rows = list(sheet)
    report = _import_with_progress(ServiceClient("intake", caller), rows, console)
    _show(console, report)
    if report.refused:
        target = file.with_suffix(".refused.csv")
        write_refused(target, sheet.table.headers, report.refused)
        console.print(f"被拒绝的行已写入 refused rows: {target}")
    if not report.decisions:
        raise typer.Exit(1)


def _import_with_progress(
    client: ServiceClient, rows: Sequence[SheetRequest | RefusedRow], console: Console
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
    print_remarks(console, [(row.line, row.problems) for row in report.refused])
