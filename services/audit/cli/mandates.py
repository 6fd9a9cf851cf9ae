"""`guanjia audit mandate`: on whose word money is offered: proposed by one, approved by another."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import typer
from rich.markup import escape

from services.audit.cli.console import console
from services.audit.cli.proposals import (
    STATES,
    connect,
    parse_fen,
    print_all,
    send_approval,
    send_proposal,
)
from shared.contracts.values import CHINA, BeneficiaryClass, Category
from shared.money import format_yuan

MANDATES = "/mandates"
COVERS = {"fund": "基金的款项 the fund's money", "gifts": "本人的捐赠 his own gifts"}

app = typer.Typer(
    help="授权：两人给予 Mandates, approved by two people.",
    no_args_is_help=True,
    add_completion=False,
)

MandateId = Annotated[str, typer.Argument(metavar="ID", help="授权编号 its id")]


@app.command("propose")
def send_mandate_proposal(
    fund: Annotated[str, typer.Option(help="动用哪个基金 the fund to spend")],
    donor: Annotated[str, typer.Option(help="以谁的名义，编号 the donor's id, in whose name")],
    amount: Annotated[str, typer.Option("--yuan", help="最多多少元 at most, such as 1,000.00")],
    until: Annotated[datetime, typer.Option(help="有效至（北京时间） until, China's time")],
    reference: Annotated[str, typer.Option(help="依据：纪要、协议 the document that allows it")],
    source: Annotated[
        str | None, typer.Option(help="哪个合作方可用，默认不限 the partner that may use it")
    ] = None,
    gifts: Annotated[
        bool,
        typer.Option("--gifts", help="只动用本人的捐赠，由本人同意 only the donor's own gifts"),
    ] = False,
    request: Annotated[
        str | None,
        typer.Option("--request-yuan", help="自动资助：每项至多多少元 automatic: per request"),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option("--month-yuan", help="自动资助：每月至多多少元 automatic: per month"),
    ] = None,
    category: Annotated[list[Category] | None, typer.Option(help="限于类别 only these")] = None,
    town: Annotated[list[str] | None, typer.Option(help="限于镇街代码 only these towns")] = None,
    class_: Annotated[
        list[BeneficiaryClass] | None,
        typer.Option("--class", help="限于困难类别 only these beneficiary classes"),
    ] = None,
) -> None:
    """提出授权，由另一人批准；两个自动资助的上限都写，符合的不再逐项问。

    Proposes a mandate; another person approves it. With both limits the fund gives by itself.
    """
    if (request is None) != (month is None):
        raise typer.BadParameter("--request-yuan 与 --month-yuan 须一起写 go together")
    standing = (
        {"request_fen": parse_fen(request), "month_fen": parse_fen(month)}
        if request and month
        else None
    )
    terms = {
        "categories": [each.value for each in category or ()],
        "town_codes": town or [],
        "beneficiary_classes": [each.value for each in class_ or ()],
    }
    body = {
        "fund_id": fund,
        "donor_id": donor,
        "source": source,
        "covers": "gifts" if gifts else "fund",
        "sum_fen": parse_fen(amount),
        "terms": terms,
        "standing": standing,
        "valid_until": until.replace(tzinfo=CHINA).isoformat(),
        "reference": reference,
    }
    send_proposal(MANDATES, "mandate approve", body)


@app.command("approve")
def send_mandate_approval(mandate: MandateId) -> None:
    """批准授权，须为另一人。Approves another person's mandate."""
    send_approval(MANDATES, mandate)


@app.command("revoke")
def send_mandate_revocation(mandate: MandateId) -> None:
    """撤回授权，一人即可；已承诺的不变。Ends it; one person is enough, commitments stay."""
    path = f"{MANDATES}/{quote(mandate, safe='')}/revoke"
    answer = connect("finance-maker").post(path)
    console.print(f"{STATES[answer['state']]}: {escape(answer['id'])}", soft_wrap=True)


@app.command("list")
def print_mandates() -> None:
    """各项授权及其余额。The mandates and what is left of each."""
    columns = (
        "人民币元可用 remaining, CNY",
        "基金、捐赠人 fund, donor",
        "范围 covers",
        "有效至 until",
        "捐赠人本人 the donor",
    )
    print_all(
        MANDATES,
        columns,
        lambda each: (
            format_yuan(each["remaining_fen"]),
            f"{each['fund_id']} {each['donor_id']}",
            f"{COVERS[each['covers']]} {each['source'] or ''}",
            each["valid_until"],
            each.get("donor_word_zh", ""),
        ),
    )
