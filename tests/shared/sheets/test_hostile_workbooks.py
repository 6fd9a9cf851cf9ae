"""Workbooks that somebody made to harm: refused in words, at once, and nothing else is read."""

import io
import zipfile
from itertools import count

import openpyxl
import pytest

from shared.errors import Invalid
from shared.sheets import check_unpacked, open_sheet
from shared.sheets.delimited import COLUMNS_MAX, DelimitedRows, RawRow
from shared.sheets.table import HEADER_WITHIN_LINES, _read_first_rows, _read_header_cells
from shared.sheets.workbook import UNPACKED_MAX, read_workbook

NAMES = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
TYPES = "[Content_Types].xml"
STRINGS_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
    b'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
LAUGHS = "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">'
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def make_workbook(parts: dict[str, bytes], declared: int | None = None) -> bytes:
    """One of openpyxl's with these parts instead of its own. declared: the size that the archive
    states of them, where it is not the true one."""
    book = openpyxl.Workbook()
    book.active["A1"] = "姓名"  # type: ignore[index]
    written, hostile = io.BytesIO(), io.BytesIO()
    book.save(written)
    with (
        zipfile.ZipFile(written) as source,
        zipfile.ZipFile(hostile, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        whole = {name: source.read(name) for name in source.namelist()}
        whole[TYPES] = whole[TYPES].replace(b"</Types>", STRINGS_TYPE + b"</Types>")
        for name, part in ({STRINGS: make_strings("")} | whole | parts).items():
            target.writestr(name, part)
        for entry in target.infolist():
            if declared is not None and entry.filename in parts:
                entry.file_size = declared
    return hostile.getvalue()


def make_sheet(rows: str, head: str = "", tail: str = "") -> bytes:
    data = f"<sheetData>{rows}</sheetData>"
    return f'{head}<worksheet xmlns="{NAMES}">{data}{tail}</worksheet>'.encode()


def make_strings(text: str, head: str = "") -> bytes:
    return f'{head}<sst xmlns="{NAMES}"><si><t>{text}</t></si></sst>'.encode()


def refuse(content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        open_sheet(content)
    (problem,) = refused.value.problems
    assert problem.zh
    return problem.code


def make_bomb(size: int, declared: int | None = None) -> bytes:
    """A few hundred kilobytes that unpack to so many bytes of blank rows."""
    return make_workbook({SHEET: make_sheet(" " * size)}, declared)


def test_a_bomb_is_refused_by_its_size_before_it_is_unpacked() -> None:
    bomb = make_bomb(UNPACKED_MAX)
    assert len(bomb) < UNPACKED_MAX // 500
    assert refuse(bomb) == "file_too_large"


def test_a_bomb_that_states_a_small_size_is_not_unpacked_beyond_it() -> None:
    assert refuse(make_bomb(1 << 20, declared=1_000)) == "file_format_unknown"


def test_who_takes_small_files_takes_small_contents() -> None:
    bomb = make_bomb(2 << 20)
    assert open_sheet(bomb)
    with pytest.raises(Invalid) as refused:
        check_unpacked(bomb, 1)
    assert refused.value.problems[0].code == "file_too_large"
    check_unpacked(bomb, 3)
    check_unpacked("姓名,手机\n".encode(), 1)


@pytest.mark.parametrize("part", [SHEET, STRINGS])
@pytest.mark.parametrize(
    "entities",
    [
        f'<!ENTITY a "{"ha" * 500}">{LAUGHS}',
        '<!ENTITY i SYSTEM "file:///etc/passwd">',
        '<!ENTITY i SYSTEM "http://127.0.0.1:9/">',
    ],
)
def test_entities_are_neither_unfolded_nor_fetched(part: str, entities: str) -> None:
    head = f'<?xml version="1.0"?><!DOCTYPE x [{entities}]>'
    content = {
        SHEET: make_sheet('<row><c t="inlineStr"><is><t>&i;</t></is></c></row>', head),
        STRINGS: make_strings("&i;", head),
    }
    assert refuse(make_workbook({part: content[part]})) == "file_format_unknown"


def test_the_same_workbook_without_harm_is_read() -> None:
    sheet = make_sheet('<row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>金额</t></is></c></row>')
    (worksheet,) = read_workbook(make_workbook({SHEET: sheet, STRINGS: make_strings("姓名")}))
    assert worksheet.rows[0].cells == ("姓名", "金额")


@pytest.mark.parametrize("xml", [b"<worksheet", b"\x00\x01\x02", b"<a>" * 100_000])
def test_broken_xml_is_no_workbook(xml: bytes) -> None:
    assert refuse(make_workbook({SHEET: xml})) == "file_format_unknown"


def test_cells_merged_over_a_million_rows_are_refused() -> None:
    merged = '<mergeCells><mergeCell ref="A1:A1048576"/></mergeCells>'
    assert refuse(make_workbook({SHEET: make_sheet("", tail=merged)})) == "file_too_large"


def test_a_cell_of_two_million_letters_is_one_cell() -> None:
    cell = f'<row><c t="inlineStr"><is><t>{"米" * 2_000_000}</t></is></c></row>'
    assert open_sheet(make_workbook({SHEET: make_sheet(cell)}))


def test_the_search_for_a_header_ends_where_all_lines_are_blank() -> None:
    drawn = count(1)
    rows = (RawRow(line, ("", "")) for line in drawn if line < 1_000_000)
    assert list(_read_first_rows(rows, None)) == []
    assert next(drawn) <= HEADER_WITHIN_LINES + 1


def test_a_line_of_a_million_cells_is_one_that_is_too_wide() -> None:
    for cell in ("", '""'):
        (row,) = DelimitedRows(",".join([cell] * 1_000_000), ",")
        assert len(row.cells) == COLUMNS_MAX + 1
        assert _read_header_cells(row) == ()
