"""`guanjia audit gift-question`: gifts that came under the bank reference of another gift."""

from typing import Annotated
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import console
from services.audit.cli.proposals import connect
from shared.money import format_yuan

QUESTIONS = "/gift-questions"
app = typer.Typer(
    help="同一流水号、捐赠人或金额不同：核对 Other givers or sums under one bank reference",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def print_gift_questions() -> None:
    """还没有核对的善款。Gifts that nobody has said whether they are gifts of their own."""
    table = Table()
    table.add_column("编号 id", no_wrap=True)
    table.add_column("金额 CNY", justify="right", no_wrap=True)
    for title in ("日期 day", "流水号、账户 reference, account", "可能就是 may be"):
        table.add_column(title, overflow="fold")
    for each in connect("finance-maker").get(QUESTIONS)["gift_questions"]:
        earlier = each["may_be"]
        table.add_row(
            escape(each["id"]),
            format_yuan(each["amount_fen"]),
            each["day"],
            escape(f"{each['reference']} {each['own_account']}".strip()),
            escape(f"{earlier['id']} {format_yuan(earlier['amount_fen'])}"),
        )
    console.print(table)


@app.command("answer")
def send_gift_answer(
    gifts: Annotated[list[str], typer.Argument(metavar="ID...", help="编号 their ids")],
    another: Annotated[
        bool, typer.Option("--another/--same", help="是另一笔，还是同一笔 another gift or the same")
    ],
) -> None:
    """另一笔的入账，同一笔的不入账。Other gifts are entered; of the same the log says it."""
    finance = connect("finance-maker")
    for gift in gifts:
        path = f"{QUESTIONS}/{quote(gift, safe='')}/answer"
        finance.post(path, {"is_another": another})
        done = "已入账 entered" if another else "不入账 not entered"
        console.print(f"{escape(gift)} {done}")
