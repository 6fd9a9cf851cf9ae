"""`guanjia audit export`: the log in the formats of other programs."""

import re
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer
from rich.markup import escape

from services.audit.cli.showing import Where, console, written
from services.audit.cli.telling import readable
from services.audit.report.dialects import Dialect
from services.audit.report.journal import write_journal
from services.audit.report.reading import open_log
from services.audit.report.tables import write_table
from services.audit.verify.accounts import Chart, ChartError, load_chart

Format = Literal["hledger", "ledger", "beancount", "csv", "parquet"]


def export(
    where: Where,
    format_: Annotated[Format, typer.Option("--format", help="格式 the program it is for")],
    out: Annotated[
        Path, typer.Option(help="文件或文件夹 a file, or a folder to put <log>.<format> in")
    ],
    chart: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="会计科目表 a chart of your own: codes, titles"
        ),
    ] = None,
) -> None:
    """导出账本：日记账或明细表。One year's log as a journal or as a table of legs."""
    if not out.parent.is_dir():
        raise typer.BadParameter(f"没有文件夹 no such folder: {out.parent}", param_hint="--out")
    try:
        with readable():
            log = open_log(where)
            file = out / f"{_file_name(log.origin)}.{format_}" if out.is_dir() else out
            with written(file):
                entries = _write(where, format_, file, load_chart(chart))
    except ChartError as error:
        raise typer.BadParameter(str(error)) from None
    except ImportError:
        raise typer.BadParameter(
            "parquet 需要 pyarrow; parquet needs: pip install pyarrow"
        ) from None
    console.print(f"{escape(str(file))}: {entries} 条 entries")


def _write(where: str, format_: Format, out: Path, chart: Chart) -> int:
    if format_ in get_args(Dialect):
        return write_journal(where, format_, out, chart)  # type: ignore[arg-type]
    return write_table(where, format_, out, chart)  # type: ignore[arg-type]


def _file_name(origin: str) -> str:
    return re.sub(r"[^\w.-]+", "-", origin)
