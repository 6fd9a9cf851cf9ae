"""Phone numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.phones import PHONE_CODES, parse_mobile, parse_phone

MOBILE = "+8613800138000"


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "138\u20110013\u20118000",
        "138—0013—8000",
        "138.0013.8000",
        "\u202d13800138000\u202c",
        "13800138000\u200b",
        "手机：13800138000",
        "Tel: +86 138-0013-8000",
        "13800138000；",
        "１３８００１３８０００",
        "（86）13800138000",
        "(+86) 138-0013-8000",
        "+86 138 0013 8000",
        "86-13800138000",
        "8613800138000",
        "008613800138000",
        "0086 138 0013 8000",
        "013800138000",
        "17951 13800138000",
        "1795113800138000",
        "12593-13800138000",
        "13800138000.0",
        "Tel 13800138000",
        "本人手机13800138000",
        "微信同号 13800138000",
        "13800138000（本人）",
        "13800138000(微信同号)",
        "'13800138000",
        '="13800138000"',
        '"13800138000"',
        "138\u00a00013\u30008000",
    ],
)
def test_a_mobile_of_the_mainland(text: str) -> None:
    assert parse_phone(text) == parse_mobile(text) == MOBILE


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("+852 9123 4567", "+85291234567"),
        ("00852-91234567", "+85291234567"),
        ("+853 6612 3456", "+85366123456"),
        ("+1 (212) 736-5000", "+12127365000"),
    ],
)
def test_a_number_of_elsewhere_names_its_country(text: str, phone: str) -> None:
    assert parse_phone(text) == phone
    with pytest.raises(Invalid) as refused:
        parse_mobile(text)
    assert refused.value.problems[0].code == "phone_foreign"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("138****8000", "phone_masked"),
        ("138xxxx8000", "phone_masked"),
        ("1.38E+10", "phone_abbreviated"),
        ("0769-22830000", "phone_fixed"),
        ("(0769) 22830000", "phone_fixed"),
        ("0769-22830000-801", "phone_fixed"),
        ("0769-22830000转801", "phone_fixed"),
        ("+86 769 22830000", "phone_fixed"),
        ("22830000", "phone_fixed"),
        ("400-800-1234", "phone_fixed"),
        ("13800138000/13900139000", "phone_several"),
        ("13800138000、13900139000", "phone_several"),
        ("13800138000 13900139000", "phone_several"),
        ("91234567890", "phone_wrong"),
        ("12800138000", "phone_wrong"),
        ("1380013800", "phone_wrong"),
        ("138001380001", "phone_wrong"),
        ("99999 13800138000", "phone_wrong"),
        ("13800138000(儿子)", "phone_beside_words"),
        ("13800138000 张三", "phone_beside_words"),
        ("张三13800138000", "phone_beside_words"),
        ("13800138000转123", "phone_beside_words"),
        ("+86 12345", "phone_wrong"),
        ("+852 1", "phone_wrong"),
        ("+999 12345678", "phone_wrong"),
        ("138", "phone_wrong"),
        ("没有", "phone_wrong"),
        ("", "phone_wrong"),
    ],
)
def test_what_reaches_nobody_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_phone(text, "cell")
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == (code, "cell")
    assert code in PHONE_CODES


@given(st.one_of(st.text(), st.from_regex(r"(?:\+|00)?\d{5,15}", fullmatch=True)))
def test_a_number_is_what_it_becomes(text: str) -> None:
    try:
        phone = parse_phone(text)
    except Invalid:
        return
    assert parse_phone(phone) == phone
