"""What the commands share: the console, options, tables of funds, reading logs, how to fail."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.audit.ledger.balances import FundBook, list_totals
from services.audit.ledger.canonical import NotCanonicalError
from services.audit.ledger.published import PublishedLog, open_log
from services.audit.tlog.findings import BrokenError
from services.audit.tlog.note import NoteError
from shared.documents import Document
from shared.money import format_yuan

COLUMNS = {
    "brought_forward_fen": "结转 brought forward",
    "received_fen": "收到 received",
    "transferred_fen": "划转 transferred",
    "fees_fen": "管理费 fees",
    "interest_fen": "利息 interest",
    "charges_fen": "银行手续费 charges",
    "refunded_fen": "退回 refunded",
    "committed_fen": "已承诺 committed",
    "spent_fen": "已付 paid",
    "payable_fen": "应付 due",
    "released_fen": "已释放 released",
    "outstanding_fen": "未了结 outstanding",
    "remaining_fen": "可用 remaining",
}

USUAL = (
    "received_fen",
    "committed_fen",
    "spent_fen",
    "released_fen",
    "outstanding_fen",
    "remaining_fen",
)
"""Columns shown even where every fund has zero."""

FUND_WIDTH = 16  # at least, with its borders; longer names wrap

MONEY_WIDTH = 14  # an amount is never cut short, however narrow the terminal

WRONG, UNREADABLE = 1, 2

console = Console()

Places = TypeVar("Places", bound=str | Sequence[str] | None)


def check_places(places: Places) -> Places:
    """For options that name logs: a folder that is not there is a slip, not a log that lies."""
    values: str | Sequence[str] | None = places
    for each in [values] if isinstance(values, str) else values or ():
        if each and not each.startswith(("http://", "https://")) and not Path(each).is_dir():
            raise typer.BadParameter(f"没有这个文件夹 no such folder: {each}")
    return places


Where = Annotated[
    str,
    typer.Argument(
        metavar="DIR_OR_URL", help="日志目录或网址 the log's place", callback=check_places
    ),
]

LogPlace = Annotated[
    str,
    typer.Option(
        "--dir",
        metavar="DIR_OR_URL",
        help="日志目录或网址；默认问服务 the log",
        callback=check_places,
    ),
]
"""For a log that may also be the running service's."""

AsJson = Annotated[bool, typer.Option("--json", help="机器可读 machine readable")]


def build_funds_table(funds: Mapping[str, FundBook]) -> Table:
    """A row for each fund; a column that is zero throughout is left out unless it is usual.

    Where the terminal is too narrow for all columns they stand below each other."""
    sums = {id_: list_totals(book) for id_, book in sorted(funds.items())}
    columns = [
        name for name in COLUMNS if name in USUAL or any(each[name] for each in sums.values())
    ]
    if _sum_width(columns) > console.width:
        return _narrow(funds, sums, columns)
    table = Table("基金 fund", title="人民币元 CNY")
    for name in columns:
        table.add_column(COLUMNS[name], justify="right", no_wrap=True, min_width=MONEY_WIDTH)
    for id_, each in sums.items():
        table.add_row(
            escape(f"{id_} {funds[id_].name}"), *(format_yuan(each[name]) for name in columns)
        )
    return table


def _sum_width(columns: Sequence[str]) -> int:
    return FUND_WIDTH + sum(max(MONEY_WIDTH, cell_len(COLUMNS[name])) + 3 for name in columns)


def _narrow(
    funds: Mapping[str, FundBook], sums: Mapping[str, Mapping[str, int]], columns: Sequence[str]
) -> Table:
    table = Table("基金 fund")
    table.add_column("人民币元 CNY", justify="right", no_wrap=True, min_width=MONEY_WIDTH)
    for id_, each in sums.items():
        table.add_row(f"[bold]{escape(f'{id_} {funds[id_].name}')}[/]", "")
        for name in columns:
            table.add_row(f"  {COLUMNS[name]}", format_yuan(each[name]))
        table.add_section()
    return table


def make_progress_bar(label: str, *, quiet: bool) -> Progress:
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=quiet)


@contextmanager
def report_unwritable(file: Path) -> Iterator[None]:
    """Ends the command, with what is wrong, where `file` cannot be written."""
    try:
        yield
    except OSError as error:
        if not str(error.filename or "").startswith(str(file)):
            raise
        console.print(f"[red]无法写入 cannot write[/] {escape(str(file))}: {error.strerror}")
        raise typer.Exit(UNREADABLE) from None


def exit_unreadable(error: Exception) -> typer.Exit:
    """Says why the log cannot be read; to be raised."""
    console.print(f"[red]日志无法读取 the log cannot be read[/]: {escape(str(error))}")
    return typer.Exit(UNREADABLE)


Years = Annotated[
    list[str] | None,
    typer.Option(
        "--dir",
        metavar="DIR_OR_URL",
        help="日志目录或网址，多年依次给出；默认问服务 the log; again for each later year",
        callback=check_places,
    ),
]


def open_logs(years: Sequence[str] | None) -> Iterator[PublishedLog]:
    """The logs at these places, or the one that the running service writes."""
    for each in years or [str((fetch_summary(needed=True) or {})["log_dir"])]:
        yield open_log(each)


@contextmanager
def report_unreadable() -> Iterator[None]:
    """Ends the command, with what is wrong, where a log cannot be read."""
    try:
        yield
    except (NoteError, NotCanonicalError, OSError) as error:
        raise exit_unreadable(error) from None
    except BrokenError as broken:
        raise exit_unreadable(ValueError(str(broken.finding))) from None


def fetch_summary(*, needed: bool) -> Document | None:
    """The running service's sums; None when it does not run and is not needed."""
    from shared.client import ServiceClient, ServiceError  # an offline auditor does not have it

    try:
        summary: dict[str, object] = ServiceClient("audit").get("/summary")
    except ServiceError as error:
        if not needed:
            return None
        console.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(UNREADABLE) from None
    return summary
