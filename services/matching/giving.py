"""What one donor gave and what became of it: a year's figures, from his matches and offers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.matching.model.labels import STATE_LABELS
from services.matching.model.match import Match
from shared.contracts.values import CHINA, LABELS, MONEY_UNIT
from shared.sheets.report import Cell, ReportSheet, convert_fen, write_report
from shared.towns import town_name

UNDER_WAY = ("accepted", "committed", "delivered")
Sum = tuple[str, str, int]
"""Unit, item, how much."""


@dataclass(frozen=True, slots=True)
class GivingYear:
    """given: what arrived and was confirmed in this year. promised: what is under way, whenever it
    began. people: how many it reached. stars: what those think of it who said so, on average.
    is_cut: the year holds more than this, so no sum of it is the year's.
    """

    year: int
    given: tuple[Match, ...]
    promised: tuple[Match, ...]
    sums: tuple[Sum, ...]
    people: int
    towns: tuple[str, ...]
    by_category: tuple[tuple[str, int], ...]
    stars: float | None
    is_cut: bool = False


def find_year(at: datetime) -> int:
    return at.astimezone(CHINA).year


def compute_bounds(year: int) -> tuple[datetime, datetime]:
    """When it begins in China, and the next one."""
    return datetime(year, 1, 1, tzinfo=CHINA), datetime(year + 1, 1, 1, tzinfo=CHINA)


def list_years(years: Iterable[int], now: datetime) -> list[int]:
    """Those in which something was confirmed, and the current one; the latest first."""
    return sorted({*years, find_year(now)}, reverse=True)


def build_year(matches: Sequence[Match], year: int, *, is_cut: bool = False) -> GivingYear:
    gifts = [
        m for m in matches if _is_given(m) and m.confirmed_at and find_year(m.confirmed_at) == year
    ]
    gifts.sort(key=lambda m: (m.confirmed_at or m.changed_at, m.id))
    sums: Counter[tuple[str, str]] = Counter()
    for match in gifts:
        sums[match.unit, match.item] += match.quantity
    categories = Counter(str(match.category) for match in gifts)
    stars = [match.stars for match in gifts if match.stars is not None]
    return GivingYear(
        year=year,
        given=tuple(gifts),
        promised=tuple(match for match in matches if match.state in UNDER_WAY),
        sums=tuple((unit, item, quantity) for (unit, item), quantity in sorted(sums.items())),
        people=len({match.person_id for match in gifts}),
        towns=tuple(sorted({town_name(match.town_code) or "东莞市" for match in gifts})),
        by_category=tuple(categories.most_common()),
        stars=round(sum(stars) / len(stars), 1) if stars else None,
        is_cut=is_cut,
    )


def _is_given(match: Match) -> bool:
    """It arrived, and somebody who is not the giver said so."""
    return match.state == "confirmed" and match.confirmed_at is not None


# --- to take away ---

_HEAD = ("确认收到日期", "类别", "镇街", "物品", "数量", "单位", "金额（元）", "状态", "评价（星）")


CUT_ZH = "本年数量较多，本表只列出最近的 {count} 件，合计不等于全年。全年数字请向基金会索取。"


def write_workbook(year: GivingYear) -> bytes:
    """Nobody who was helped stands in it. A cell that a program would compute stays text."""
    rows: list[Sequence[Cell]] = [_HEAD, *map(_make_row, (*year.given, *year.promised))]
    if year.is_cut:
        rows.append([CUT_ZH.format(count=len(year.given))])
    return write_report([ReportSheet(f"{year.year}年捐助明细", rows)])


def _make_row(match: Match) -> Sequence[Cell]:
    is_money = match.unit == MONEY_UNIT
    day = match.confirmed_at.astimezone(CHINA).date().isoformat() if match.confirmed_at else ""
    return [
        day,
        LABELS[match.category],
        town_name(match.town_code) or "",
        "" if is_money else match.item,
        None if is_money else match.quantity,
        "" if is_money else match.unit,
        convert_fen(match.quantity) if is_money else None,
        STATE_LABELS[match.state],
        match.stars,
    ]
