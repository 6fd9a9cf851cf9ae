"""The journals are judged by the programs they are for: ledger, hledger and beancount."""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.exports.journal import Dialect, write_journal
from services.audit.exports.names import format_account, hash_commodity, quote_commodity
from tests.audit.log_builder import FUND, GENERAL, RICE, LogBuilder, build_year

DIALECTS: tuple[Dialect, ...] = ("hledger", "ledger", "beancount")
Balances = dict[tuple[str, str], str]
"""By account and commodity, as the program writes it, trailing zeros aside."""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=100, env=environment, check=False
    )


def judge(dialect: Dialect, journal: Path) -> subprocess.CompletedProcess[str]:
    """The program's strictest reading; exit code 0 means it accepts."""
    if dialect == "beancount":
        pytest.importorskip("beancount", reason="beancount is not installed")
        check = "import sys; from beancount.scripts.check import main; main()"
        return run(sys.executable, "-c", check, str(journal))
    if shutil.which(dialect) is None:
        pytest.skip(f"{dialect} is not installed")
    if dialect == "hledger":
        return run("hledger", "-f", str(journal), "--strict", "check", "ordereddates")
    return run("ledger", "-f", str(journal), "--args-only", "--pedantic", "balance")


def hledger_balances(journal: Path) -> Balances:
    said = run("hledger", "-f", str(journal), "balance", "-O", "csv", "--layout", "bare")
    rows = csv.DictReader(StringIO(said.stdout))
    return {
        (row["account"], row["commodity"]): _bare(row["balance"])
        for row in rows
        if row["account"] != "total" and _bare(row["balance"]) != "0"
    }


def ledger_balances(journal: Path) -> Balances:
    amount = "%(quantity(scrub(display_total)))\t%(commodity(scrub(display_total)))"
    form = f"%(account)\t{amount}\n"
    options = ("--args-only", "--flat", "--no-total", "--format", form)
    rows = [
        line.split("\t")
        for only in ('commodity == "CNY"', 'commodity != "CNY"')  # one amount a line
        for line in run(
            "ledger", "-f", str(journal), *options, "--limit", only, "balance"
        ).stdout.splitlines()
    ]
    return {(account, name.strip('"')): _bare(number) for account, number, name in rows}


def beancount_balances(journal: Path) -> Balances:
    from beancount import loader
    from beancount.core import data, inventory

    entries, errors, _ = loader.load_file(str(journal))
    assert not errors
    held: dict[str, inventory.Inventory] = {}
    for each in entries:
        if isinstance(each, data.Transaction):
            for posting in each.postings:
                held.setdefault(posting.account, inventory.Inventory()).add_position(posting)
    return {
        (account, position.units.currency): _bare(str(position.units.number))
        for account, positions in held.items()
        for position in positions
    }


BALANCES: dict[Dialect, Callable[[Path], Balances]] = {
    "hledger": hledger_balances,
    "ledger": ledger_balances,
    "beancount": beancount_balances,
}


def our_balances(log: LogBuilder, dialect: Dialect) -> Balances:
    """What the books say, under the names of the dialect."""
    named = hash_commodity if dialect == "beancount" else quote_commodity
    money = {
        (format_account(account, fund), "CNY"): (book.debit - book.credit, 2)
        for (fund, account), book in log.books.accounts.items()
    }
    goods = {
        (format_account(account, fund), named(item, unit).strip('"')): (book.debit - book.credit, 0)
        for (fund, account, item, unit), book in log.books.goods_accounts.items()
    }
    return {
        place: _bare(str(Decimal(amount).scaleb(-scale)))
        for place, (amount, scale) in (money | goods).items()
        if amount
    }


def _bare(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


@pytest.fixture(scope="module")
def year() -> LogBuilder:
    return build_year(130)


@pytest.fixture(scope="module")
def year_after(year: LogBuilder) -> LogBuilder:
    return build_year(40, year.next_year())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_program_accepts_a_year_of_every_kind(
    year: LogBuilder, year_after: LogBuilder, dialect: Dialect, tmp_path: Path
) -> None:
    kinds = {each["kind"] for each in (*year.entries, *year_after.entries)}
    assert len(kinds) == 17
    for log in (year, year_after):
        out = tmp_path / f"{log.year}.{dialect}"
        write_journal(log.publish(tmp_path / str(log.year)), dialect, out)
        judged = judge(dialect, out)
        assert judged.returncode == 0, judged.stdout + judged.stderr
        assert BALANCES[dialect](out) == our_balances(log, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_fen_more_is_refused(year: LogBuilder, dialect: Dialect, tmp_path: Path) -> None:
    """Both legs of a gift, so that the transaction balances and only an assertion can tell."""
    out = tmp_path / "journal"
    write_journal(year.publish(tmp_path / "log"), dialect, out)
    text = out.read_text(encoding="utf-8")
    corrupt = text.replace("  200.01 CNY", "  200.02 CNY", 1).replace("-200.01 ", "-200.02 ", 1)
    assert corrupt.count("200.02") == text.count("200.02") + 2
    out.write_text(corrupt, encoding="utf-8")
    assert judge(dialect, out).returncode != 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_thing_less_in_stock_is_refused(
    year: LogBuilder, dialect: Dialect, tmp_path: Path
) -> None:
    out = tmp_path / "journal"
    write_journal(year.publish(tmp_path / "log"), dialect, out)
    text = out.read_text(encoding="utf-8")
    corrupt = text.replace("  20 ", "  19 ", 1).replace("  -20 ", "  -19 ", 1)
    assert corrupt != text
    out.write_text(corrupt, encoding="utf-8")
    assert judge(dialect, out).returncode != 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_line_leads_back_to_its_leaf(
    year: LogBuilder, dialect: Dialect, tmp_path: Path
) -> None:
    out = tmp_path / "journal"
    write_journal(year.publish(tmp_path / "log"), dialect, out)
    text = out.read_text(encoding="utf-8")
    for each in year.entries:
        code = f'entry: "{each["index"]}"' if dialect == "beancount" else f"({each['index']}) "
        assert (code if each["legs"] else f"({each['index']}) ") in text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_signs_in_ids_mean_nothing_to_the_program(dialect: Dialect, tmp_path: Path) -> None:
    log, hostile = LogBuilder(), "a=1;[2026/01/01] key:: 1/0  ; x\n\t\"'\\{}|%#*!<>（全角）　\u200b"
    funds = ["-", "x", "X", "-x2e-", "A.B", "a|b", '"', "基金“一”", "(f)", "[f]", "*", "=1", "{}"]
    for fund in funds:
        log.open(fund)
        log.give(1_00, fund, donation=hostile + fund)
        log.store(1, fund, item=hostile + fund)
    out = tmp_path / "journal"
    write_journal(log.publish(tmp_path / "log"), dialect, out)
    judged = judge(dialect, out)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert BALANCES[dialect](out) == our_balances(log, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_log_without_entries_is_an_empty_journal(dialect: Dialect, tmp_path: Path) -> None:
    out = tmp_path / "journal"
    assert write_journal(LogBuilder().publish(tmp_path / "log"), dialect, out) == 0
    assert judge(dialect, out).returncode == 0


def test_commitments_are_a_balanced_pair_of_accounts(year: LogBuilder, tmp_path: Path) -> None:
    out = tmp_path / "journal"
    write_journal(year.publish(tmp_path / "log"), "hledger", out)
    text = out.read_text(encoding="utf-8")
    assert f"    Equity:Commitments-Reserve:{FUND}  100.00 CNY\n" in text
    assert f"    Equity:Commitments:{FUND}  -100.00 CNY\n" in text
    assert "(Equity" not in text
    assert "[Equity" not in text


def account_and_fund(name: str) -> tuple[str, str]:
    """What `format_account` was made from, as the module's text says it is read."""
    root, *parts, fund = name.split(":")
    return ":".join((root, *map(plain, parts))), plain(fund)


def plain(part: str) -> str:
    return re.sub("-x([0-9a-f]+)-", lambda found: chr(int(found[1], 16)), part.removeprefix("X"))


def item_and_unit(commodity: str) -> tuple[str, str]:
    """What `quote_commodity` was made from."""
    item, unit = commodity.strip('"').split("|")
    return unquote(item), unquote(unit)


@given(st.from_regex(r"[^\s:;]{1,40}", fullmatch=True))
def test_fund_is_read_back_from_its_account(fund: str) -> None:
    name = format_account("Equity:Commitments-Reserve", fund)
    assert account_and_fund(name) == ("Equity:Commitments-Reserve", fund)


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=10))
def test_goods_are_read_back_from_their_commodity(item: str, unit: str) -> None:
    assert item_and_unit(quote_commodity(item, unit)) == (item, unit)


def test_names_that_every_program_takes_stay_as_they_are() -> None:
    assert format_account("Assets:Bank", FUND) == f"Assets:Bank:{FUND}"
    assert format_account("Assets:Bank", GENERAL) != format_account("Assets:Bank", GENERAL.upper())
    assert quote_commodity(RICE.item, RICE.unit) == '"大米 5kg|袋"'
