"""`guanjia matching campaign ID`: how far a campaign is."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.client import ServiceClient
from shared.money import yuan

AMOUNTS = {
    "budget": "预算 budget",
    "pledged": "认捐 pledged",
    "reserved": "对接中 reserved",
    "delivered": "已送达 delivered",
    "confirmed": "已确认 confirmed",
    "reopened": "未到位 reopened",
    "budget_left": "预算余额 left",
}
STATES = {"open": "对接中", "closed": "已完结", "withdrawn": "已撤回"}


def campaign(
    campaign_id: Annotated[str, typer.Argument(metavar="ID", help="专项行动编号 its id")],
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 machine readable")] = False,
) -> None:
    """专项行动的进展。How far a campaign is: requests, donors, money, days."""
    told = ServiceClient("matching").get(f"/campaigns/{campaign_id}/report")
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    show_campaign(Console(), told)


def show_campaign(console: Console, told: Mapping[str, Any]) -> None:
    for line in lines(told):
        console.print(escape(line), soft_wrap=True, highlight=False)
    money = Table("资金 money", "人民币元 CNY")
    for name, label in AMOUNTS.items():
        money.add_row(label, yuan(told["money"][f"{name}_fen"]))
    money.columns[1].justify, money.columns[1].no_wrap = "right", True
    console.print(money)


def lines(told: Mapping[str, Any]) -> list[str]:
    """The report without its money, a sentence a line."""
    requests, donors, days = told["requests"], told["donors"], told["days"]
    states = " · ".join(f"{STATES[name]} {name} {n:,}" for name, n in requests["by_state"].items())
    classes = " · ".join(f"{name} {n:,}" for name, n in requests["by_class_zh"].items())
    return [
        f"{told['campaign']['name']}（{told['campaign']['id']}）",
        f"第 {days['passed']} 天，共 {days['total']} 天 day {days['passed']} of {days['total']}",
        f"诉求 requests {requests['total']:,}: {states}",
        f"困难类别 classes: {classes}",
        f"捐赠方 donors {donors['joined']:,} joined · 认捐 {donors['pledged']:,} pledged"
        f" · 已对接 {donors['giving']:,} giving",
        *(_goods(row) for row in told["goods"]),
    ]


def _goods(row: Mapping[str, Any]) -> str:
    names = ("pledged", "reserved", "delivered", "confirmed", "reopened")
    amounts = " · ".join(f"{AMOUNTS[name]} {row[name]:,}" for name in names)
    return f"物资 goods {row['item']}（{row['unit']}）: {amounts}"
