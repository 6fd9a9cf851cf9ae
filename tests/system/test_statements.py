"""`guanjia import donations` and `guanjia audit reconcile` on running services."""

import csv
from pathlib import Path

import pytest

from services.audit.statements.outcomes import explain_fund
from tests.support.statements import StatementStack, start_statement_stack

MAPPING = """
[columns]
received_at = "日期"
name = "捐赠者"
amount = "捐款金额(元)"
bank_reference = "编号"
designation = "备注"

[constants]
fund_id = "warm"
"""
FIRST = """编号,日期,捐赠者,捐款金额(元),备注
,2020-01-22,甲商会,10000.0,
,2020-01-23,爱心人士,100.0,指定茶山50元、石龙50元
,2020-01-23,爱心人士,100.0,
B-9,2020-01-24,乙公司,1万元,
,2020-01-24,丙,0.005,
"""
SECOND = """编号,日期,捐赠者,捐款金额(元),备注
,2020-01-23,爱心人士,100.0,以上已公示
,2020-01-25,丁,11.280000000000001,
B-9,2020-01-24,乙公司,2万元,
"""


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("open", None),
        ("proposed", None),
        ("declined", "fund_not_open"),
        (None, "fund_unknown"),
    ],
)
def test_a_fund_that_is_not_open_is_said_before_anything_is_sent(
    state: str | None, code: str | None
) -> None:
    problem = explain_fund("spring", state)
    assert (problem and problem.code) == code


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_statements_are_imported_once_and_reconciled(tmp_path: Path) -> None:
    first, second, mapping = (tmp_path / name for name in ("a.csv", "b.csv", "columns.toml"))
    first.write_bytes(FIRST.encode("gb18030"))
    second.write_text(SECOND)
    mapping.write_text(MAPPING)
    async with start_statement_stack(tmp_path / "data", "warm") as books:
        await check_strangers_statement(books, first, mapping)
        await check_before_import(books, first, mapping)
        await import_both_files(books, first, second, mapping, entered=5, before=0)
        await import_both_files(books, second, first, mapping, entered=0, before=6)
        await import_what_may_be_entered(books, write_again(tmp_path), mapping)
        await check_after_import(books, second, mapping, tmp_path / "gaps.csv")
        result = await books.guanjia("import", "donations", first, "--set", "fund_id=warm")
        assert result.status == 2
        assert "到账时间" in result.text


AGAIN = """编号,日期,捐赠者,捐款金额(元),备注
,2020-01-22 08:30,甲商会,10000,
"""


def write_again(folder: Path) -> Path:
    file = folder / "c.csv"
    file.write_text(AGAIN)
    return file


async def import_what_may_be_entered(books: StatementStack, file: Path, mapping: Path) -> None:
    """A sheet that was saved anew is asked about, and entered when it is said to be another."""
    words = ("import", "donations", file, "--mapping", mapping)
    result = await books.guanjia(*words)
    assert result.status == 1, result.text
    assert "待核对 asked: 1" in result.text, result.text
    assert "a.csv 2" in result.text, "the row that it may be"
    result = await books.guanjia(*words, "--apart")
    assert (result.status, "entered: 1；" in result.text) == (0, True), result.text
    assert (await books.get("/funds/warm"))["received_fen"] == 3_021_128


async def check_before_import(books: StatementStack, file: Path, mapping: Path) -> None:
    result = await books.guanjia("audit", "reconcile", file, "--mapping", mapping)
    assert result.status == 1, result.text
    assert "20,200.00" in result.text, "what the file lists and the ledger has not"
    assert (await books.get("/funds/warm"))["received_fen"] == 0


async def check_strangers_statement(books: StatementStack, file: Path, mapping: Path) -> None:
    """Refused at once, before any giver is registered."""
    result = await books.guanjia(
        "import", "donations", file, "--mapping", mapping, "--source", "/bank/nobody"
    )
    assert result.status == 1, result.text
    assert "no bank is registered as /bank/nobody; registered: /bank/demo" in result.text
    assert await books.people() == 0


async def import_both_files(
    books: StatementStack, first: Path, second: Path, mapping: Path, *, entered: int, before: int
) -> None:
    report = mapping.with_name("overlaps.csv")
    result = await books.guanjia(
        "import", "donations", first, second, "--mapping", mapping, "--report", report
    )
    assert result.status == 1, result.text  # two rows are refused, so somebody has to look
    assert f"entered: {entered}；" in result.text, result.text
    assert f"known before: {before}；被拒绝 refused: 2；" in result.text, result.text
    assert "parts of a fen" in result.text
    assert "a gift of another giver or sum came under this reference" in result.text
    assert (await books.get("/funds/warm"))["received_fen"] == 2_021_128
    with report.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    listed = {(row["statement"], row["row"]), (row["first_statement"], row["first_row"])}
    assert listed == {("a.csv", "3"), ("b.csv", "2")}


def read_text(file: Path) -> str:
    return file.read_text("utf-8-sig")


async def check_after_import(
    books: StatementStack, file: Path, mapping: Path, report: Path
) -> None:
    statements = {
        each["statement"]: each for each in (await books.get("/statements"))["statements"]
    }
    assert statements["a.csv"]["total_fen"] == 2_020_000
    assert statements["b.csv"]["total_fen"] == 11_128
    result = await books.guanjia("audit", "reconcile", "--report", report)
    assert result.status == 1, result.text
    assert "30,211.28" in result.text
    assert "20,000.00" in result.text, "listed, and not on the ledger until finance has answered"
    assert "爱心人士" not in read_text(report) + result.text
    result = await books.guanjia("audit", "reconcile", file, "--mapping", mapping)
    assert result.status == 1, result.text
    assert "20,000.00" in result.text, "the row that finance is asked about"
