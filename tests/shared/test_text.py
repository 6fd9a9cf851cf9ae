"""What means the same is made equal; names and prose keep the letters that were written."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.text import FOLDED, clean_lines, clean_text, drop_invisible, fold_text


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("棉被 ", "棉被"),
        ("棉被\u3000", "棉被"),
        ("Ａ4纸", "A4纸"),
        ("床\u00a0", "床"),
        ("\u202d13800138000\u202c", "13800138000"),
        ("13800138000\u200b", "13800138000"),
        ("\ufeff大  米", "大 米"),
        ("口罩（N95）", "口罩(N95)"),
        ("棉\x1d被", "棉被"),
        ("❤\ufe0f", "❤"),
        ("\ud800米", "米"),
        (" \t\n", ""),
    ],
)
def test_width_blanks_and_invisible_marks_are_folded(text: str, folded: str) -> None:
    assert fold_text(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold_text(fold_text(text)) == fold_text(text)
    assert clean_text(clean_text(text)) == clean_text(text)
    assert clean_lines(clean_lines(text)) == clean_lines(text)
    assert drop_invisible(drop_invisible(text)) == drop_invisible(text)


def test_names_and_prose_keep_their_punctuation() -> None:
    assert clean_text(" 某公司（武汉）\u200b ") == "某公司（武汉）"
    assert clean_lines("急用，\r\n 明天  要 \n") == "急用，\n明天 要"


def test_a_field_of_a_model_is_folded() -> None:
    assert TypeAdapter(Annotated[str, FOLDED]).validate_python("Ａ4纸 ") == "A4纸"
