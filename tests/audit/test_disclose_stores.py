"""Goods in store in a disclosure: valued, by the basis, and by station; nothing where none said."""

from datetime import date
from typing import Any

from services.audit.reports.disclosure.figures import Figures, Period
from services.audit.reports.disclosure.markdown import render_markdown

RICE: dict[str, Any] = {
    "fund_id": "warm",
    "item": "大米",
    "unit": "袋",
    "in_stock": 18,
    "unit_fen": 8_050,
    "value_fen": 18 * 8_050,
    "basis": "documents",
    "valued_by": "盘点表-1",
    "places": [{"station": "茶山驿站", "quantity": 12}, {"station": "南城驿站", "quantity": 8}],
}
OIL = RICE | {"item": "食用油", "unit_fen": 0, "value_fen": None, "basis": "", "valued_by": ""}


def render(*stocks: dict[str, Any]) -> list[str]:
    figures = Figures(Period.parse("2026"))
    day = date(2026, 5, 1)
    return render_markdown(figures, [], [], day, 1, stocks=stocks).splitlines()


def find_row(lines: list[str], *words: str) -> str:
    [row] = [line for line in lines if all(word in line for word in words)]
    return row


def test_goods_are_shown_with_their_value_its_basis_and_document() -> None:
    lines = render(RICE, OIL)
    row = find_row(lines, "大米", "盘点表-1")
    assert all(cell in row for cell in ("| 18 |", "80.50", "1,449.00", "捐赠方凭据金额"))
    assert "未估值" in find_row(lines, "食用油", "| 18 |")


def test_each_station_has_its_goods_and_sum_and_the_sums_are_what_is_in_stock() -> None:
    lines = render(RICE)
    assert "966.00" in find_row(lines, "| 茶山驿站 |", "12 袋")
    assert "966.00" in find_row(lines, "**茶山驿站**")
    assert "644.00" in find_row(lines, "**南城驿站**")
    assert "-161.00" in find_row(lines, "**盘点以后的增减"), "two were given out since"


def test_a_report_without_stocks_says_nothing_of_values() -> None:
    assert not any("价值" in line for line in render())
