"""`guanjia audit fund`: opened by two people; what each has."""

from typing import Annotated

import typer

from services.audit.cli.proposals import approve, propose, show
from services.audit.cli.showing import yuan
from shared.contracts.values import BeneficiaryClass, Category

PATH = "/funds"

app = typer.Typer(help="基金：两人开立 Funds, opened by two people.", no_args_is_help=True)


@app.command("open")
def open_fund(
    fund: Annotated[str, typer.Argument(metavar="ID", help="基金编号 its id")],
    name: Annotated[str, typer.Option(help="名称 its name")],
    restricted: Annotated[bool, typer.Option(help="限定性 restricted to its purpose")] = False,
    purpose: Annotated[str, typer.Option(help="用途 what it is for, in words")] = "",
    category: Annotated[
        list[Category] | None, typer.Option(help="限于类别，可多次 only these; again for each")
    ] = None,
    town: Annotated[
        list[str] | None, typer.Option(help="限于镇街代码，可多次 only these towns")
    ] = None,
    class_: Annotated[
        list[BeneficiaryClass] | None,
        typer.Option("--class", help="限于困难类别，可多次 only these beneficiary classes"),
    ] = None,
    fee_permille: Annotated[
        int | None, typer.Option(min=0, max=1000, help="管理费上限，千分比 fees at most, permille")
    ] = None,
    foundation: Annotated[
        str | None, typer.Option(help="哪个基金会，默认本会 whose; default the house's own")
    ] = None,
) -> None:
    """提出开立基金，由另一人批准。Proposes a fund; another person approves it."""
    terms = {
        "purpose": purpose,
        "categories": [each.value for each in category or ()],
        "town_codes": town or [],
        "beneficiary_classes": [each.value for each in class_ or ()],
        **({} if fee_permille is None else {"fee_permille_max": fee_permille}),
    }
    asked = {"fund_id": fund, "name": name, "restricted": restricted, "terms": terms}
    propose(PATH, "fund approve", asked | {"foundation": foundation})


@app.command("approve")
def approve_fund(fund: Annotated[str, typer.Argument(metavar="ID", help="编号 its id")]) -> None:
    """批准开立基金，须为另一人。Opens a fund that another person proposed."""
    approve(PATH, fund)


@app.command("list")
def list_funds() -> None:
    """各基金及其可用余额。The funds, and what each can still promise."""
    columns = ("人民币元可用 remaining, CNY", "名称 name", "提出、批准 maker, checker")
    show(
        PATH,
        columns,
        lambda each: (
            yuan(each["remaining_fen"]),
            each["name"],
            f"{each['maker']} {each['checker']}",
        ),
    )
