"""`guanjia audit stock`: what lies in store by the books, counted by two people."""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import console
from services.audit.cli.proposals import (
    connect,
    parse_fen,
    print_all,
    send_approval,
    send_proposal,
)
from services.audit.reports.stores import BASES, read_stocks
from shared.contracts.values import CHINA
from shared.documents import Document
from shared.money import format_yuan

COUNTS = "/stock-counts"
app = typer.Typer(
    help="物资库存：两人盘点 Goods in store, counted by two.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def print_stocks() -> None:
    """账上的库存。What lies in store by the books."""
    table = Table()
    for title in ("基金 fund", "物资 item", "单位 unit"):
        table.add_column(title, overflow="fold")
    for title in ("库存 in stock", "收到 received", "发放 distributed", "核销 written off"):
        table.add_column(title, justify="right")
    for title in ("价值 value", "计价依据 basis"):
        table.add_column(title, overflow="fold")
    for each in read_stocks(connect("finance-maker")):
        numbers = ("in_stock", "received", "distributed", "written_off")
        names = (escape(each[name]) for name in ("fund_id", "item", "unit"))
        value = "" if each["value_fen"] is None else format_yuan(each["value_fen"])
        basis = " ".join(BASES[each["basis"]])
        table.add_row(*names, *(f"{each[name]:,}" for name in numbers), value, basis)
    console.print(table)


@app.command("count")
def send_count_proposal(
    fund: Annotated[str, typer.Option(help="基金编号 the fund")],
    item: Annotated[str, typer.Option(help="品名，与入库时相同 the item, as it was received")],
    unit: Annotated[str, typer.Option(help="单位 its unit")],
    counted: Annotated[int, typer.Option(min=0, help="实际清点的数量 how many lie there")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="盘点日期 the day")],
    reference: Annotated[str, typer.Option(help="盘点表或批文编号 the document")],
    voucher: Annotated[str, typer.Option(help="凭证号 the number of its voucher")] = "",
    attachment: Annotated[str, typer.Option(help="附件摘要，由 attach 得到 digest")] = "",
    unit_yuan: Annotated[str, typer.Option(help="单价，元 what one is worth, such as 80.50")] = "",
    basis: Annotated[
        str,
        typer.Option(help="计价依据 basis: documents 凭据, fair_value 公允价值, appraisal 评估"),
    ] = "",
    place: Annotated[
        list[str] | None,
        typer.Option(help="存放地点=数量 STATION=NUMBER，可重复 repeatable; together the count"),
    ] = None,
) -> None:
    """提出盘点，由另一人批准；少的核销。Proposes a count; what is missing is written off."""
    body = {
        "fund_id": fund,
        "item": item,
        "unit": unit,
        "counted": counted,
        "at": day.replace(tzinfo=CHINA).isoformat(),
        "reference": reference,
        "voucher": voucher,
        "attachment": attachment,
        "unit_fen": parse_fen(unit_yuan) if unit_yuan else 0,
        "basis": basis,
        "places": [_parse_place(each) for each in place or ()],
    }
    send_proposal(COUNTS, "stock approve", body)


def _parse_place(text: str) -> Document:
    station, _, number = text.rpartition("=")
    if not station or not number.isdecimal():
        raise typer.BadParameter(f"请写成 地点=数量 · write STATION=NUMBER, not {text}")
    return {"station": station, "quantity": int(number)}


@app.command("approve")
def send_count_approval(
    count: Annotated[str, typer.Argument(metavar="ID", help="编号 its id")],
) -> None:
    """批准盘点，须为另一人。Writes off what is missing."""
    send_approval(COUNTS, count)


@app.command("counts")
def print_counts() -> None:
    """各次盘点。The counts."""
    columns = ("基金、物资 fund, item", "账上 books", "实数 counted", "提出、批准 maker, checker")
    print_all(COUNTS, columns, _list_cells)


def _list_cells(each: Document) -> tuple[str, ...]:
    return (
        f"{each['fund_id']} {each['item']}（{each['unit']}）",
        str(each["in_stock"]),
        str(each["counted"]),
        f"{each['maker']} {each['checker']}",
    )
