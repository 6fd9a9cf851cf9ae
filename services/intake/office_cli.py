"""`guanjia intake`: the office of requests."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.intake.model import RequestState
from services.intake.reporting.figures import STATES_ZH
from shared.client import ServiceClient
from shared.contracts.values import BeneficiaryClass, Channel, Kind, format_yuan
from shared.documents import Document
from shared.errors import Invalid
from shared.options import Caller
from shared.towns import parse_town

app = typer.Typer(help="受理 Handling of requests.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group of commands."""


@app.command("learn")
def send_learning(caller: Caller = "operator") -> None:
    """根据工作人员的判断重新训练“建议”。Learns anew from what staff decided."""
    lesson = ServiceClient("intake", caller).post("/judgement/learn", None)
    console = Console()
    console.print(f"已学习 {lesson['texts']} 条工作人员判断过的来文。texts that staff judged.")
    if lesson["suggested"]:
        share = lesson["agreed"] / lesson["suggested"]
        console.print(
            f"其中系统原来有建议 {lesson['suggested']} 条，与工作人员一致 {lesson['agreed']} 条"
            f"（{share:.0%}）。suggested before, of one mind."
        )


@app.command("overdue")
def print_overdue(
    town: Annotated[str, typer.Option(help="镇街 name or code of a town")] = "",
    limit: Annotated[int, typer.Option(min=0, max=200)] = 50,
    caller: Caller = "operator",
) -> None:
    """已超期的个案：按镇街计数，并逐件列出。Cases that are late: counted, and one by one."""
    params: dict[str, object] = {"limit": limit}
    if town:
        params["town"] = _read_town(town)
    answer = ServiceClient("intake", caller).get("/overdue", params)
    console = Console()
    counts = Table("镇街 town", "等待 waits for", "件 cases")
    for row in answer["by_town"]:
        counts.add_row(row["town_zh"], row["stage_zh"], str(row["count"]))
    cases = Table(
        "编号 id", "诉求 need", "镇街 town", "等待 waits for", "由谁办 whose", "时限 time"
    )
    cases.columns[0].overflow = "fold"
    for case in answer["cases"]:
        names = ("request_id", "need_zh", "town_zh", "stage_zh", "owner_zh", "left_zh")
        cases.add_row(*(case[name] for name in names))
    if answer["total"]:
        console.print(counts)
        console.print(cases)
    console.print(f"共 {answer['total']} 件超期。cases are late.")


def _read_town(text: str) -> str:
    """As an option is wrong, where no town is called so."""
    try:
        return parse_town(text)
    except Invalid as error:
        problem = error.problems[0]
        raise typer.BadParameter(f"{problem.zh} {problem.en}") from None


@app.command("report")
def report(
    year: Annotated[int | None, typer.Option(help="登记年份 of recording; this one")] = None,
    town: Annotated[str | None, typer.Option(help="镇街 the town, by name or code")] = None,
    kind: Annotated[Kind | None, typer.Option(help="类型（项目库） of the library")] = None,
    state: Annotated[RequestState | None, typer.Option(help="状态")] = None,
    beneficiary_class: Annotated[
        BeneficiaryClass | None, typer.Option("--class", help="困难类别（项目库） of the library")
    ] = None,
    channel: Annotated[Channel | None, typer.Option(help="渠道 how it came")] = None,
    month: Annotated[int | None, typer.Option(min=1, max=12, help="登记月份 of recording")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="写入 JSON 文件")] = None,
    caller: Caller = "operator",
) -> None:
    """项目库、覆盖率、工作量和等待时间。Coverage, workload and waiting times."""
    named = {
        "year": year,
        "town": town and _read_town(town),
        "kind": kind,
        "state": state,
        "beneficiary_class": beneficiary_class,
        "channel": channel,
        "month": month,
    }
    params = {name: value for name, value in named.items() if value}
    figures = ServiceClient("intake", caller).get("/statistics/requests", params)
    if json_file:
        json_file.write_text(json.dumps(figures, ensure_ascii=False, indent=2), encoding="utf-8")
    console = Console()
    for each in figures["tables"]:
        console.print(_make_figures(each))
        if each["absent"]:
            console.print(f"没有登记的 nothing recorded: {'、'.join(each['absent'].values())}")


def _make_figures(figures: Document) -> Table:
    """Columns in which nothing stands are left out: what remains fits a narrow terminal."""
    days = ("审批天数", "办结天数", "在办已等天数")
    heads = ("项目", "件数", *STATES_ZH.values(), "在办", "覆盖率%", "元", *days)
    rows = [_format_figures(line) for line in (*figures["lines"], figures["total"])]
    used = [at for at, head in enumerate(heads) if at == 0 or any(row[at] for row in rows)]
    table = Table(*(heads[at] for at in used), title=figures["zh"])
    for column in table.columns:
        column.overflow = "fold"
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*(row[at] for at in used))
    return table


def _format_figures(line: Document) -> tuple[str, ...]:
    states = (str(line["by_state"].get(state, "")) for state in STATES_ZH)
    covered = _format_known(line["covered_percent"])
    work = (str(line["in_hand"] or ""), covered, format_yuan(line["fen"]))
    days = (_format_known(line[name]) for name in ("waited_days", "took_days", "waiting_days"))
    return (line["zh"], str(line["requests"]), *states, *work, *days)


def _format_known(figure: float | None) -> str:
    """Nothing stands for what is unknown, never for 0."""
    return "" if figure is None else str(figure)
