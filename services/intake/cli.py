"""`guanjia import requests FILE`: a sheet into intake, with a report of what it refused.

Importing the same file again adds nothing; a row that was corrected takes the place of what it was.
Exit codes: 0 when rows were taken, 1 when none was, 2 when the file is no table of requests.
"""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from services.intake.channels.spreadsheet import RequestSheet, SheetRequest, read_requests
from services.intake.importing import Report, import_rows
from services.intake.preview import preview_rows
from services.intake.settings import IntakeSettings
from shared.client import ServiceClient
from shared.contracts.values import Channel
from shared.errors import Invalid
from shared.options import Caller, SheetFile, SkippedRows
from shared.settings import load_settings
from shared.sheets import RefusedRow, write_refused
from shared.sheets.printing import print_remarks, print_unread

DECISIONS = {
    "opened": "已公开 opened",
    "corrected": "已更正并公开 corrected and opened",
    "waiting_for_approval": "待审批 waiting for approval",
    "duplicate": "与已有诉求重复 duplicate",
    "repeated": "文件内重复的行 repeated row",
    "fit": "可以导入 fit to be imported",
}

app = typer.Typer(help="导入表格 Import spreadsheets.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group, so that other spreadsheets can be mounted beside requests."""


@app.command("requests")
def import_requests(
    file: SheetFile,
    channel: Annotated[
        Channel, typer.Option(help="征集渠道 the rows' channel, unless a row has its own")
    ] = Channel.SPREADSHEET,
    skip: SkippedRows = None,
    caller: Caller = "operator",
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="补录存量：登记时不发通知 a backlog: no notices of recording"),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只检查和预览，不导入 check and show, import nothing")
    ] = False,
) -> None:
    """导入诉求表格；被拒绝的行写入 FILE.refused.csv。Imports requests.

    空白模板：guanjia import template requests。A file to fill in: see `import template`.
    """
    console = Console()
    try:
        sheet = read_requests(file.read_bytes(), channel, skip)
    except Invalid as error:
        for problem in error.problems:
            console.print(f"[red]{problem.zh}[/] {problem.en}")
        raise typer.Exit(2) from None
    print_unread(console, sheet.table.unread)
    if dry_run:
        report = preview_rows(sheet, load_settings(IntakeSettings).rules, console)
    else:
        report = _import_with_progress(ServiceClient("intake", caller), sheet, console, quiet)
    _show(console, report)
    if report.refused:
        target = file.with_suffix(".refused.csv")
        write_refused(target, sheet.table.headers, report.refused)
        console.print(f"被拒绝的行已写入 refused rows: {target}")
    if not report.decisions:
        raise typer.Exit(1)


def _import_with_progress(
    client: ServiceClient, sheet: RequestSheet, console: Console, quiet: bool
) -> Report:
    columns = (
        TextColumn("导入 importing"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]}行 {task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("剩余 left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        counter = _Counter(progress, sheet)
        return import_rows(client, counter.count(sheet), counter.advance, quiet=quiet)


class _Counter:
    """How far the file is: by its rows where they are known, else by its characters."""

    def __init__(self, progress: Progress, sheet: RequestSheet) -> None:
        self._progress, self._table = progress, sheet.table
        self._task: TaskID = progress.add_task("import", total=1.0, rows=0, rate="")
        self._rows = 0
        self._share = 0.0

    def count(self, sheet: RequestSheet) -> Iterator[SheetRequest | RefusedRow]:
        """The sheet's rows as they are."""
        for row in sheet:
            self._share = self._table.progress
            yield row

    def advance(self, rows: int) -> None:
        self._rows += rows
        elapsed = self._progress.tasks[0].elapsed or 0
        rate = f"{self._rows / elapsed:,.0f}行/秒 rows/s" if elapsed > 1 else ""
        self._progress.update(self._task, completed=self._share, rows=self._rows, rate=rate)


def _show(console: Console, report: Report) -> None:
    table = Table("结果 result", "行数 rows")
    for decision, count in sorted(report.decisions.items()):
        table.add_row(DECISIONS.get(decision, decision), str(count))
    table.add_row("被拒绝 refused", str(len(report.refused)))
    console.print(table)
    print_remarks(console, [(row.line, row.problems) for row in report.refused])
