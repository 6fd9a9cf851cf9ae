"""The balance beside each line: a line that is missing or there twice breaks its chain."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.statements import parse_layout, read_statement
from services.audit.statements.messages import BALANCE_BROKEN

HEADER = "交易日期,对方户名,借方发生额,贷方发生额,余额,流水号"


def write_lines(moved: list[int]) -> list[str]:
    """Of what comes in or, below zero, leaves, in fen, upon 10,000 yuan."""
    balance, lines = 1_000_000, []
    for number, fen in enumerate(moved):
        balance += fen
        sides = f",{Decimal(fen) / 100:.2f}" if fen > 0 else f"{Decimal(-fen) / 100:.2f},"
        lines.append(f"2026-01-05,捐赠人,{sides},{Decimal(balance) / 100:.2f},T-{number}")
    return lines


def list_breaks(lines: list[str], header: str = HEADER) -> list[int]:
    layout = parse_layout(constants=("fund_id=warm",))
    rows = read_statement("\n".join((header, *lines)).encode(), "bank.csv", layout)
    codes = ((row.line, getattr(row, "problems", ())) for row in rows)
    return [line for line, each in codes if BALANCE_BROKEN.code in {one.code for one in each}]


MOVED = [10_000, -2_500, 300, 7_000, -1, 50_000, 4_200, -900, 10_000, 100]


@given(st.lists(st.integers(-9_000, 9_000).filter(bool), max_size=20), st.booleans())
def test_what_is_whole_has_no_break(moved: list[int], newest_first: bool) -> None:
    lines = write_lines(moved)
    assert list_breaks(lines[::-1] if newest_first else lines) == []


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_missing_line_is_seen(newest_first: bool) -> None:
    lines = write_lines(MOVED)
    del lines[4:6]
    assert len(list_breaks(lines[::-1] if newest_first else lines)) == 1


def test_a_line_that_stands_twice_is_seen() -> None:
    lines = write_lines(MOVED)
    assert list_breaks([*lines, lines[0]]) == [len(MOVED) + 2]


@pytest.mark.parametrize("empty", ["-", "--", "—", "/", "0.00"])
def test_it_is_followed_whatever_a_bank_writes_into_the_other_side(empty: str) -> None:
    lines = []
    for line in write_lines(MOVED):
        day, name, out, into, *others = line.split(",")
        lines.append(",".join((day, name, out or empty, into or empty, *others)))
    assert list_breaks(lines) == []
    del lines[4:6]
    assert len(list_breaks(lines)) == 1


def test_a_misread_amount_is_seen() -> None:
    lines = write_lines(MOVED)
    lines[2] = lines[2].replace("3.00", "300.00", 1)
    assert list_breaks(lines) == [4]


@pytest.mark.parametrize("header", ["余额", "账户余额(元)", "Balance"])
def test_the_column_is_known_by_its_words(header: str) -> None:
    lines = write_lines(MOVED)
    del lines[3]
    assert len(list_breaks(lines, HEADER.replace("余额", header))) == 1


@pytest.mark.parametrize("header", ["可用余额", "会员余额说明", "余额宝"])
def test_other_columns_are_no_running_balance(header: str) -> None:
    lines = write_lines(MOVED)
    del lines[3]
    assert list_breaks(lines, HEADER.replace("余额", header)) == []


def test_lines_in_no_order_say_nothing() -> None:
    lines = write_lines(MOVED)
    assert list_breaks([*lines[::3], *lines[1::3], *lines[2::3]]) == []


def test_a_line_without_a_balance_is_no_link_and_hides_nothing() -> None:
    lines = write_lines(MOVED)
    pending = "2026-01-05,捐赠人,,5.00,,T-99"
    assert list_breaks([*lines[:5], pending, *lines[5:]]) == []
    del lines[7]
    assert len(list_breaks([*lines[:5], pending, *lines[5:]])) == 1
