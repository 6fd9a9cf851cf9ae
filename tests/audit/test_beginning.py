"""A foundation's books begin with its own chart and with what the program before ended with."""

import io
import re
from pathlib import Path
from typing import Any, cast

import openpyxl
import pytest

from services.audit.beginning.sheet import read_balances
from services.audit.ledger.accounts import load_chart, parse_chart, read_chart_file
from services.audit.ledger.findings import WITHIN_FUND
from services.audit.ledger.verification import verify_log
from services.audit.model import LogHead
from services.audit.model.beginning import (
    ApproveChart,
    ApproveOpeningBalances,
    OpeningBalance,
    ProposeChart,
    ProposeOpeningBalances,
)
from services.audit.pages.proposing import FINANCE_PATH
from services.audit.reports.disclosure.figures import Period
from services.audit.reports.statutory.statements import ASSETS, INCOME, count_statements
from services.audit.reports.statutory.vouchers import list_vouchers
from shared.errors import Invalid
from shared.messaging.decision import Ref
from tests.audit.decisions import (
    FOUNDATION,
    ORIGIN,
    OTHER_FOUNDATION,
    OTHER_ORIGIN,
    MemoryAudit,
    open_audit,
    open_fund,
)
from tests.audit.facts import NOW, gift
from tests.audit.harness import AuditHarness
from tests.audit.ledgers import FUND as WRITTEN
from tests.audit.ledgers import Writer, log_key, publish_all
from tests.audit.test_cli_proposals import proposed, run
from tests.support.answers import code

OWN_CHART = read_chart_file(None).replace("Assets:Bank", "Assets:ICBC").replace("1002", "100201")
OTHER = "OTHER"


def make_opening(**more: Any) -> ProposeOpeningBalances:
    fields: dict[str, Any] = {
        "foundation": FOUNDATION,
        "program": "用友T3",
        "at": NOW.replace(day=1),
        "balances": ({"fund_id": "A", "balance_fen": 900}, {"fund_id": "B", "balance_fen": 100}),
        "total_fen": 1000,
        "reference": "理事会纪要-1",
    }
    return ProposeOpeningBalances.model_validate(fields | more)


def propose(audit: MemoryAudit, data: ProposeOpeningBalances | ProposeChart) -> str:
    answer = audit.answer(data, "maker")
    assert answer.status == 202, answer
    return str(answer.body["id"])


# --- the chart ------------------------------------------------------------------------------------


def without_funds() -> MemoryAudit:
    heads = ((FOUNDATION, ORIGIN), (OTHER_FOUNDATION, OTHER_ORIGIN))
    audit = MemoryAudit()
    for id_, origin in heads:
        audit.states[Ref(LogHead, id_)] = LogHead(id=id_, origin=origin)
    return audit


def test_two_people_set_the_chart_before_the_first_entry_and_never_after() -> None:
    audit = without_funds()
    chart = propose(audit, ProposeChart(foundation=FOUNDATION, toml=OWN_CHART))
    approval = ApproveChart(chart_id=chart)
    assert code(audit.answer(approval, "maker")) == "second_person_needed"
    assert audit.answer(approval, "checker").status == 200
    open_fund(audit, "A")
    assert audit.fund("A").accounts.bank == "Assets:ICBC"
    open_fund(audit, OTHER, foundation=OTHER_FOUNDATION)
    assert audit.fund(OTHER).accounts.bank == "Assets:Bank", "each foundation has its own"
    late = audit.answer(ProposeChart(foundation=FOUNDATION, toml=OWN_CHART), "maker")
    assert code(late) == "books_begun"


def test_a_chart_that_two_proposed_in_vain_is_refused_at_its_approval() -> None:
    audit = without_funds()
    chart = propose(audit, ProposeChart(foundation=FOUNDATION, toml=OWN_CHART))
    open_fund(audit, "A")
    assert code(audit.answer(ApproveChart(chart_id=chart), "checker")) == "books_begun"
    assert audit.fund("A").accounts.bank == "Assets:Bank"


@pytest.mark.parametrize(
    "toml",
    [
        "[accounts",
        "standard = 'x'\n[accounts]\n",
        "x",
        re.sub("standard = .*", "standard = 5", OWN_CHART),
        re.sub("standard = .*", "standard = ' '", OWN_CHART),
        OWN_CHART.replace('"Assets:ICBC"', "5"),
        OWN_CHART.replace('"Assets:ICBC"', '["Assets:ICBC"]'),
        "x = " + "[" * 9_000,
        "x = " + "9" * 5_000,
    ],
    ids=["open", "empty", "word", "cites 5", "cites none", "number", "list", "deep", "long"],
)
def test_a_chart_that_cannot_be_used_is_refused_with_its_reason(toml: str) -> None:
    answer = without_funds().answer(ProposeChart(foundation=FOUNDATION, toml=toml), "maker")
    assert code(answer) == "chart_wrong"


def test_a_chart_reads_as_its_file() -> None:
    assert parse_chart(read_chart_file(None)) == load_chart()


# --- opening balances -----------------------------------------------------------------------------


def test_balances_are_taken_over_by_two_as_the_first_that_moves() -> None:
    audit = open_audit("A", "B")
    opening = ApproveOpeningBalances(opening_id=propose(audit, make_opening()))
    assert code(audit.answer(opening, "maker")) == "second_person_needed"
    assert audit.answer(opening, "checker").status == 200
    first, second = (cast(dict[str, Any], each) for each in audit.entries()[-2:])
    assert [each["kind"] for each in (first, second)] == ["opening_balance"] * 2
    assert first["authorisation"]["reference"] == "理事会纪要-1"
    assert first["effective_at"].startswith("2026-01-01")
    assert (audit.fund("A").remaining_fen, audit.fund("B").balance_fen) == (900, 100)
    assert audit.books().funds["A"].remaining_fen == 900
    assert code(audit.answer(make_opening(), "maker")) == "fund_moved", "once"
    audit.receive(gift(50, fund="A"))
    assert audit.fund("A").fee_left_fen == 5, "no fee is taken of what another program received"


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"total_fen": 999}, "total_differs"),
        ({"foundation": OTHER_FOUNDATION}, "fund_unknown"),
        ({"foundation": "nobody"}, "foundation_unknown"),
        ({"at": NOW.replace(year=2099)}, "moment_implausible"),
        ({"attachment": "0" * 64}, "attachment_unknown"),
        ({"balances": [{"fund_id": "A", "balance_fen": 500}] * 2}, "fund_moved"),
        ({"balances": [{"fund_id": "NONE", "balance_fen": 1000}]}, "fund_unknown"),
    ],
)
def test_balances_that_cannot_be_are_refused(more: dict[str, Any], refused: str) -> None:
    assert code(open_audit("A", "B").answer(make_opening(**more), "maker")) == refused


def test_money_that_came_meanwhile_stops_all_of_it() -> None:
    audit = open_audit("A", "B")
    opening = propose(audit, make_opening())
    audit.receive(gift(100, fund="B"))
    answer = audit.answer(ApproveOpeningBalances(opening_id=opening), "checker")
    assert code(answer) == "fund_moved"
    assert audit.fund("A").balance_fen == 0


def test_a_verifier_refuses_a_balance_that_comes_after_a_gift(tmp_path: Path) -> None:
    writer = Writer()
    writer.open()
    writer.donate(100)
    writer.begin(50, WRITTEN)
    publish_all(writer, tmp_path)
    report = verify_log(tmp_path, str(log_key().vkey))
    assert report.broken is not None
    assert report.broken.invariant == WITHIN_FUND.number


def test_statements_begin_with_it_and_no_voucher_or_income_says_it_again() -> None:
    audit = open_audit("A", "B")
    audit.execute(ApproveOpeningBalances(opening_id=propose(audit, make_opening())), "checker")
    january = Period.parse("2026-01")
    statements = count_statements(audit.entries(), january, load_chart())
    assert statements.sum_balance(ASSETS[0], at_end=False) == 1000
    assert statements.sum_income(INCOME[0], restricted=False, of_year=True) == 0
    assert list(list_vouchers(audit.entries(), january, load_chart())) == []


# --- the sheet of the program before --------------------------------------------------------------

SHEET = """科目余额表,,,,
编制单位：某基金会,,,,
科目编码,科目名称,基金,借方余额,贷方余额
100201,工商银行,A,"9,000.00",0.00
1001,库存现金,A,100.00,
3102,限定性净资产,A,,9100.00
1002,银行存款,B,50.00,-
310101,非限定性净资产,B,0,50.00
,合计,,9150.00,9150.00
"""


def test_a_sheet_of_balances_is_read_by_fund() -> None:
    assert read_balances(SHEET.encode("gb18030")) == [
        OpeningBalance(fund_id="A", balance_fen=9100_00),
        OpeningBalance(fund_id="B", balance_fen=50_00),
    ]


@pytest.mark.parametrize(
    ("line", "instead", "refused"),
    [
        ('"9,000.00",0.00', '"9,000.01",0.00', "fund_unbalanced"),
        ("9150.00,9150.00", "9150.00,9150.01", "total_different"),
        ("3102,限定性净资产", "2202,应付账款", "account_not_taken"),
        (",,9100.00", ",9100.00,", "side_wrong"),
        ('"9,000.00",0.00', "9E+03,0.00", "amount_abbreviated"),
    ],
)
def test_a_sheet_that_does_not_agree_is_refused(line: str, instead: str, refused: str) -> None:
    assert line in SHEET
    with pytest.raises(Invalid) as invalid:
        read_balances(SHEET.replace(line, instead).encode())
    assert refused in {problem.code for problem in invalid.value.problems}


WITH_SUMS = SHEET.replace(
    "100201,工商银行,A",
    """1002,银行存款,A,"9,000.00",
100202,建设银行,A,"4,000.00",
10020201,建行活期,A,"4,000.00",
100201,工商银行,A""",
).replace('工商银行,A,"9,000.00"', '工商银行,A,"5,000.00"')


def test_an_account_beside_its_sub_accounts_is_their_sum() -> None:
    """As programs list them; a fund whose bank is one account has it alone."""
    assert read_balances(WITH_SUMS.encode()) == read_balances(SHEET.encode())
    with pytest.raises(Invalid) as invalid:
        read_balances(WITH_SUMS.replace('活期,A,"4,000', '活期,A,"3,000').encode())
    codes = [problem.code for problem in invalid.value.problems]
    assert codes.count("sum_differs") == 2


def test_a_balance_merged_over_two_accounts_is_not_counted_for_each() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("基金", "科目编码", "借方余额", "贷方余额"),
        ("A", "100201", 100, None),
        ("A", "100202", None, None),
        ("A", "310101", None, 100),
        ("A", "310201", None, None),
    ):
        sheet.append(row)
    sheet.merge_cells("C2:C3")
    sheet.merge_cells("D4:D5")
    content = io.BytesIO()
    book.save(content)
    with pytest.raises(Invalid) as invalid:
        read_balances(content.getvalue())
    assert {problem.code for problem in invalid.value.problems} == {"value_merged"}


# --- by command and page --------------------------------------------------------------------------


async def test_a_foundation_is_set_up_by_command_and_page(
    harness: AuditHarness, tmp_path: Path
) -> None:
    http, checker = harness.audit.http, harness.checker
    file, sheet = tmp_path / "chart.toml", tmp_path / "balances.csv"
    shown = await run(harness, harness.maker, "chart", "show", "--out", str(file))
    assert shown.exit_code == 0, shown.output
    file.write_text(file.read_text().replace("Assets:Bank", "Assets:ICBC"))
    chart = await proposed(harness, "chart", "propose", str(file))
    assert (await run(harness, checker, "chart", "approve", chart)).exit_code == 0
    await harness.open_fund("A")
    await harness.open_fund("B")
    sheet.write_text(SHEET)
    words = ("--total", "9,150.00", "--day", "2026-01-01", "--program", "用友T3")
    opening = await proposed(harness, "opening", "propose", str(sheet), *words, "--reference", "r")
    page = (await http.get(FINANCE_PATH, headers=checker)).text
    assert {"9,100.00 元", "50.00 元", "9,150.00 元", "用友T3"} <= set(re.findall(r"[^<>]+", page))
    [digest] = set(re.findall(r'name="digest" value="([0-9a-f]{32})"', page))
    path = f"{FINANCE_PATH}/opening-balances/{opening}/approve"
    assert (await http.post(path, data={"digest": digest}, headers=checker)).status_code == 303
    assert "9,150.00" in (await run(harness, harness.maker, "opening", "list")).output
    summary = await harness.wait_published(4)
    assert summary["brought_forward_fen"] == 915_000
    await harness.verify(summary)
