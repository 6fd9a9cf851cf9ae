"""`guanjia matching selection --year 2026`: the year's typical wishes and highlight projects."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from shared.client import ServiceClient
from shared.contracts.values import LABELS, Kind


class Chosen(StrEnum):
    WISH = Kind.WISH.value
    PROJECT = Kind.PROJECT.value


def selection(
    year: Annotated[int, typer.Option(min=2000, max=8998, help="年度 the year")],
    kind: Annotated[Chosen | None, typer.Option(help="只看一类 one of the two alone")] = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="各取前几名 how many")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 machine readable")] = False,
) -> None:
    """年度评选：典型微心愿与亮点微实事。The year's typical wishes and highlight projects.

    Points: rating 8 a star (3 stars if unrated), urgency 30 less 6 a tier, waiting 1 for every
    3 days up to 20, joint donors 5 each beyond the first up to 10.
    """
    asked = {"year": year, "top": top} | ({"kind": kind.value} if kind else {})
    found = ServiceClient("matching").get("/selection", asked)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    console = Console()
    for each in Kind:
        if each.value in found:
            console.print(_ranked(f"{year} {LABELS[each]} {each.value}", found[each.value]))


def _ranked(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """A terminal may be narrow: no id and no number is cut."""
    table = Table("名次", title=title)
    table.add_column("编号 request", no_wrap=True, min_width=22)
    table.add_column("得分", justify="right", no_wrap=True, min_width=6)
    table.add_column("评价 紧急 等待 共同认领 rating urgency waiting joint", min_width=11)
    table.add_column("类别 category, class", min_width=4)
    for row in rows:
        terms = (_points(row["terms"][name]) for name in ("rating", "urgency", "waiting", "joint"))
        named = f"{row['category_zh']} {row['beneficiary_class_zh']}"
        score = _points(row["score"])
        table.add_row(str(row["rank"]), row["request_id"], score, " ".join(terms), named)
    return table


def _points(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"
