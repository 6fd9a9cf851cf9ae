"""A template is read by the reader that it is for, example and all."""

import io
from dataclasses import replace

import openpyxl
import pytest

from deploy.commands.template import BUILDERS, Sheet
from services.intake.channels.spreadsheet import SheetRequest, read_requests
from services.matching.spreadsheet import SheetOffer, read_offers
from shared.contracts.values import Channel
from shared.sheets import RefusedRow, Row, open_sheet
from shared.sheets.template import build_workbook


def fill_in(sheet: Sheet) -> bytes:
    """With the examples as if they were somebody."""
    template = BUILDERS[sheet]()
    people = [{**row, "name": row["name"].removesuffix("（示例）")} for row in template.examples]
    return build_workbook(replace(template, examples=people))


def test_the_examples_of_requests_are_requests() -> None:
    rows = list(read_requests(fill_in(Sheet.REQUESTS), Channel.SPREADSHEET))
    assert len(rows) == 2
    assert all(isinstance(row, SheetRequest) for row in rows)


def test_the_example_of_an_offer_is_an_offer() -> None:
    (row,) = read_offers(fill_in(Sheet.OFFERS))
    assert isinstance(row, SheetOffer)
    assert row.offer["town_codes"] == ["441900103", "441900102"]


def test_examples_that_were_left_in_are_nobody() -> None:
    requests = read_requests(build_workbook(BUILDERS[Sheet.REQUESTS]()), Channel.SPREADSHEET)
    offers = read_offers(build_workbook(BUILDERS[Sheet.OFFERS]()))
    for row in (*requests, *offers):
        assert isinstance(row, RefusedRow)
        assert [problem.code for problem in row.problems] == ["row_example"]


def test_the_example_of_a_gift_is_read() -> None:
    template = BUILDERS[Sheet.DONATIONS]()
    (row,) = open_sheet(build_workbook(template)).find_table(template.columns)
    assert isinstance(row, Row)
    assert row.values["amount"] == 10_000


@pytest.mark.parametrize("sheet", list(Sheet))
def test_every_column_is_explained_and_every_header_has_a_note(sheet: Sheet) -> None:
    template = BUILDERS[sheet]()
    book = openpyxl.load_workbook(io.BytesIO(build_workbook(template)))
    headers = next(book.worksheets[0].iter_rows(max_row=1))
    assert [cell.value for cell in headers] == [
        template.columns.find_column(name).label for name in template.names
    ]
    assert all(cell.comment for cell in headers)
    explained = {row[0].value for row in book["填写说明"].iter_rows(min_row=2)}
    assert explained == {f"【{column.label}】" for column in template.columns.columns}
