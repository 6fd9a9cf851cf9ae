"""`guanjia audit bank-line|line-release`: what the bank's statement says that fits no payment, and
payments that the bank did not make. Two people say it."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import console
from services.audit.cli.proposals import connect, send_approval, send_proposal
from shared.contracts.values import CHINA
from shared.money import format_yuan

QUESTIONS, RELEASES = "/bank-questions", "/line-releases"
line_app = typer.Typer(
    help="对不上的银行流水：两人核对 Lines of the bank that fit nothing, by two people.",
    no_args_is_help=True,
    add_completion=False,
)
release_app = typer.Typer(
    help="银行未付的款：两人放行 Payments that the bank did not make, by two people.",
    no_args_is_help=True,
    add_completion=False,
)
Id = Annotated[str, typer.Argument(metavar="ID", help="编号 its id")]
DIRECTIONS = {"paid": "付出 paid", "returned": "退回 returned"}


@line_app.command("list")
def print_bank_lines() -> None:
    """还没有核对的银行流水。Lines that nobody has said what they are."""
    table = Table()
    table.add_column("编号 id", no_wrap=True)
    table.add_column("金额 CNY", justify="right", no_wrap=True)
    for title in ("方向 direction", "日期 day", "流水号、账户 reference, account", "疑点 doubt"):
        table.add_column(title, overflow="fold")
    for each in connect("finance-maker").get(QUESTIONS)["bank_questions"]:
        table.add_row(
            escape(each["id"]),
            format_yuan(each["amount_fen"]),
            DIRECTIONS[each["direction"]],
            f"{datetime.fromisoformat(each['at']).astimezone(CHINA):%Y-%m-%d}",
            escape(f"{each['bank_reference']} {each['own_account']}".strip()),
            each["doubt"],
        )
    console.print(table)


@line_app.command("answer")
def send_line_answer(
    line: Id,
    answer: Annotated[str, typer.Option(help="核对结果 what it is")],
    payment: Annotated[
        str, typer.Option(help="付款编号，如 GJ…-001；不是付款的不写 which payment, if one")
    ] = "",
) -> None:
    """提出它是什么，由另一人批准。Proposes what it is; another person approves it."""
    body = {"answer": answer, "reference": payment}
    connect("finance-maker").post(f"{QUESTIONS}/{quote(line, safe='')}/answer", body)
    console.print(
        f"由另一人批准 another person approves it: guanjia audit bank-line approve {escape(line)}",
        soft_wrap=True,
    )


@line_app.command("approve")
def send_line_approval(line: Id) -> None:
    """批准核对结果，须为另一人。A payment that it names is entered under the bank's reference."""
    send_approval(QUESTIONS, line)


@line_app.command("decline")
def send_line_decline(line: Id) -> None:
    """不同意，可另行核对。It may be answered anew."""
    connect("finance-checker").post(f"{QUESTIONS}/{quote(line, safe='')}/decline")


@release_app.command("propose")
def send_release_proposal(
    payment: Annotated[str, typer.Argument(help="付款编号，如 GJ…-001 the payment")],
    reason: Annotated[str, typer.Option(help="银行退回的原因 why nothing left the account")],
) -> None:
    """银行没有付出：提出放行，由另一人批准。Nothing left the account: it may be ordered anew."""
    body = {"reference": payment, "reason": reason}
    send_proposal(RELEASES, "line-release approve", body)


@release_app.command("approve")
def send_release_approval(release: Id) -> None:
    """批准放行，须为另一人。What it would have paid may be ordered anew."""
    send_approval(RELEASES, release)


@release_app.command("decline")
def send_release_decline(release: Id) -> None:
    """不同意放行。It waits for the bank still."""
    connect("finance-checker").post(f"{RELEASES}/{quote(release, safe='')}/decline")
