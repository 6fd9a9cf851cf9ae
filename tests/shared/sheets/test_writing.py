"""Refused rows go back to whoever wrote them: as text, whatever they begin with."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sheets import (
    REASON_HEADERS,
    Column,
    Columns,
    RefusedRow,
    Row,
    open_sheet,
    parse_text,
    write_refused,
)
from shared.sheets.cells import guard_cell, unwrap_cell
from shared.sheets.messages import CELLS_SURPLUS

COLUMNS = Columns(
    (Column("name", "姓名", parse_text, required=True), Column("text", "内容")),
    ignored=REASON_HEADERS,
)
REFUSED = (CELLS_SURPLUS.problem("name"),)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+86138", "-5", "@SUM(A1)", "'quoted", '="138"', "＝1+1", "`x"]
)
def test_no_cell_becomes_a_formula(cell: str, tmp_path: Path) -> None:
    file = tmp_path / "refused.csv"
    write_refused(file, ["姓名", "内容"], [RefusedRow(7, (cell, "x"), REFUSED)])
    with file.open(encoding="utf-8-sig", newline="") as text:
        written = list(csv.reader(text))[1]
    assert written[0] == "7"
    assert written[4] == f"'{cell}"
    (row,) = open_sheet(file.read_bytes()).find_table(COLUMNS)
    assert isinstance(row, Row)
    assert row.texts["name"] == cell


@given(st.text())
def test_a_guarded_cell_is_read_back(text: str) -> None:
    cell = unwrap_cell(text)
    assert unwrap_cell(guard_cell(cell)) == cell
    assert not guard_cell(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=5))
def test_refused_rows_are_read_back_as_they_were(cells: list[tuple[str, str]]) -> None:
    originals = [(f"甲{unwrap_cell(name)}".strip(), unwrap_cell(text)) for name, text in cells]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "refused.csv"
        refused = [RefusedRow(line, row, REFUSED) for line, row in enumerate(originals, 2)]
        write_refused(file, ["姓名", "内容"], refused)
        table = open_sheet(file.read_bytes()).find_table(COLUMNS)
        assert table.unread == ()
        read = [row.original[4:] for row in table if isinstance(row, Row | RefusedRow)]
    assert read == originals
