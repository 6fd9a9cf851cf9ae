"""What somebody says of a file's columns on the page."""

import pytest

from services.audit.model.statement_files import FileSummary
from services.audit.pages.statement_columns import ask_columns, find_headers, read_layout
from services.audit.statements import Layout
from services.audit.statements.trial import try_statement
from shared.errors import Invalid

FILE = "编号,记账日,户名,数额,会员状态\nB-1,2026-01-05,甲商会,100,未激活\n".encode()
SAID = {
    "header-0": "编号",
    "column-0": "bank_reference",
    "header-1": "记账日",
    "column-1": "received_at",
    "header-2": "户名",
    "column-2": "name",
    "header-3": "数额",
    "column-3": "amount",
    "header-4": "会员状态",
    "column-4": "ignored",
    "fund": "warm",
    "unit": "万元",
}


def test_a_file_is_read_as_somebody_says_and_asks_no_more_the_next_time() -> None:
    layout = read_layout(SAID, Layout(account="icbc"))
    trial = try_statement(FILE, "a.csv", layout)
    assert (trial.rows, trial.amount_fen, trial.unread) == (1, 100_000_000, ())
    assert dict(trial.funds) == {"warm": 100_000_000}
    names = [each.name for each in ask_columns(find_headers(FILE, layout), layout)]
    assert names == ["bank_reference", "received_at", "name", "amount", "ignored"]


MONEY = "流水号,交易时间,付款人,收入金额,支出金额,账户余额,币种,收支标志,交易状态,附言\n"
GOOD = "B-1,2026-01-05 09:00,甲商会,100.00,,500.00,人民币,贷,交易成功,助学\n"


@pytest.mark.parametrize(
    ("header", "name", "row"),
    [
        ("交易状态", "ignored", "B-2,2026-01-05 10:00,乙,300.00,,0,人民币,贷,交易失败,"),
        ("币种", "ignored", "B-2,2026-01-05 10:00,乙,55.00,,0,日元,贷,交易成功,"),
        ("币种", "designation", "B-2,2026-01-05 10:00,乙,55.00,,0,日元,贷,交易成功,"),
        ("收支标志", "ignored", "B-2,2026-01-05 10:00,乙,66.00,,0,人民币,借,交易成功,"),
        ("收支标志", "state", "B-2,2026-01-05 10:00,乙,66.00,,0,人民币,付款,交易成功,"),
        ("支出金额", "ignored", "B-2,2026-01-05 10:00,乙,66.00,66.00,0,人民币,贷,交易成功,"),
        ("账户余额", "amount", "B-2,2026-01-05 10:00,乙,1.00,,7777.00,人民币,贷,交易成功,"),
        ("支出金额", "amount", "B-2,2026-01-05 10:00,乙,,66.00,0,人民币,贷,交易成功,"),
    ],
)
def test_what_says_that_it_is_no_gift_is_not_passed_over(header: str, name: str, row: str) -> None:
    """Nor taken for another column: the one who approves relies on the reader's checks."""
    chosen = {header: name} | ({"收入金额": "ignored"} if name == "amount" else {})
    said = {"fund": "warm"}
    for at, (each, what) in enumerate(chosen.items()):
        said |= {f"header-{at}": each, f"column-{at}": what}
    layout = read_layout(said, Layout(account="icbc"))
    problems = try_statement((MONEY + GOOD + row).encode(), "a.csv", layout).problems
    assert header in problems[0].zh


def test_what_is_ignored_is_counted_for_who_approves() -> None:
    trial = try_statement(FILE, "a.csv", read_layout(SAID, Layout(account="icbc")))
    assert not trial.problems, "a state of a membership is not of the money"
    [column] = trial.passed_over
    assert (column.header, column.is_ignored) == ("会员状态", True)
    assert dict(column.said) == {"未激活": 1}


def test_what_its_usual_words_say_is_not_written_down() -> None:
    """So a guard that goes by them works as for the command."""
    said = {"header-0": "流水号", "column-0": "bank_reference", "header-1": "记账日"}
    layout = read_layout(said | {"column-1": "received_at", "unit": "美元"}, Layout())
    assert (dict(layout.columns), layout.amounts.unit) == ({"received_at": "记账日"}, "元")


def test_two_columns_are_not_one() -> None:
    with pytest.raises(Invalid) as refused:
        read_layout(SAID | {"column-2": "amount"}, Layout())
    assert refused.value.problems[0].code == "statement_column_twice"


def test_a_format_that_names_its_own_columns_asks_for_none() -> None:
    assert find_headers(b"%PDF-1.7", Layout()) == ()


def test_a_file_that_was_taken_in_before_keeps_its_sums() -> None:
    """Each kind of row had a field of its own."""
    names = dict.fromkeys(("source", "name", "account"), "工行")
    counts = {"first": None, "last": None, "gifts": 1, "amount_fen": 5, "payments": 2, "refused": 0}
    sums = {"charges_fen": 188_700, "asked_fen": 5, "paid_fen": 0}
    summary = FileSummary.model_validate({**names, **counts, **sums, "sha256": "0" * 64})
    assert summary.stated_fen == {"charge": 188_700, "asked": 5}
    assert FileSummary.model_validate(summary.model_dump()) == summary
    written = summary.model_dump()
    assert {name: written[name] for name in sums} == sums, "the release before shows these"
