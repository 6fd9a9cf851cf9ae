"""The figures as people read them."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.wuhan.report import LABELS
from tests.bench.wuhan.spells import Ending


def show(found: Mapping[str, Any], console: Console) -> None:
    base = found["base"]
    console.print(_plain("事件 events", found["stream"]), _plain("资源 offers", found["offers"]))
    console.print(_endings(base["endings"]), _items(base["items"]))
    console.print(_plain("件 pieces", base["pieces"]))
    console.print(_plain("等待（分钟）request to match, minutes", base["wait_minutes"]))
    console.print(_compared(found["compared"]))


def _plain(title: str, figures: Mapping[str, Any]) -> Table:
    table = Table("", "", title=title)
    for name, value in figures.items():
        said = value if isinstance(value, Mapping) else {"": value}
        table.add_row(
            name, "; ".join(f"{part} {number:,}".strip() for part, number in said.items())
        )
    return table


def _endings(rows: Mapping[Ending, Mapping[str, Any]]) -> Table:
    table = Table("", "诉求 requests", "", "需求 needs", "", "件 pieces", "", "撤回 withdrawn")
    for ending, row in rows.items():
        cells = [_counted(row, name) for name in ("requests", "needs", "pieces")]
        flat = [cell for pair in cells for cell in pair]
        table.add_row(" ".join(LABELS[ending]), *flat, f"{row['withdrawn']:,}")
    return table


def _counted(row: Mapping[str, Any], name: str) -> tuple[str, str]:
    return f"{row[name]:,}", f"{row[f'{name}_share']:.1%}"


def _items(rows: Mapping[str, Mapping[str, int]]) -> Table:
    names = ("requests", "quantity_unknown", "ever_matched", "pieces", "standing")
    table = Table("物品 item", *names)
    for item, row in rows.items():
        table.add_row(item, *(f"{row[name]:,}" for name in names))
    return table


def _compared(rows: list[Mapping[str, Any]]) -> Table:
    title = "匹配份额 share matched: ever (of requests), and at the end"
    names = ("ever", "requests", "needs", "pieces", "", "stock spent")
    table = Table("假设 assumption", *names, title=title)
    for row in rows:
        said = ("ever_matched_share", "standing_share", "needs_standing_share")
        shares = (f"{row[name]:.1%}" for name in said)
        pieces = (f"{row['pieces_standing']:,}", f"{row['pieces_share']:.1%}")
        table.add_row(row["name"], *shares, *pieces, f"{row['stock_exhausted']:,}")
    return table
