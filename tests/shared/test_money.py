"""Amounts as people write them: exact fen, or a refusal that says what to change."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.money import FEN_MAX, format_yuan, format_yuan_plain, parse_amount, parse_quantity


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("5", 500),
        ("¥11,361.50", 1_136_150),
        ("￥１１，３６１．５０", 1_136_150),
        ("人民币 5元整", 500),
        ("300万元", 300_000_000),
        ("2.5万", 2_500_000),
        ("1.5亿", 15_000_000_000),
        ("1千", 100_000),
        ("149700元", 14_970_000),
        ("5角", 50),
        ("3分", 3),
        ("3482232.1100000003", 348_223_211),
        ("38422322.23999998", 3_842_232_224),
        ("0.30000000000000004", 30),
        ("￥200", 20_000),
        ("2万元", 2_000_000),
        ("300元整", 30_000),
        ("人民币200元", 20_000),
        ("RMB 200", 20_000),
        ("200 CNY", 20_000),
        ("+200.00", 20_000),
        ("\u202d200\u202c", 20_000),
        ("三百元", 30_000),
        ("叁佰伍拾元整", 35_000),
        ("两万三千元", 2_300_000),
        ("十五元", 1_500),
        ("三百零五元", 30_500),
        ("壹仟贰佰叁拾肆元伍角陆分", 123_456),
        ("叁佰元零伍分", 30_005),
        ("人民币壹万贰仟元整", 1_200_000),
        ("200元5角", 20_050),
        ("200元5角3分", 20_053),
    ],
)
def test_an_amount_is_exact_fen(text: str, fen: int) -> None:
    assert parse_amount(text) == fen


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.005", "amount_fractional"),
        ("12.3400001", "amount_fractional"),
        ("3482232.1150000003", "amount_fractional"),
        ("0.00000000000000001", "amount_fractional"),
        ("1,50", "amount_wrong"),
        ("200,50", "amount_wrong"),
        ("1,5", "amount_wrong"),
        ("1_000", "amount_wrong"),
        ("1 000", "amount_wrong"),
        ("约200元", "amount_wrong"),
        ("200-300元", "amount_wrong"),
        ("三百五元", "amount_wrong"),
        ("一二三元", "amount_wrong"),
        ("零元", "amount_out_of_range"),
        ("2E+05", "amount_abbreviated"),
        ("(200)", "amount_signed"),
        ("US$1,000", "currency_foreign"),
        ("HK$10000", "currency_foreign"),
        ("1,2345", "amount_wrong"),
        ("NaN", "amount_wrong"),
        ("Infinity", "amount_wrong"),
        ("", "amount_wrong"),
        ("5美元", "currency_foreign"),
        ("1e5", "amount_abbreviated"),
        ("1e99999999", "amount_abbreviated"),
        ("3.48E+06", "amount_abbreviated"),
        ("-5", "amount_signed"),
        ("￥-5", "amount_signed"),
        ("−5.00", "amount_signed"),
        ("5.00-", "amount_signed"),
        ("100²", "amount_wrong"),
        ("200①", "amount_wrong"),
        ("10½", "amount_wrong"),
        ("2万5", "amount_wrong"),
        ("3千元港币", "currency_foreign"),
        ("0", "amount_out_of_range"),
        ("90071992547409.92", "amount_out_of_range"),
    ],
)
def test_what_is_no_exact_amount_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_amount(text, "cell")
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (code, "cell")


def test_a_bare_number_counts_in_the_unit_it_is_told() -> None:
    assert parse_amount("55", unit="万元") == 55_000_000
    assert parse_amount("55", unit="分") == 55
    assert parse_amount("55元", unit="万元") == 5500


@given(fen=st.integers(1, FEN_MAX))
def test_no_fen_is_lost(fen: int) -> None:
    assert parse_amount(f"{fen // 100}.{fen % 100:02d}") == fen
    assert parse_amount(f"{fen // 100:,}.{fen % 100:02d}元") == fen


@given(fen=st.integers(1, FEN_MAX))
def test_what_is_formatted_is_read_back(fen: int) -> None:
    assert parse_amount(format_yuan(fen)) == parse_amount(format_yuan_plain(fen)) == fen
    assert format_yuan(-fen) == f"-{format_yuan(fen)}"


@given(st.text())
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    for parse in (parse_amount, parse_quantity):
        try:
            assert parse(text) >= 0
        except Invalid:
            continue


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=40))
def test_a_sum_of_binary_floats_is_the_sum_of_its_fen(amounts: list[int]) -> None:
    summed = 0.0
    for fen in amounts:
        summed += fen / 100
    assert parse_amount(repr(summed) if "e" not in repr(summed) else f"{summed:f}") == sum(amounts)


@given(st.integers(0, 10**9), st.integers(1, 9), st.integers(0, 6))
def test_a_digit_that_somebody_wrote_is_never_rounded_away(
    fen: int, digit: int, zeros: int
) -> None:
    written = f"{Decimal(fen) / 100:.2f}" + "0" * zeros + str(digit)
    if len(written.replace(".", "").lstrip("0")) < 15:
        with pytest.raises(Invalid):
            parse_amount(written)


def test_a_quantity_is_whole() -> None:
    assert parse_quantity("1,000") == 1000
    for wrong in ("1.5", "许多", "", "-1", "1,5", "1_000", "1E+3", "20袋", "5²", "①"):
        with pytest.raises(Invalid):
            parse_quantity(wrong)
