"""Bars that are a table as well: each row its name, and for each number a bar and the number.

Drawn as SVG by the server; whoever hears a page is read the table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.audit.overview import MERGED, UNSAID, Sums, Use, merge_few
from shared.contracts.values import LABELS
from shared.money import format_yuan
from shared.web.pages import format_town
from shared.web.pages import name_town as name_any_town
from shared.web.town_map import Spot
from shared.web.town_map import draw_towns as draw_spots

Series = Literal["income", "committed", "spent", "outstanding", "remaining", "other"]
BAR_WIDTH = 1000
SERIES: Mapping[Series, tuple[str, str]] = {
    "income": ("收到", "received"),
    "committed": ("承诺", "promised"),
    "spent": ("已拨付", "paid"),
    "outstanding": ("已承诺未付", "promised, not yet paid"),
    "remaining": ("可用余额", "remaining"),
    "other": ("管理费、银行手续费和退款", "fees, banks' charges and refunds"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """width: of `BAR_WIDTH`. start: where it begins, in a bar of several parts."""

    series: Series
    zh: str
    en: str
    yuan: str
    width: int
    start: int = 0


@dataclass(frozen=True, slots=True)
class ChartRow:
    """note: beside the name, such as how many cases."""

    zh: str
    en: str
    bars: tuple[Bar, ...]
    note_zh: str = ""
    note_en: str = ""


def draw_whole(sums: Sums) -> tuple[Bar, ...]:
    """Where the money is that came in: parts of one bar. None where a part is below zero."""
    parts: dict[Series, int] = {
        "spent": sums.spent,
        "outstanding": sums.outstanding,
        "other": sums.fees + sums.charges + sums.refunded,
        "remaining": sums.remaining,
    }
    whole = sum(parts.values())
    if whole <= 0 or min(parts.values()) < 0:
        return ()
    bars, start = [], 0
    for series, fen in parts.items():
        width = fen * BAR_WIDTH // whole
        bars.append(Bar(series, *SERIES[series], format_yuan(fen), width, start))
        start += width
    return tuple(bars)


def draw_months(months: Mapping[str, Sums]) -> list[ChartRow]:
    rows: list[tuple[str, str, dict[Series, int]]] = []
    for month, sums in months.items():
        year, _, number = month.partition("-")
        committed = sums.committed - sums.released
        figures: dict[Series, int] = {
            "income": sums.income,
            "committed": committed,
            "spent": sums.spent,
        }
        rows.append((f"{year}年{int(number)}月", month, figures))
    return _draw(rows)


def draw_categories(uses: Mapping[str, Use]) -> list[ChartRow]:
    return _draw_uses(merge_few(uses), name_category)


def draw_towns(uses: Mapping[str, Use]) -> list[ChartRow]:
    return _draw_uses(merge_few(uses), name_town)


def place_towns(uses: Mapping[str, Use], make_href: Callable[[str], str]) -> list[Spot]:
    """On the map stands what the table names: towns of few cases are on neither."""
    clear = [(code, use) for code, use in merge_few(uses) if code not in (MERGED, UNSAID)]
    return draw_spots({format_town(code): use.cases for code, use in clear}, make_href)


def name_category(code: str) -> tuple[str, str]:
    if code == UNSAID:
        return "未说明类别", "not said"
    return LABELS.get(code, "其他"), code.replace("_", " ")


def name_town(code: str) -> tuple[str, str]:
    if code == UNSAID:
        return "未说明镇街", "not said"
    return name_any_town(code)


def _draw_uses(
    rows: Sequence[tuple[str, Use]], name: Callable[[str], tuple[str, str]]
) -> list[ChartRow]:
    named: list[tuple[str, str, dict[Series, int]]] = []
    for code, use in rows:
        zh, en = MERGED_NAME if code == MERGED else name(code)
        named.append((zh, en, {"committed": use.committed, "spent": use.spent}))
    drawn = _draw(named)
    return [
        ChartRow(row.zh, row.en, row.bars, f"{use.cases}笔", f"{use.cases} cases")
        for row, (_, use) in zip(drawn, rows, strict=True)
    ]


MERGED_NAME = ("其他（笔数少，合并公布）", "others, too few to be shown alone")


def _draw(rows: Iterable[tuple[str, str, dict[Series, int]]]) -> list[ChartRow]:
    listed = list(rows)
    most = max((fen for _, _, figures in listed for fen in figures.values()), default=0)
    return [
        ChartRow(
            zh,
            en,
            tuple(
                Bar(series, *SERIES[series], format_yuan(fen), _scale(fen, most))
                for series, fen in figures.items()
            ),
        )
        for zh, en, figures in listed
    ]


def _scale(fen: int, most: int) -> int:
    """What is not nothing is seen."""
    return max(4, fen * BAR_WIDTH // most) if fen > 0 else 0
