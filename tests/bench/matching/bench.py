"""`python -m tests.bench matching`: what the solver reaches, beside the raw flow and a greedy."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tests.bench.matching import online, whole
from tests.bench.matching.instances import MILLION, SHAPES

LATENCY_OFFERS, LATENCY_BATCHES = 50_000, 500
CITY = 50_000
SEED = 1


def main(
    requests_max: Annotated[int, typer.Option(help="no instance with more requests")] = CITY,
    million: Annotated[
        bool, typer.Option("--million", help="1,000,000 x 20,000 by cities too")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, help="for cities")] = 2,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures")] = None,
) -> None:
    """对接求解的基准。The solver beside the raw flow and a greedy, in the same run."""
    console = Console()
    figures: dict[str, Any] = {}
    for name, figure, table in _measured(requests_max, million, processes, console):
        figures.setdefault(name, []).append(asdict(figure))
        console.print(table)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _measured(
    requests_max: int, million: bool, processes: int, console: Console
) -> Iterator[tuple[str, Any, Table]]:
    for shape in SHAPES:
        if shape.requests > requests_max:
            continue
        with console.status(shape.name):
            found = whole.measure_apart(shape, SEED)
        yield "whole", found, _whole(found)
        if shape.cities > 1:
            yield _by_city(whole.measure_by_city(shape, SEED, processes))
    with console.status("micro-batches"):
        latency = online.latency(LATENCY_OFFERS, LATENCY_BATCHES, SEED)
    yield "latency", latency, _table("micro-batches of 200", asdict(latency))
    city = next(s for s in reversed(SHAPES) if s.requests <= min(requests_max, CITY))
    with console.status("online"):
        arrived = online.measure(city, SEED)
    yield "online", arrived, _table("online, share of hindsight", asdict(arrived))
    if million:
        with console.status(MILLION.name):
            found_million = whole.measure_by_city(MILLION, SEED, processes)
        yield _by_city(found_million)


def _by_city(found: whole.ByCity) -> tuple[str, whole.ByCity, Table]:
    return "by_city", found, _table(f"{found.shape}, by cities", asdict(found))


def _whole(found: whole.Measured) -> Table:
    title = f"{found.shape}: {found.arcs:,} arcs, {found.funded:.1%} funded, {found.peak_mb} MB"
    table = Table("", "s", "x raw", "gap", title=title)
    rows = (
        ("raw flow, no limits on cases", found.raw_s, found.exact_gap),
        ("ours, no limits on cases", found.free_s, found.free_gap),
        ("of it, donors gathered", found.gathered_s, None),
        ("ours, limits repaired", found.repaired_s, found.repaired_gap),
        ("ours, limits polished", found.polished_s, found.polished_gap),
        ("greedy, limits kept", found.greedy_s, found.greedy_gap),
    )
    for name, seconds, gap in rows:
        said = "" if gap is None else f"{gap:.3%}"
        table.add_row(name, f"{seconds:.3f}", f"{seconds / found.raw_s:.2f}", said)
    split = f"{found.split_by_flow:,} > {found.split:,}"
    table.add_row("requests of several donors, flow > gathered", split, "", "")
    if found.changed is not None:
        table.add_row("requests changed by shuffling", str(found.changed), "", "")
    return table


def _table(title: str, figures: dict[str, Any]) -> Table:
    table = Table("", "", title=title)
    for name, value in figures.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else f"{value}")
    return table


if __name__ == "__main__":
    typer.run(main)
