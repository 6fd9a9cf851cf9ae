"""`guanjia audit transfer`: money between two funds of one foundation, by two people."""

from typing import Annotated

import typer

from services.audit.cli.proposals import approve, propose, show
from services.audit.cli.showing import yuan
from shared.errors import Invalid
from shared.money import fen_of

PATH = "/transfers"

app = typer.Typer(help="划转：两人办理 Transfers, by two people.", no_args_is_help=True)


@app.command("propose")
def propose_transfer(
    giver: Annotated[str, typer.Option("--from", metavar="FUND", help="转出基金 which gives")],
    taker: Annotated[str, typer.Option("--to", metavar="FUND", help="转入基金 which takes")],
    amount: Annotated[str, typer.Option("--yuan", help="金额，元 such as 1,000.00 or 10万")],
    reference: Annotated[
        str, typer.Option(help="依据：同意书或备案号 the document that allows it")
    ],
) -> None:
    """提出划转，由另一人批准。Proposes a transfer; another person approves it."""
    asked = {"from_fund_id": giver, "to_fund_id": taker, "amount_fen": _fen(amount)}
    propose(PATH, "transfer approve", asked | {"reference": reference})


@app.command("approve")
def approve_transfer(
    transfer: Annotated[str, typer.Argument(metavar="ID", help="划转编号 its id")],
) -> None:
    """批准划转，须为另一人。Moves the money that another person proposed to move."""
    approve(PATH, transfer)


@app.command("list")
def list_transfers() -> None:
    """各次划转。The transfers."""
    columns = ("人民币元 CNY", "基金 funds", "依据 reference", "提出、批准 maker, checker")
    show(
        PATH,
        columns,
        lambda each: (
            yuan(each["amount_fen"]),
            f"{each['from_fund_id']} → {each['to_fund_id']}",
            each["reference"],
            f"{each['maker']} {each['checker']}",
        ),
    )


def _fen(amount: str) -> int:
    try:
        return fen_of(amount)
    except Invalid as error:
        (problem,) = error.problems
        raise typer.BadParameter(f"{problem.zh} {problem.en}", param_hint="--yuan") from None
