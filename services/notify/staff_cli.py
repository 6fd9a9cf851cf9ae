"""`guanjia staff`: who is told what waits for him. His number goes to intake's vault alone."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.notify.duties import DUTIES, DUTY_LABELS, Duty
from shared.client import ServiceClient

app = typer.Typer(help="待办提醒 Who of the staff is told what.", no_args_is_help=True)

OPERATOR = "operator"


@app.command("add")
def add_member(
    holder: Annotated[str, typer.Argument(help="工号，与凭证持有人一致 staff number")],
    duty: Annotated[list[str], typer.Option(help=f"职责，可多次 {' | '.join(DUTIES)}")],
    area: Annotated[str, typer.Option(help="镇街或村居编码，空为全市 town or village")] = "",
    name: Annotated[str, typer.Option(prompt="姓名 name", help="姓名")] = "",
    phone: Annotated[str, typer.Option(prompt="手机 phone", help="如 +8613800138000")] = "",
) -> None:
    """登记一位工作人员；再次登记即替换。Puts somebody into the register, or replaces him there."""
    party = {"name": name, "phone": phone, "contact_of": "own"}
    registered = ServiceClient("intake", OPERATOR).post("/parties", party)
    member = {"person_id": registered["person_id"], "duties": duty, "area": area}
    answer = ServiceClient("notify", OPERATOR).post("/staff", {"holder": holder, **member})
    typer.echo(f"{holder}: {_format_duties(answer['duties'])}")


@app.command("list")
def list_members() -> None:
    """列出登记簿。Lists the register."""
    table = Table("工号 holder", "职责 duties", "范围 area")
    for member in ServiceClient("notify", OPERATOR).get("/staff")["staff"]:
        area = member["area"] or "全市 whole city"
        table.add_row(member["holder"], _format_duties(member["duties"]), area)
    Console().print(table)


@app.command("remove")
def send_removal(holder: str) -> None:
    """不再提醒此人。He is told nothing more."""
    ServiceClient("notify", OPERATOR).post(f"/staff/{holder}/remove")
    typer.echo(f"{holder}: 已移除 removed")


def _format_duties(duties: list[Duty]) -> str:
    return "、".join(DUTY_LABELS[duty] for duty in duties) or "已移除 removed"
