"""`guanjia matching solve FILE.json`: what would be matched, and why. No service is needed."""

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from services.matching.cli.reports import print_campaign_report, print_selection, send_emergency_end
from services.matching.cli.rounds import Details, explain_id, optimise, print_rounds, replay
from shared.errors import Invalid

if TYPE_CHECKING:
    from services.matching.planner.plan import Plan

app = typer.Typer(help="对接方案 Matching: what-if plans.", no_args_is_help=True)
app.command("selection")(print_selection)
app.command("campaign")(print_campaign_report)
app.command("end-emergency")(send_emergency_end)
app.command("optimise")(optimise)
app.command("rounds")(print_rounds)
app.command("replay")(replay)
app.command("explain")(explain_id)


@app.callback()
def _group() -> None:
    """A group, so that other commands can be mounted beside solve."""


def _print_example(is_wanted: bool) -> None:
    if is_wanted:
        example = files("services.matching.planner") / "example.json"
        typer.echo(example.read_text(encoding="utf-8"), nl=False)
        raise typer.Exit


@app.command("solve")
def solve_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON instance")],
    example: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option(
            "--example",
            is_eager=True,
            callback=_print_example,
            help="打印示例文件 print an example",
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="结果写入文件 write the result here")] = None,
    explain: Annotated[
        str | None, typer.Option(metavar="ID", help="说明这一诉求 explain this request")
    ] = None,
    details: Details = False,
    processes: Annotated[
        int, typer.Option(min=0, help="按城市分开求解的进程数 processes, one city each")
    ] = 0,
) -> None:
    """求解一个对接方案，不需要运行任何服务。Solves an instance, without any service running.

    The file says now, requests, offers; and, where they matter, funds with their related parties,
    campaigns and weights: docs/matching.md describes every field, --example prints a small one.

    A terminal shows a summary; anything else without --out gets the result as JSON.
    """
    notes, console = Console(stderr=True), Console()
    try:
        plan = _solve_plan(file, processes, notes)
    except Invalid as error:
        for problem in error.problems:
            notes.print(f"[red]{problem.field}[/]: {problem.zh} · {problem.en}", highlight=False)
        raise typer.Exit(2) from None
    lines = _explain(plan, explain, details, notes) if explain else []
    if out:
        out.write_text(_to_json(plan), encoding="utf-8")
    if out or console.is_terminal or lines:
        _print_plan(console, plan, lines)
    else:
        typer.echo(_to_json(plan), nl=False)


def _solve_plan(file: Path, processes: int, notes: Console) -> "Plan":
    """Imported here: help and other commands need no solver."""
    from services.matching.planner.instance import read_instance
    from services.matching.planner.plan import build_plan

    with notes.status("读取 reading") as status:
        instance = read_instance(file.read_bytes())

        def show_progress(resource: str, done: int, of: int) -> None:
            status.update(f"求解 solving {escape(resource)} ({done + 1}/{of})")

        return build_plan(instance, show_progress, processes)


def _to_json(plan: "Plan") -> str:
    from services.matching.planner.summary import build_result

    return json.dumps(build_result(plan), ensure_ascii=False, indent=2) + "\n"


def _explain(plan: "Plan", request_id: str, details: bool, notes: Console) -> list[str]:
    from services.matching.explaining.details import format_details
    from services.matching.explaining.explanation import explain
    from services.matching.explaining.sentences import format_explanation

    explanation = explain(plan, request_id)
    if explanation is None:
        name = escape(request_id)
        notes.print(f"[red]没有诉求 {name}[/] · there is no request {name}", highlight=False)
        raise typer.Exit(2)
    numbers = format_details(explanation) if details else []
    return [*format_explanation(explanation), *numbers]


def _print_plan(console: Console, plan: "Plan", lines: list[str]) -> None:
    from services.matching.planner.summary import build_tables

    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not lines:
        for table in build_tables(plan):
            console.print(table)
        console.print(
            f"与下界之差 gap to the bound: {plan.gap:.3%} · 用时 {plan.seconds:.2f} s",
            highlight=False,
        )
