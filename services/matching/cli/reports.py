"""`guanjia matching campaign ID` and `guanjia matching selection --year 2026`."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.client import ServiceClient
from shared.contracts.values import LABELS, Kind
from shared.documents import Document
from shared.money import format_yuan

# --- a campaign -----------------------------------------------------------------------------------

AMOUNT_LABELS = {
    "budget": "预算 budget",
    "pledged": "认捐 pledged",
    "reserved": "对接中 reserved",
    "delivered": "已送达 delivered",
    "confirmed": "已确认 confirmed",
    "reopened": "未到位 reopened",
    "budget_left": "预算余额 left",
}
REQUEST_LABELS = {"open": "对接中", "closed": "已完结", "withdrawn": "已撤回"}


def print_campaign_report(
    campaign_id: Annotated[str, typer.Argument(metavar="ID", help="专项行动编号 its id")],
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 machine readable")] = False,
) -> None:
    """专项行动的进展。A campaign's progress: requests, donors, money, days."""
    report = ServiceClient("matching").get(f"/campaigns/{campaign_id}/report")
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
        return
    print_campaign(Console(), report)


class EndingAct(StrEnum):
    PROPOSE = "propose"
    APPROVE = "approve"
    REFUSE = "refuse"


def send_emergency_end(
    emergency_id: Annotated[str, typer.Argument(metavar="ID", help="应急编号 its id")],
    act: Annotated[
        EndingAct, typer.Argument(help="提出、另一人确认或不同意 one proposes, another approves")
    ],
    caller: Annotated[str, typer.Option("--as", help="凭证 credential")] = "approver-city",
) -> None:
    """提前结束早期在对接服务里启动的应急，须两人。Ends an old emergency, by two people."""
    path = f"/emergencies/{emergency_id}/{_ENDING_PATHS[act]}"
    answer = ServiceClient("matching", caller).post(path, {})
    typer.echo(f"{answer['emergency_id']} {ENDING_LABELS[answer['state']]} {answer['ends_at']}")


_ENDING_PATHS: Mapping[EndingAct, str] = {
    EndingAct.PROPOSE: "ending",
    EndingAct.APPROVE: "end",
    EndingAct.REFUSE: "ending/refuse",
}
ENDING_LABELS = {
    "ending_proposed": "已提出提前结束，请另一位市级审批人员确认；原定 to be approved; until",
    "ended": "已结束 ended",
    "declared": "继续执行，至 goes on until",
}


def print_campaign(console: Console, report: Document) -> None:
    for line in format_campaign(report):
        console.print(escape(line), soft_wrap=True, highlight=False)
    money = Table("资金 money", "人民币元 CNY")
    for name, label in AMOUNT_LABELS.items():
        money.add_row(label, format_yuan(report["money"][f"{name}_fen"]))
    money.columns[1].justify, money.columns[1].no_wrap = "right", True
    console.print(money)


def format_campaign(report: Document) -> list[str]:
    """The report without its money, a sentence a line."""
    requests, donors, days = report["requests"], report["donors"], report["days"]
    states = " · ".join(
        f"{REQUEST_LABELS[name]} {name} {n:,}" for name, n in requests["by_state"].items()
    )
    classes = " · ".join(f"{name} {n:,}" for name, n in requests["by_class_zh"].items())
    return [
        f"{report['campaign']['name']}（{report['campaign']['id']}）",
        f"第 {days['passed']} 天，共 {days['total']} 天 day {days['passed']} of {days['total']}",
        f"诉求 requests {requests['total']:,}: {states}",
        f"困难类别 classes: {classes}",
        f"捐赠方 donors {donors['joined']:,} joined · 认捐 {donors['pledged']:,} pledged"
        f" · 已对接 {donors['giving']:,} giving",
        *(_format_goods(row) for row in report["goods"]),
    ]


def _format_goods(row: Mapping[str, object]) -> str:
    names = ("pledged", "reserved", "delivered", "confirmed", "reopened")
    amounts = " · ".join(f"{AMOUNT_LABELS[name]} {row[name]:,}" for name in names)
    return f"物资 goods {row['item']}（{row['unit']}）: {amounts}"


# --- the year's selection -------------------------------------------------------------------------


class SelectedKind(StrEnum):
    WISH = Kind.WISH.value
    PROJECT = Kind.PROJECT.value


def print_selection(
    year: Annotated[int, typer.Option(min=2000, max=8998, help="年度 the year")],
    kind: Annotated[SelectedKind | None, typer.Option(help="只看一类 one of the two alone")] = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="各取前几名 how many")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 machine readable")] = False,
) -> None:
    """年度评选：典型微心愿与亮点微实事。The year's typical wishes and highlight projects.

    Points: rating 8 a star (3 stars if unrated), urgency 30 less 6 a tier, waiting 1 for every
    3 days up to 20, joint donors 5 each beyond the first up to 10.
    """
    query: dict[str, int | str] = {"year": year, "top": top} | (
        {"kind": kind.value} if kind else {}
    )
    ranking = ServiceClient("matching").get("/selection", query)
    if as_json:
        typer.echo(json.dumps(ranking, ensure_ascii=False, indent=1))
        return
    console = Console()
    for kind_ in Kind:
        if kind_.value in ranking:
            title = f"{year} {LABELS[kind_]} {kind_.value}"
            console.print(_build_ranking_table(title, ranking[kind_.value]))


def _build_ranking_table(title: str, rows: Sequence[Document]) -> Table:
    """A terminal may be narrow: no id and no number is cut."""
    table = Table("名次", title=title)
    table.add_column("编号 request", no_wrap=True, min_width=22)
    table.add_column("得分", justify="right", no_wrap=True, min_width=6)
    table.add_column("评价 紧急 等待 共同认领 rating urgency waiting joint", min_width=11)
    table.add_column("类别 category, class", min_width=4)
    for row in rows:
        terms = (
            _format_points(row["terms"][name]) for name in ("rating", "urgency", "waiting", "joint")
        )
        labels = f"{row['category_zh']} {row['beneficiary_class_zh']}"
        score = _format_points(row["score"])
        table.add_row(str(row["rank"]), row["request_id"], score, " ".join(terms), labels)
    return table


def _format_points(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"
