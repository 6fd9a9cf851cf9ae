"""`guanjia audit month`: the bank against the books, and closing a month by two people."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import console
from services.audit.cli.proposals import connect, print_all, send_approval, send_proposal
from shared.dates import format_day
from shared.errors import Invalid
from shared.money import format_yuan, parse_amount

CLOSES, REOPENINGS = "/month-closes", "/month-reopenings"
app = typer.Typer(
    help="月结：两人办理 Closing a month, by two people.",
    no_args_is_help=True,
    add_completion=False,
)
Month = Annotated[str, typer.Argument(metavar="YYYY-MM", help="月份 the month")]
Id = Annotated[str, typer.Argument(metavar="ID", help="编号 its id")]


@app.command("show")
def print_month(month: Month) -> None:
    """月末账面，逐账户；及未入账的银行流水。The books at its end, and lines not in them."""
    figures = connect("finance-maker").get(f"/months/{quote(month, safe='')}")
    table = Table("账户 account")
    table.add_column("账面 books, CNY", justify="right", no_wrap=True)
    for each in figures["accounts"]:
        table.add_row(escape(each["account"]), format_yuan(each["books_fen"]))
    rest = figures["books_fen"] - sum(each["books_fen"] for each in figures["accounts"])
    table.add_row("未注明账户 no account named", format_yuan(rest))
    console.print(table)
    for each in figures["differences"]:
        amount = format_yuan(each["amount_fen"])
        day = format_day("zh", datetime.fromisoformat(each["at"]))
        what = f"{each['kind']} {each['account']} {each['reference']} {day}"
        console.print(f"未入账 not in the books: {amount} {escape(what)}", soft_wrap=True)


@app.command("close")
def send_close_proposal(
    month: Month,
    balance: Annotated[
        list[str], typer.Option(help="账户=余额，元；每个账户一次 ACCOUNT=YUAN, for each")
    ],
    reason: Annotated[str, typer.Option(help="差额的原因 why they differ")] = "",
) -> None:
    """提出结账，由另一人批准。Proposes to close it; another person approves."""
    balances = [_parse_balance(each) for each in balance]
    body = {"month": month, "balances": balances, "reason": reason}
    send_proposal(CLOSES, "month approve", body)


def _parse_balance(text: str) -> dict[str, object]:
    account, _, amount = text.rpartition("=")
    sign, digits = (-1, amount[1:]) if amount.startswith("-") else (1, amount)
    try:
        fen = sign * parse_amount(digits) if digits.strip("0.,") else 0
    except Invalid as error:
        (problem,) = error.problems
        raise typer.BadParameter(f"{problem.zh} {problem.en}", param_hint="--balance") from None
    return {"account": account, "balance_fen": fen}


@app.command("approve")
def send_close_approval(close: Id) -> None:
    """批准结账，须为另一人。Closes it; nothing more is entered with its date."""
    send_approval(CLOSES, close)


@app.command("list")
def print_closes() -> None:
    """各次结账。The months that were closed, or are proposed."""
    columns = ("差额 unexplained, CNY", "原因 reason", "提出、批准 maker, checker")
    print_all(
        CLOSES,
        columns,
        lambda each: (
            format_yuan(sum(row["unexplained_fen"] for row in each["rows"])),
            each["reason"],
            f"{each['maker']} {each['checker']}",
        ),
    )


@app.command("reopen")
def send_reopening_proposal(
    month: Month,
    reason: Annotated[str, typer.Option(help="原因 why")],
    foundation: Annotated[str, typer.Option(help="基金会 the foundation")] = "guanjia",
) -> None:
    """提出反结账（只限最近一个月），由另一人批准。Proposes to open the last closed month again."""
    body = {"foundation": foundation, "month": month, "reason": reason}
    send_proposal(REOPENINGS, "month approve-reopening", body)


@app.command("approve-reopening")
def send_reopening_approval(reopening: Id) -> None:
    """批准反结账，须为另一人。Opens it again."""
    send_approval(REOPENINGS, reopening)
