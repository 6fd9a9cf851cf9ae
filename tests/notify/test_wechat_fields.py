"""What WeChat's fields take: prose is cut to fit, a fact that does not fit is refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notify.providers.wechat import fit_field


@given(st.text(max_size=60), st.integers(1, 99))
def test_prose_always_fits_and_short_prose_is_untouched(text: str, number: int) -> None:
    fitted = fit_field(f"thing{number}", text)
    assert 1 <= len(fitted) <= 20
    plain = " ".join(text.split())
    if 1 <= len(plain) <= 20:
        assert fitted == plain
    elif plain:
        assert fitted == plain[:19].rstrip() + "…"


@example("name3", "A" * 21)
@given(st.sampled_from(["thing1", "phrase2", "name3", "symbol4"]), st.text(max_size=60))
def test_fitting_twice_changes_nothing_more(field: str, text: str) -> None:
    once = fit_field(field, text)
    assert fit_field(field, once) == once


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("phrase1", "已受理!", "已受理"),
        ("phrase1", "正在等待审批", "正在等待审"),
        ("name1", "张三", "张三"),
        ("name1", "欧阳" * 6, "欧阳" * 4 + "欧…"),
        ("amount1", "¥12.50元", "¥12.50元"),
        ("time1", "2019年10月1日 15:01", "2019年10月1日 15:01"),
        ("keyword1", "长" * 50, "长" * 50),
        ("thing1", "\n", "无"),
    ],
)
def test_field_is_fitted(field: str, value: str, expected: str) -> None:
    assert fit_field(field, value) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number1", "9" * 33),
        ("number1", "twelve"),
        ("amount1", "¥12345678901"),
        ("phone_number1", "1" * 18),
        ("car_number1", "粤S" + "1" * 7),
        ("character_string1", "编号一"),
        ("letter1", "a1"),
    ],
)
def test_fact_that_does_not_fit_is_refused_and_never_cut(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field):
        fit_field(field, value)
