"""`guanjia audit chart|opening`: how a foundation's books begin, by two people."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from services.audit.cli.console import UNREADABLE, console, report_unwritable
from services.audit.cli.proposals import (
    connect,
    parse_fen,
    print_all,
    send_approval,
    send_proposal,
)
from shared.contracts.values import CHINA
from shared.documents import Document
from shared.errors import Invalid
from shared.money import format_yuan

CHARTS, OPENINGS = "/charts", "/opening-balances"
chart_app = typer.Typer(
    help="会计科目表：首笔入账前两人设定 The chart, set by two before the first entry.",
    no_args_is_help=True,
    add_completion=False,
)
opening_app = typer.Typer(
    help="期初余额：从原账套接收，两人办理 Opening balances, by two people.",
    no_args_is_help=True,
    add_completion=False,
)
Id = Annotated[str, typer.Argument(metavar="ID", help="编号 its id")]
Foundation = Annotated[str, typer.Option(help="基金会 whose")]


@chart_app.command("show")
def print_chart(
    foundation: Foundation = "guanjia",
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="写入文件 to a file")] = None,
) -> None:
    """现用的科目表，可修改后提出。The chart in force, to be changed and proposed."""
    text = str(connect("finance-maker").get(f"{CHARTS}/{foundation}")["toml"])
    if out is None:
        typer.echo(text)
        return
    with report_unwritable(out):
        out.write_text(text, encoding="utf-8")
    console.print(escape(str(out)))


@chart_app.command("propose")
def send_chart_proposal(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="科目表 TOML")],
    foundation: Foundation = "guanjia",
) -> None:
    """提出科目表，由另一人批准。Proposes a chart; another person approves it."""
    body = {"foundation": foundation, "toml": file.read_text(encoding="utf-8")}
    send_proposal(CHARTS, "chart approve", body)


@chart_app.command("approve")
def send_chart_approval(chart: Id) -> None:
    """批准科目表，须为另一人。The foundation's funds are opened with its accounts."""
    send_approval(CHARTS, chart)


@chart_app.command("list")
def print_charts() -> None:
    """各次提出的科目表。The charts that were proposed."""
    columns = ("基金会 foundation", "提出、批准 maker, checker")
    print_all(
        CHARTS, columns, lambda each: (each["foundation"], f"{each['maker']} {each['checker']}")
    )


@opening_app.command("propose")
def send_opening_proposal(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="科目余额表 .xlsx、CSV")
    ],
    total: Annotated[str, typer.Option(help="原账套货币资金合计，元 all money there, yuan")],
    day: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="余额日期 the day of the balances")
    ],
    program: Annotated[str, typer.Option(help="原账套，如 用友T3 what kept the books before")],
    reference: Annotated[str, typer.Option(help="依据的文件编号 the document that allows it")],
    voucher: Annotated[str, typer.Option(help="凭证号 the number of its voucher")] = "",
    attachment: Annotated[str, typer.Option(help="附件摘要，由 attach 得到 digest")] = "",
    foundation: Foundation = "guanjia",
) -> None:
    """提出期初余额，由另一人批准。Proposes the balances of a sheet.

    它的列 its columns: 基金、科目编码、借方余额、贷方余额."""
    from services.audit.beginning.sheet import read_balances  # not every auditor has a stack

    try:
        balances = read_balances(file.read_bytes())
    except Invalid as error:
        for problem in error.problems:
            console.print(f"[red]{escape(problem.zh)}[/] {escape(problem.en)}")
        raise typer.Exit(UNREADABLE) from None
    body = {
        "foundation": foundation,
        "program": program,
        "at": day.replace(tzinfo=CHINA).isoformat(),
        "balances": [each.model_dump() for each in balances],
        "total_fen": parse_fen(total),
        "reference": reference,
        "voucher": voucher,
        "attachment": attachment,
    }
    send_proposal(OPENINGS, "opening approve", body)


@opening_app.command("approve")
def send_opening_approval(opening: Id) -> None:
    """批准期初余额，须为另一人。Enters each fund's balance."""
    send_approval(OPENINGS, opening)


@opening_app.command("list")
def print_openings() -> None:
    """各次期初余额。The opening balances."""
    columns = ("人民币元 CNY", "原账套 program", "基金 funds", "提出、批准 maker, checker")
    print_all(OPENINGS, columns, _list_cells)


def _list_cells(each: Document) -> tuple[str, ...]:
    return (
        format_yuan(each["total_fen"]),
        each["program"],
        str(len(each["balances"])),
        f"{each['maker']} {each['checker']}",
    )
