"""Amounts as people write them: exact fen, or a refusal that says what to change."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.money import FEN_MAX, fen_of, quantity_of


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
    ],
)
def test_an_amount_is_exact_fen(text: str, fen: int) -> None:
    assert fen_of(text) == fen


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.005", "fraction_of_a_fen"),
        ("12.3400001", "fraction_of_a_fen"),
        ("3482232.1150000003", "fraction_of_a_fen"),
        ("0.00000000000000001", "fraction_of_a_fen"),
        ("1,50", "amount_wrong"),
        ("1,2345", "amount_wrong"),
        ("NaN", "amount_wrong"),
        ("Infinity", "amount_wrong"),
        ("", "amount_wrong"),
        ("5美元", "amount_wrong"),
        ("1e5", "amount_abbreviated"),
        ("1e99999999", "amount_abbreviated"),
        ("3.48E+06", "amount_abbreviated"),
        ("-5", "amount_signed"),
        ("0", "amount_out_of_range"),
        ("90071992547409.92", "amount_out_of_range"),
    ],
)
def test_what_is_no_exact_amount_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        fen_of(text, "cell")
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (code, "cell")


def test_a_bare_number_counts_in_the_unit_it_is_told() -> None:
    assert fen_of("55", unit="万元") == 55_000_000
    assert fen_of("55", unit="分") == 55
    assert fen_of("55元", unit="万元") == 5500


@given(fen=st.integers(1, FEN_MAX))
def test_no_fen_is_lost(fen: int) -> None:
    assert fen_of(f"{fen // 100}.{fen % 100:02d}") == fen
    assert fen_of(f"{fen // 100:,}.{fen % 100:02d}元") == fen


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=40))
def test_a_sum_of_binary_floats_is_the_sum_of_its_fen(amounts: list[int]) -> None:
    summed = 0.0
    for fen in amounts:
        summed += fen / 100
    assert fen_of(repr(summed) if "e" not in repr(summed) else f"{summed:f}") == sum(amounts)


@given(st.integers(0, 10**9), st.integers(1, 9), st.integers(0, 6))
def test_a_digit_that_somebody_wrote_is_never_rounded_away(
    fen: int, digit: int, zeros: int
) -> None:
    written = f"{Decimal(fen) / 100:.2f}" + "0" * zeros + str(digit)
    if len(written.replace(".", "").lstrip("0")) < 15:
        with pytest.raises(Invalid):
            fen_of(written)


def test_a_quantity_is_whole() -> None:
    assert quantity_of("1,000") == 1000
    for wrong in ("1.5", "许多", "", "-1"):
        with pytest.raises(Invalid):
            quantity_of(wrong)
