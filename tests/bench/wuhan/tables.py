"""The figures as people read them."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.wuhan.periods import Ending
from tests.bench.wuhan.report import LABELS


def print_tables(figures: Mapping[str, Any], console: Console) -> None:
    base = figures["base"]
    console.print(
        _build_plain("事件 events", figures["stream"]),
        _build_plain("资源 offers", figures["offers"]),
    )
    console.print(_build_endings(base["endings"]), _build_items(base["items"]))
    console.print(_build_plain("件 pieces", base["pieces"]))
    console.print(_build_plain("等待（分钟）request to match, minutes", base["wait_minutes"]))
    console.print(_build_comparison(figures["compared"]))


def _build_plain(title: str, rows: Mapping[str, Any]) -> Table:
    table = Table("", "", title=title)
    for name, value in rows.items():
        parts = value if isinstance(value, Mapping) else {"": value}
        table.add_row(
            name, "; ".join(f"{part} {number:,}".strip() for part, number in parts.items())
        )
    return table


def _build_endings(rows: Mapping[Ending, Mapping[str, Any]]) -> Table:
    table = Table("", "诉求 requests", "", "需求 needs", "", "件 pieces", "", "撤回 withdrawn")
    for ending, row in rows.items():
        cells = [_format_count(row, name) for name in ("requests", "needs", "pieces")]
        flat = [cell for pair in cells for cell in pair]
        table.add_row(" ".join(LABELS[ending]), *flat, f"{row['withdrawn']:,}")
    return table


def _format_count(row: Mapping[str, Any], name: str) -> tuple[str, str]:
    return f"{row[name]:,}", f"{row[f'{name}_share']:.1%}"


def _build_items(rows: Mapping[str, Mapping[str, int]]) -> Table:
    names = ("requests", "quantity_unknown", "ever_matched", "pieces", "standing")
    table = Table("物品 item", *names)
    for item, row in rows.items():
        table.add_row(item, *(f"{row[name]:,}" for name in names))
    return table


def _build_comparison(rows: list[Mapping[str, Any]]) -> Table:
    title = "匹配份额 share matched: ever (of requests), and at the end"
    names = ("ever", "requests", "needs", "pieces", "", "stock spent")
    table = Table("假设 assumption", *names, title=title)
    for row in rows:
        names_of_shares = ("ever_matched_share", "standing_share", "needs_standing_share")
        shares = (f"{row[name]:.1%}" for name in names_of_shares)
        pieces = (f"{row['pieces_standing']:,}", f"{row['pieces_share']:.1%}")
        table.add_row(row["name"], *shares, *pieces, f"{row['stock_exhausted']:,}")
    return table
