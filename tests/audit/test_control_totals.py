"""Published totals are held against the rows, by list, by day, or both."""

import csv
from datetime import UTC, date, datetime

import pytest

from services.audit.statements import Gift, parse_layout, read_statement
from services.audit.statements.control_totals import ControlTotal, RowSums, read_control_totals
from shared.errors import Invalid
from shared.sheets import RefusedRow
from tests.support.real_data import real_data

TOTALS = """1月公布的合计,,,
日期,对账单,笔数,金额
2026-01-28,,2,106.00
2026-01-28,a.csv,,50.00
,a.csv,1,50.00
2026-01-29,,1,1.00
,,4,157.00
"""


def count_rows() -> RowSums:
    """Two of the 28th, of different lists; one late in the evening of the 28th in UTC."""
    sums = RowSums()
    sums.add("a.csv", datetime(2026, 1, 28, 1, tzinfo=UTC), 50_00)
    sums.add("b.csv", datetime(2026, 1, 28, 2, tzinfo=UTC), 50_00)
    sums.add("b.csv", datetime(2026, 1, 28, 17, tzinfo=UTC), 1_00)
    return sums


def test_what_the_rows_do_not_come_to_is_named() -> None:
    totals = read_control_totals(TOTALS.encode("gb18030"))
    differences = list(count_rows().compare(totals))
    assert [(each.total.line, each.count, each.amount_fen) for each in differences] == [
        (3, 2, 100_00),
        (7, 3, 101_00),
    ]
    assert totals[0] == ControlTotal(3, "", date(2026, 1, 28), 2, 106_00)


def test_a_total_that_is_no_amount_is_refused() -> None:
    for wrong in ("2026-01-28,,2,1E+02", "28日,,2,100.00", "2026-01-28,,两,100.00"):
        with pytest.raises(Invalid):
            read_control_totals(f"日期,对账单,笔数,金额\n{wrong}\n".encode())
    with pytest.raises(Invalid):
        read_control_totals("日期,笔数\n2026-01-28,2\n".encode())


COLUMNS = ("statement=source_file", "amount=amount_cny")
MAPPING = b"""
[columns]
statement = "source_file"
row = "row"
received_at = "date"
name = "donor"
amount = "amount_cny"

[constants]
fund_id = "hubei2020"
"""


@pytest.mark.long
def test_the_published_totals_of_2020_are_those_of_their_lists() -> None:
    """Sums that went through binary floats; and one fen that somebody adds is named."""
    folder = real_data("hubei2020")
    totals = read_control_totals((folder / "hubei_published_totals.csv").read_bytes(), COLUMNS)
    assert [total.statement for total in totals] == ["donate01.xls", "donate02.xls"]
    sums, content = RowSums(), (folder / "hubei_receipts.csv").read_bytes()
    rows = list(read_statement(content, "hubei.csv", parse_layout(MAPPING)))
    assert not [row for row in rows if isinstance(row, RefusedRow)]
    for row in rows:
        assert isinstance(row, Gift)
        sums.add(row.listed.statement, row.fact.received_at, row.fact.amount_fen)
    assert list(sums.compare(totals)) == []
    more = [ControlTotal(0, "donate01.xls", None, None, totals[0].amount_fen + 1)]
    assert len(list(sums.compare(more))) == 1
    with (folder / "hubei_receipts.csv").open(encoding="utf-8-sig", newline="") as file:
        assert sums.counts["", None] == sum(1 for _ in csv.DictReader(file))
