"""Vouchers and statements of a month: balanced to the fen, in the rows of the standard."""

import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from services.audit.cli import app
from services.audit.exports.journal import write_journal
from services.audit.ledger.accounts import load_chart, read_chart_file
from services.audit.ledger.published import open_log
from services.audit.reports.disclosure.figures import Period
from services.audit.reports.statutory.dates import compare_dates
from services.audit.reports.statutory.statements import (
    ASSETS,
    EXPENSES,
    INCOME,
    Statements,
    count_statements,
)
from services.audit.reports.statutory.vouchers import list_vouchers
from services.audit.reports.statutory.workbook import write_statements
from tests.audit.log_builder import FUND, GENERAL, LogBuilder

JANUARY, FEBRUARY = MONTHS = Period.parse("2026-01"), Period.parse("2026-02")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Restricted and free money given, spent, moved, given back; a mistake undone in February."""
    log = LogBuilder(step=timedelta(hours=60))
    log.open(FUND)
    log.open(GENERAL, restricted=False)
    gift = log.give(1_000_00, FUND)
    wrong = log.give(200_00, GENERAL)
    promised = log.promise("M-1", 400_00, FUND)
    assert None not in (gift, wrong, promised)
    log.pay(promised or 0, 300_00)
    log.fee(50_00, FUND)
    log.transfer(100_00, FUND, GENERAL)
    log.refund(gift or 0, 30_00)
    log.store(5, FUND)
    log.give(70_00, GENERAL)
    while log.now.month < 2:
        log.refuse("M-9")
    log.reverse(wrong or 0)
    return log.publish(tmp_path / "log")


def count(log: Path, month: Period) -> Statements:
    return count_statements(open_log(log).read_entries(), month, load_chart())


def test_every_voucher_balances_and_promises_and_goods_have_none(log: Path) -> None:
    vouchers = list(list_vouchers(open_log(log).read_entries(), JANUARY, load_chart()))
    assert [voucher.number for voucher in vouchers] == list(range(1, len(vouchers) + 1))
    assert all(sum(leg.debit_fen for leg in each.legs) == 0 for each in vouchers)
    kinds = [voucher.summary.split()[0] for voucher in vouchers]
    assert kinds == [
        "收到捐赠", "收到捐赠", "拨付", "管理费", "基金间划转", "退回捐赠", "收到捐赠",
    ]  # fmt: skip
    transfer = vouchers[4]
    codes = sorted((leg.code, leg.debit_fen) for leg in transfer.legs)
    assert codes == [("1002", -100_00), ("1002", 100_00), ("3101", -100_00), ("3102", 100_00)]
    assert (transfer.maker, transfer.checker) == ("staff-1", "staff-2")


def test_statements_agree_with_one_another_and_with_the_books(log: Path) -> None:
    january = count(log, JANUARY)
    donations, programme, fees = INCOME[0], EXPENSES[0], EXPENSES[1]
    assert january.sum_income(donations, restricted=True, of_year=False) == 970_00
    assert january.sum_income(donations, restricted=False, of_year=False) == 270_00
    assert january.sum_expense(programme, of_year=False) == 300_00
    assert january.sum_expense(fees, of_year=False) == 50_00
    assert january.count_release(of_year=False) == 450_00
    assert january.sum_net_assets(restricted=True, at_end=True) == 520_00
    assert january.sum_net_assets(restricted=False, at_end=True) == 370_00
    assert january.sum_balance(ASSETS[0], at_end=True) == 890_00


def test_what_is_undone_later_counts_in_the_month_that_undid_it(log: Path) -> None:
    february = count(log, FEBRUARY)
    donations = INCOME[0]
    assert february.sum_income(donations, restricted=False, of_year=False) == -200_00
    assert february.sum_income(donations, restricted=False, of_year=True) == 70_00
    assert february.sum_balance(ASSETS[0], at_end=True) == 690_00
    (undone,) = list_vouchers(open_log(log).read_entries(), FEBRUARY, load_chart())
    assert (undone.number, undone.summary) == (1, "冲销更正 新年“暖留”; 基金")


def test_a_year_begins_with_what_was_carried(tmp_path: Path) -> None:
    before = LogBuilder(2025)
    before.open()
    before.give(900_00)
    after = before.next_year()
    after.give(100_00)
    statements = count(after.publish(tmp_path), JANUARY)
    assert statements.sum_balance(ASSETS[0], at_end=False) == 900_00
    assert statements.sum_net_assets(restricted=True, at_end=False) == 900_00
    assert statements.sum_net_assets(restricted=True, at_end=True) == 1_000_00


def test_januarys_gift_entered_in_february_stands_beside_it_by_both_days(tmp_path: Path) -> None:
    """And hledger has January's end by the bank's days too."""
    log = LogBuilder(step=timedelta(days=16))
    log.open(FUND)
    log.give(10_00, FUND)
    log.give(100_00, FUND, arrived=datetime(2026, 1, 31, 2, tzinfo=UTC))
    where = log.publish(tmp_path / "log")
    entries = list(open_log(where).read_entries())
    january, february = (compare_dates(entries, month, load_chart()) for month in MONTHS)
    bank = ("1002", "银行存款")
    assert (january.by_entry[bank], january.by_bank[bank]) == (10_00, 110_00)
    assert (february.by_entry[bank], february.by_bank[bank]) == (100_00, 0)
    assert january.crossings == february.crossings
    (late,) = january.crossings
    assert (late.recorded_on, late.effective_on) == (date(2026, 2, 2), date(2026, 1, 31))
    journal = tmp_path / "2026.hledger"
    write_journal(where, "hledger", journal)
    words = ["hledger", "-f", str(journal), "bal", "-N", "--flat", "-e", "2026-02-01", "Assets"]
    for more, amount in (([], "10.00 CNY"), (["--date2"], "110.00 CNY")):
        balances = subprocess.run([*words, *more], capture_output=True, text=True, check=True)
        assert balances.stdout.split("  ")[-2].strip() == amount


def test_the_commands_write_workbooks_in_the_statutory_layout(log: Path, tmp_path: Path) -> None:
    def run(command: str, month: str) -> int:
        out = tmp_path / f"{command}.xlsx"
        words = [command, str(log), "--month", month, "--out", str(out)]
        return CliRunner().invoke(app, words).exit_code

    assert (run("vouchers", "2026-01"), run("statements", "2026-01")) == (0, 0)
    assert (run("vouchers", "2026"), run("statements", "2026-13")) == (2, 2)
    book = openpyxl.load_workbook(tmp_path / "statements.xlsx")
    assert book.sheetnames == ["资产负债表", "业务活动表", "入账日与银行日"]
    rows = {row[0]: row[1:] for row in book["业务活动表"].iter_rows(values_only=True)}
    assert rows["收入合计"] == (None, 270, 970, 1240, 270, 970, 1240)
    assert rows["三、限定性净资产转为非限定性净资产"][:4] == (None, 450, -450, 0)
    balance = {row[4]: row[5:] for row in book["资产负债表"].iter_rows(values_only=True)}
    assert balance["负债和净资产总计"] == (None, 0, 890)
    vouchers = openpyxl.load_workbook(tmp_path / "vouchers.xlsx")["记账凭证"]
    assert [cell.value for cell in vouchers[1]][:6] == [
        "日期", "凭证字", "凭证号", "附单据数", "摘要", "科目代码",
    ]  # fmt: skip


@pytest.mark.parametrize(("year", "number", "form"), [(2025, 11, "会民非02表"), (2026, None, None)])
def test_rows_have_the_numbers_of_the_forms_that_are_known(
    tmp_path: Path, year: int, number: int | None, form: str | None
) -> None:
    """Those in force since 2026 are not, and the sheet says so."""
    log, month = LogBuilder(year), Period.parse(f"{year}-01")
    log.open()
    log.give(900_00)
    entries, out = log.entries, tmp_path / "statements.xlsx"
    statements = count_statements(entries, month, load_chart())
    dates = compare_dates(entries, month, load_chart())
    write_statements(statements, dates, "基金会", "本会所依据的制度", out)
    sheet = openpyxl.load_workbook(out)["业务活动表"]
    rows = list(sheet.iter_rows(values_only=True))
    assert (rows[1][5] or None) == form
    [total] = [row for row in rows if row[0] == "收入合计"]
    assert (total[1], total[4]) == (number, 900)
    note = str(rows[-1][0])
    assert ("未经核对" in note) is ("本会所依据的制度" in note) is (number is None)


def test_the_chart_cites_the_rules_in_force_and_journals_say_so(log: Path, tmp_path: Path) -> None:
    """By name and day, which are certain; a foundation's own chart cites what it was set to."""
    ours = load_chart().standard
    assert "民间非营利组织会计制度" in ours
    assert "自2026年1月1日起施行" in ours
    own = tmp_path / "chart.toml"
    own.write_text(read_chart_file(None).replace(ours, "民间非营利组织会计制度（本会核对本）"))
    for chart, cited in ((None, ours), (own, "民间非营利组织会计制度（本会核对本）")):
        out = tmp_path / "journal"
        write_journal(log, "ledger", out, load_chart(chart))
        assert f"; 会计制度 standard: {cited}" in out.read_text()
