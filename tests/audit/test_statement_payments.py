"""Rows of a statement that are no gift: what left the account, and what came back of an order."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from services.audit.model import derive_payment_order_id
from services.audit.statements import Gift, Layout, parse_layout, read_statement
from services.audit.statements.bank_rows import BankRow
from services.audit.statements.files import read_batches
from services.audit.statements.givers import Givers
from shared.contracts.events import BankLineStated
from shared.sheets import RefusedRow
from tests.audit.test_bank_files import MT940, make_camt, make_entry

WARM = parse_layout(constants=("fund_id=warm",)).of_account("工行 1001")
ORDER = derive_payment_order_id("key")
REFERENCE = f"{ORDER}-001"
HEADER = "交易时间,流水号,对方户名,对方账号,借方发生额,贷方发生额,摘要,附言"
PAID = f"2026-01-05,B-1,示例店,6222021234567890123,3000.00,,代发,{REFERENCE}"
RENT = "2026-01-06,B-2,某物业,6222000000000000000,800.00,,房租,"
GIFT = "2026-01-07,B-3,甲公司,44010001,,100.00,转账,助学"
BACK = f"2026-01-08,B-4,示例店,6222021234567890123,,3000.00,退汇,{REFERENCE} 户名不符"


def read(*rows: str) -> list[Gift | RefusedRow]:
    return list(read_statement("\n".join((HEADER, *rows)).encode(), "icbc.csv", WARM))


def state(row: str) -> BankLineStated:
    (found,) = read(row)
    assert isinstance(found, BankRow), found
    return found.stated


def test_a_debit_with_an_orders_reference_is_stated_as_the_feed_states_it() -> None:
    stated = state(PAID)
    assert (stated.direction, stated.memo, stated.amount_fen) == ("paid", REFERENCE, 3000_00)
    assert (stated.bank_reference, stated.account) == ("B-1", "6222021234567890123")
    assert stated.own_account == "工行 1001"
    assert f"{stated.at:%Y-%m-%d}" in ("2026-01-04", "2026-01-05")


def test_what_comes_back_of_an_order_is_no_gift_of_who_got_it() -> None:
    stated = state(BACK)
    assert (stated.direction, stated.memo, stated.amount_fen) == ("returned", REFERENCE, 3000_00)
    unmarked = state(BACK.replace("退汇", "转账").replace(" 户名不符", ""))
    assert unmarked.direction == "returned"


def test_an_unknown_debit_is_stated_without_a_word_of_what_the_bank_wrote() -> None:
    stated = state(RENT)
    assert (stated.direction, stated.memo) == ("paid", "")


@pytest.mark.parametrize(
    "row",
    [
        RENT.replace("B-2", ""),
        PAID.replace("B-1", "2.02601E+19"),
        PAID.replace(",3000.00,,", ",3000.00,3000.00,"),
        PAID.replace("3000.00", "x"),
        PAID.replace("2026-01-05", ""),
        PAID.replace("代发", "已退款"),
        PAID.replace("代发", "已冲正"),
        BACK.replace("退汇", "处理中"),
    ],
)
def test_a_row_that_says_too_little_or_two_things_stays_refused(row: str) -> None:
    (found,) = read(row)
    assert isinstance(found, RefusedRow)
    assert not isinstance(found, BankRow)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("交易状态", "已冲正"),
        ("交易状态", "交易已冲销"),
        ("冲正标志", "被冲正"),
        ("是否已冲正", "是"),
    ],
)
def test_a_credit_that_the_bank_marks_as_reversed_is_stated_as_what_left_again(
    column: str, cell: str
) -> None:
    text = f"{HEADER},{column}\n{GIFT},{cell}"
    (row,) = read_statement(text.encode(), "icbc.csv", WARM)
    assert isinstance(row, BankRow)
    stated = row.stated
    assert (stated.direction, stated.undone, stated.bank_reference) == ("paid", True, "B-3")
    assert stated.amount_fen == 100_00


@pytest.mark.parametrize(
    ("column", "cell", "gift"),
    [
        ("交易状态", "已退款", GIFT),
        ("交易状态", "失败", GIFT),
        ("冲正标志", "部分", GIFT),
        ("冲正标志", "Y", GIFT),
        ("摘要", "冲正", GIFT.replace("转账", "")),
        ("冲正金额", "50.00", GIFT),
        ("交易状态", "已冲正", GIFT.replace("B-3", "")),
        ("交易状态", "已冲正", PAID.replace(REFERENCE, "")),
    ],
)
def test_what_may_be_reversed_in_part_or_never_came_stays_refused(
    column: str, cell: str, gift: str
) -> None:
    text = f"{HEADER},{column}\n{gift},{cell}"
    (row,) = read_statement(text.encode(), "icbc.csv", WARM)
    assert isinstance(row, RefusedRow)
    assert not isinstance(row, BankRow)


def test_gifts_and_payments_of_one_file_stand_side_by_side() -> None:
    kinds = [type(row) for row in read(PAID, RENT, GIFT, BACK)]
    assert kinds == [BankRow, BankRow, Gift, BankRow]


def test_a_column_of_directions_and_a_minus_are_understood() -> None:
    header = "交易时间,流水号,对方户名,金额,借贷标志,附言"
    rows = (
        f"2026-01-05,B-1,示例店,30.00,借,{REFERENCE}",
        f"2026-01-05,B-2,示例店,-30.00,,{REFERENCE}",
        f"2026-01-05,B-3,示例店,30.00,贷,{REFERENCE}",
        f"2026-01-05,B-4,示例店,-30.00,借,{REFERENCE}",
        "2026-01-05,B-5,甲公司,-30.00,贷,助学",
    )
    found = list(read_statement("\n".join((header, *rows)).encode(), "a.csv", WARM))
    directions = [row.stated.direction if isinstance(row, BankRow) else "" for row in found]
    assert directions == ["paid", "paid", "returned", "returned", ""]


def test_the_banks_own_formats_say_the_same() -> None:
    paid = MT940.replace("NCHGFEE1//BK0002\n:86:FEE", f"NTRFX//BK0002\n:86:{REFERENCE}")
    assert [
        (row.stated.direction, row.stated.memo, row.stated.bank_reference)
        for row in read_statement(paid.encode(), "f", WARM)
        if isinstance(row, BankRow) and not row.stated.own_kind
    ] == [("paid", REFERENCE, "BK0002")]
    inside = (
        "<NtryDtls><TxDtls><RltdPties><CdtrAcct><Id><Othr><Id>62220212</Id></Othr></Id></CdtrAcct>"
        f"</RltdPties><RmtInf><Ustrd>{REFERENCE}</Ustrd></RmtInf></TxDtls></NtryDtls>"
    )
    camt = make_camt(make_entry("30.00", "R-1", side="DBIT", inside=inside))
    (row,) = read_statement(camt.encode(), "f", WARM)
    assert isinstance(row, BankRow)
    assert (row.stated.account, row.stated.bank_reference) == ("62220212", "R-1")
    pending = make_camt(make_entry("30.00", "R-1", side="DBIT", state="PDNG", inside=inside))
    (row,) = read_statement(pending.encode(), "f", WARM)
    assert not isinstance(row, BankRow), "what is pending pays nothing"


class NoVault:
    def post(self, path: str, json: object = None) -> dict[str, list[object]]:
        assert json is None, "who is paid is nobody's giver"
        raise AssertionError(f"{path}: who is paid is nobody's giver")


def test_the_same_row_of_two_files_has_one_id_and_a_shared_reference_several(
    tmp_path: Path,
) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv")]
    second = PAID.replace("-001", "-002")
    files[0].write_text("\n".join((HEADER, PAID, second)))
    files[1].write_text("\n".join((HEADER, RENT, PAID)))
    batches = list(read_batches(files, WARM, Givers(NoVault())))
    first, other = ([row.id for row in batch.stated] for batch in batches)
    assert len({*first, *other}) == 3
    assert first[0] == other[1]
    assert not any(batch.refused or batch.rows for batch in batches)


def test_a_dry_run_says_which_payment_a_row_would_close(tmp_path: Path) -> None:
    file = tmp_path / "icbc.csv"
    file.write_text("\n".join((HEADER, PAID, RENT)))
    words = ["import", "donations", str(file), "--set", "fund_id=warm", "--dry-run"]
    env = {"GUANJIA_DATA_DIR": str(tmp_path / "none"), "COLUMNS": "160"}
    shown = CliRunner().invoke(app, words, env=env)
    assert shown.exit_code == 0, shown.output
    for part in ("付款 2 行", REFERENCE, "请财务核对", "3,000.00"):
        assert part in shown.output, part


INTEREST = "2026-03-21,B-5,,,,12.34,结息,"
CHARGE = "2026-03-22,B-6,,,5.00,,账户管理费,"


def list_own(*rows: str, layout: Layout = WARM) -> list[tuple[str, str, str, int]]:
    found = read_statement("\n".join((HEADER, *rows)).encode(), "icbc.csv", layout)
    stated = [row.stated for row in found if isinstance(row, BankRow)]
    return [(each.own_kind, each.direction, each.fund_id, each.amount_fen) for each in stated]


def test_interest_and_charges_are_stated_for_the_fund_that_was_named_once() -> None:
    layout = WARM.with_bank_fund("general")
    expected = [("interest", "returned", "general", 12_34), ("charge", "paid", "general", 5_00)]
    assert list_own(INTEREST, CHARGE, layout=layout) == expected
    assert [row[2] for row in list_own(INTEREST, CHARGE)] == ["", ""], "finance is asked"


@pytest.mark.parametrize(
    "row",
    [
        "2026-03-21,B-5,甲公司,4401,,12.34,结息,",
        "2026-03-21,B-5,甲公司,4401,,12.34,转账,结息",
        "2026-03-21,B-5,甲公司,4401,,12.34,转账,利息捐给孩子们",
        "2026-03-21,B-5,,,,5.00,手续费返还,",
        "2026-03-21,B-5,,,5.00,,利息支出,",
        "2026-03-21,B-5,,,5.00,,货款,",
        f"2026-03-21,B-5,,,5.00,,手续费,{REFERENCE}",
    ],
)
def test_what_a_giver_wrote_or_goes_the_other_way_is_no_interest_and_no_charge(row: str) -> None:
    assert not [kind for kind, *_ in list_own(row) if kind]


def test_interest_without_a_number_is_known_by_account_day_and_sum() -> None:
    row = INTEREST.replace("B-5", "")
    (first,), (again,) = read(row), read(row)
    assert isinstance(first, BankRow)
    assert isinstance(again, BankRow)
    assert first.stated.bank_reference == again.stated.bank_reference
    assert not list_own(CHARGE.replace("B-6", "")), "of charges there may be two equal ones a day"
    assert not list_own(row, layout=WARM.model_copy(update={"account": ""}))


def test_interest_and_charges_of_the_banks_own_formats() -> None:
    kinds = [
        (row.stated.own_kind, row.stated.amount_fen)
        for row in read_statement(MT940.encode(), "f", WARM)
        if isinstance(row, BankRow)
    ]
    assert kinds == [("charge", 30_00), ("interest", 50)]
    code = "<BkTxCd><Domn><Fmly><Cd>MCOP</Cd><SubFmlyCd>{}</SubFmlyCd></Fmly></Domn></BkTxCd>"
    camt = make_camt(
        make_entry("1.50", "R-1", inside=code.format("INTR")),
        make_entry("2.00", "R-2", side="DBIT", inside=code.format("CHRG")),
    )
    found = [row for row in read_statement(camt.encode(), "f", WARM) if isinstance(row, BankRow)]
    assert [(row.stated.own_kind, row.stated.amount_fen) for row in found] == [
        ("interest", 1_50),
        ("charge", 2_00),
    ]
