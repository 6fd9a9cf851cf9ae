"""`guanjia persons`: from a phone to its persons; reading, correcting, exporting, erasing one."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.intake.person_views import WHOSE_LABELS
from shared.client import ServiceClient
from shared.errors import Invalid
from shared.options import Caller
from shared.phones import parse_mobile

app = typer.Typer(help="服务对象 Persons.", no_args_is_help=True)

PersonId = Annotated[str, typer.Argument(help="人员编号 P-…")]
Phone = Annotated[str | None, typer.Option(help="手机号")]
Name = Annotated[str | None, typer.Option(help="姓名")]
IdNumber = Annotated[str | None, typer.Option(help="身份证号")]
STAFF = "approver-city"


@app.command()
def find(
    phone: Phone = None, name: Name = None, id_number: IdNumber = None, caller: Caller = STAFF
) -> None:
    """按手机号、姓名或身份证号查找；查询会留痕。Finds persons; every look is logged."""
    search = _drop_empty(phone=_parse_phone(phone), name=name, id_number=id_number)
    rows = ServiceClient("intake", caller).post("/persons/find", search)["persons"]
    table = Table("编号 id", "姓名", "手机", "证件", "镇街", "诉求数")
    for row in rows:
        cells = (row["name"], row["phone"], row["id_number"], row["town_zh"], row["requests"])
        table.add_row(row["person_id"], *(str(cell or "") for cell in cells))
    console = Console()
    console.print(table)
    if not rows:
        console.print("没有找到（只显示您辖区内的人员）。Nobody in your area.")
        raise typer.Exit(1)


@app.command("show")
def print_person(person_id: PersonId, caller: Caller = STAFF) -> None:
    """显示一个人的资料、诉求和收到过的帮助。Shows a person, his cases, what he received."""
    Console().print_json(data=ServiceClient("intake", caller).get(f"/persons/{person_id}"))


@app.command()
def correct(
    person_id: PersonId,
    reason: Annotated[str, typer.Option(help="依据 how it is known")],
    name: Name = None,
    phone: Phone = None,
    id_number: IdNumber = None,
    contact_of: Annotated[
        str | None,
        typer.Option(help="电话是谁的 " + "、".join(f"{k} {v}" for k, v in WHOSE_LABELS.items())),
    ] = None,
    caller: Caller = STAFF,
) -> None:
    """更正姓名、手机或证件号码。Corrects a name, phone or ID number."""
    changes = _drop_empty(
        name=name, phone=_parse_phone(phone), id_number=id_number, contact_of=contact_of
    )
    body = {**changes, "reason": reason}
    ServiceClient("intake", caller).post(f"/persons/{person_id}/correct", body)
    Console().print(f"已更正 corrected: {person_id}")


@app.command("merge")
def send_merge(
    person_id: PersonId,
    other_id: Annotated[str, typer.Argument(help="另一条记录 the other record")],
    caller: Caller = STAFF,
) -> None:
    """两条记录是同一人；可随时撤销。Two records are one person; unmerge takes it back."""
    client = ServiceClient("intake", caller)
    client.post(f"/persons/{person_id}/merge", {"other_id": other_id})
    Console().print(f"已合并 merged: {person_id} {other_id}")


@app.command()
def unmerge(person_id: PersonId, caller: Caller = STAFF) -> None:
    """这条记录是另一个人。The record is of somebody else than those it was merged with."""
    ServiceClient("intake", caller).post(f"/persons/{person_id}/unmerge", {})
    Console().print(f"已分开 unmerged: {person_id}")


@app.command()
def export(person_id: PersonId, caller: Caller = STAFF) -> None:
    """导出本人全部资料（JSON），交给本人。All that we hold of a person."""
    data = ServiceClient("intake", caller).post(f"/persons/{person_id}/export", {})
    Console().print_json(data=data)


@app.command("propose-erasure")
def send_erasure_proposal(person_id: PersonId, caller: Caller = STAFF) -> None:
    """提出删除个人信息；由另一位确认后才删除。Proposes to erase; another approves."""
    ServiceClient("intake", caller).post(f"/persons/{person_id}/erasure", {})
    Console().print(f"已提出，待另一位确认 proposed: {person_id}")


@app.command("refuse-erasure")
def send_erasure_refusal(person_id: PersonId, caller: Caller = "operator") -> None:
    """不同意删除。Refuses what was proposed."""
    ServiceClient("intake", caller).post(f"/persons/{person_id}/erasure/refuse", {})
    Console().print(f"不删除 refused: {person_id}")


@app.command("erasures")
def print_erasures(caller: Caller = "operator") -> None:
    """等待第二人确认的删除。What waits for a second one's approval."""
    table = Table("编号 id", "提出人", "提出时间")
    for row in ServiceClient("intake", caller).get("/erasures")["erasures"]:
        table.add_row(row["person_id"], row["proposed_by"], row["proposed_at"])
    Console().print(table)


@app.command()
def erase(
    person_id: PersonId,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 do not ask")] = False,
    caller: Caller = "operator",
) -> None:
    """确认另一位提出的删除，不可恢复；未完结的诉求随之撤回。Erases what another proposed."""
    if not yes:
        typer.confirm(f"删除 {person_id} 的全部个人信息，不可恢复。Erase for good?", abort=True)
    ServiceClient("intake", caller).post(f"/persons/{person_id}/erase", {})
    Console().print(f"已删除 erased: {person_id}")


def _drop_empty(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value}


def _parse_phone(text: str | None) -> str | None:
    """As people write it."""
    if text is None:
        return None
    try:
        return str(parse_mobile(text, "phone"))
    except Invalid as error:
        for problem in error.problems:
            Console(stderr=True).print(f"{problem.zh} {problem.en}")
        raise typer.Exit(2) from None
