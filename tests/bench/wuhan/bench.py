"""`python -m tests.bench wuhan`: what share of real needs real offers met, and why not the rest."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tests.bench.wuhan import assume, needs, offers, report, tables
from tests.bench.wuhan.play import play

BESIDE = Path(__file__).parents[3].parent / "shared" / "data"


def main(
    data: Annotated[
        Path, typer.Option(envvar="GUANJIA_DATA", help="the folder with wuhan2020/")
    ] = BESIDE,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures")] = None,
) -> None:
    """重放2020年2月湖北各医院的需求。The hospitals' needs of February 2020 against the offers."""
    for name in (needs.FILE, offers.FILE):
        if not (data / name).is_file():
            zh, en = f"没有数据：{data / name}", "no such data; name the folder with --data"
            raise typer.BadParameter(f"{zh} ({en})", param_hint="--data")
    figures = measure(data)
    tables.print_tables(figures, Console())
    if json_file:
        text = json.dumps(figures, indent=2, ensure_ascii=False)
        json_file.write_text(text + "\n", encoding="utf-8")


def measure(data: Path) -> dict[str, Any]:
    """The same files give the same figures, so nothing of the run's own time is in them."""
    events, rows = needs.read_needs(data / needs.FILE), offers.read_offers(data / offers.FILE)
    base = play(events.changes, rows, assume.BASE)
    others = ((other, play(events.changes, rows, other)) for other in assume.OTHERS)
    return {
        "stream": report.describe_stream(events, base),
        "offers": report.describe_offers(rows, base),
        "base": report.build_figures(assume.BASE, base),
        "compared": [report.build_brief(a, s) for a, s in ((assume.BASE, base), *others)],
    }
