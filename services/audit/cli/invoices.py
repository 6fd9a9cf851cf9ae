"""`guanjia audit invoice`: numbers of 公益事业捐赠统一票据, as the finance office issued them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import console
from services.audit.cli.proposals import ID_WIDTH, connect
from shared.money import format_yuan

app = typer.Typer(
    help="捐赠票据号码 Invoices of gifts: their numbers.",
    no_args_is_help=True,
    add_completion=False,
)


PATH, LISTED = "/gift-invoices/missing", 1000
"""As many as the service gives at a time."""


@app.command("missing")
def print_missing() -> None:
    """还没有登记票据号码的捐赠，全部列出。All gifts whose invoice has no number here."""
    table = Table()
    table.add_column("编号 id", no_wrap=True, min_width=ID_WIDTH)
    table.add_column("金额 CNY", justify="right", no_wrap=True)
    for title in ("大写、项目 capitals, project", "日期、捐赠人 day, donor"):
        table.add_column(title, overflow="fold")
    for each in _list_missing():
        amount = each["goods"] or format_yuan(each["amount_fen"])
        what = f"{each['amount_in_capitals']} {each['project']}".strip()
        who = f"{each['received_on']} {each['donor_id']}"
        table.add_row(escape(each["donation_id"]), escape(amount), escape(what), escape(who))
    console.print(table)


def _list_missing() -> Iterator[dict[str, Any]]:
    after, finance = "", connect("finance-maker")
    while gifts := finance.get(PATH, {"after": after, "limit": LISTED})["gifts"]:
        yield from gifts
        after = gifts[-1]["donation_id"]


@app.command("enter")
def send_invoice(
    donation: Annotated[str, typer.Argument(help="捐赠编号 D-… the gift's id")],
    number: Annotated[str, typer.Option(help="票据号码 its number")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="开票日期 issued on")],
    code: Annotated[str, typer.Option(help="票据代码 the code of an electronic one")] = "",
    replaces: Annotated[
        bool, typer.Option("--replaces", help="原票据已作废 the one before was void")
    ] = False,
) -> None:
    """登记票据号码；不写入公开账本。It stands on the receipt, never on the public log."""
    body = {"number": number, "code": code, "issued_on": f"{day:%Y-%m-%d}", "replaces": replaces}
    path = f"/donations/{quote(donation, safe='')}/invoice"
    connect("finance-maker").post(path, body)
    console.print(f"已登记 entered: {escape(donation)} {escape(f'{code} {number}'.strip())}")
