"""Numbers of people are found in every way of writing them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.personal import drop_numbers, has_number, has_personal_number, is_personal_code


@pytest.mark.parametrize(
    "text",
    [
        "13900139000",
        "轮椅（联系李四13900139000）",
        "139 0013 9000",
        "139-0013-9000",
        "139‑0013‑9000",
        "１３９００１３９０００",
        "一三九零零一三九零零零",
        "幺三九〇〇幺三九〇〇〇",
        "+86 139.0013.9000",
        "1\u200b3900139000",
        "441900199001011234",
        "44190019900101123X",
        "٠١٣٩٠٠١٣٩٠٠",
    ],
)
def test_a_number_of_a_person_is_found(text: str) -> None:
    assert has_number(text)
    assert not has_number(drop_numbers(text))


@pytest.mark.parametrize("text", ["棉被", "N95口罩", "84消毒液", "A4纸", "2026年", "三七", "C-07"])
def test_other_figures_are_none(text: str) -> None:
    assert not has_number(text)
    assert not has_personal_number(text)


@pytest.mark.parametrize(
    ("code", "is_personal"),
    [
        ("C-07", False),
        ("grid-2022000017", False),
        ("13800138000", True),
        ("C-13800138000", True),
        ("441900199001011234", True),
        ("440301980010112", True),
    ],
)
def test_a_code_may_be_long(code: str, is_personal: bool) -> None:
    assert has_personal_number(code) is is_personal


@pytest.mark.parametrize(
    ("code", "is_personal"),
    [
        ("ICBC20260105001", False),
        ("20260105138001380001234", False),
        ("2026010513800138000", False),
        ("441900199001011234", False),
        ("G-13800138000", False),
        ("13800138000", True),
        ("１３８-0013-8000", True),
        ("+86 13800138000", True),
        ("008613800138000", True),
        ("11010519491231002X", True),
        ("张三 13800138000", True),
    ],
)
def test_a_banks_number_is_a_persons_only_as_a_whole_or_beside_words(
    code: str, is_personal: bool
) -> None:
    """441900199001011234 has a wrong check digit: it is a bank's."""
    assert is_personal_code(code) is is_personal


@given(st.text())
def test_dropping_them_leaves_none(text: str) -> None:
    assert not has_number(drop_numbers(text))
