"""Numbers of people are found in every way of writing them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.personal import (
    drop_numbers,
    has_number,
    has_personal_number,
    hide_numbers,
    is_personal_code,
)
from shared.text import clean_lines


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
        "139/0013/9000",
        "139*0013*9000",
        "(0769)22830000",
        "①③⑨⓪⓪①③⑨⓪⓪⓪",
        "1 3 9 0 0 1 3 9 0 0 0",
        "139——0013——9000",
        "壹叁玖零零壹叁玖零零零",
        "139,0013,9000",
        "1️⃣3️⃣9️⃣0️⃣0️⃣1️⃣3️⃣9️⃣0️⃣0️⃣0️⃣",
        "一三九，零零一三，九零零零",
        "QQ1234567",
        "tel:+8613900139000",
        "139\n0013\n9000",
        "139–0013–9000",
        "139_0013_9000",
        "۱۳۹۰۰۱۳۹۰۰۰",
        "１３９－００１３－９０００",
        "139 - 0013 - 9000",
        "请打13900139000找李四",
        "139零零139零零零",
        "0769-2283-0000",
        "139·0013·9000",
        "139、0013、9000",
        "139~0013~9000",
        "139（0013）9000",
        "【139】0013 9000",
        "一 三 九 零 零 一 三 九",
        "𝟏𝟑𝟗𝟎𝟎𝟏𝟑𝟗𝟎𝟎𝟎",
        "4419 0019 9001 0112 34",
        "四四一九零零一九九零",
        "139…0013…9000",
        "139。0013。9000",
        "13九00一三9000",
        "139o0139000",
        "139 空格 0013 9000",
        "139杠0013杠9000",
        "139-0013-九千",
        "139点0013点9000",
        "138转0013转8000",
        "139oo139ooo",
        "13900l39000",
        "139OO139OOO",
        "13900I39000（王）",
        "139OO13900O",
    ],
)
def test_a_number_of_a_person_is_found(text: str) -> None:
    assert has_number(text)
    assert not has_number(drop_numbers(text))


@pytest.mark.parametrize(
    "text",
    [
        *("棉被", "N95口罩", "84消毒液", "A4纸", "2026年", "三七", "C-07"),
        "棉被3床",
        "2026年5月20日",
        "轮椅1辆",
        "1.8米床",
        "10kg大米2袋",
        "3-5岁",
        "A4纸500张",
        "7:30送到",
        "100元",
        "20万元",
        "第12号楼3单元501",
        "5斤装",
        "12345热线",
        "2026-05",
        "N95",
        "3+1",
        "95%酒精",
        "1/2",
        "星期一二三四",
        "一二三四五六",
        "三九感冒灵",
        "40×60cm",
        "120*60",
        "M号",
        "24小时",
        "100ml*2",
        "8月1日—8月5日",
        "五一二一",
        "零食",
        "2月28日前",
        "8点30分",
        "10点到11点",
        "分机转801",
        "3路转15路",
    ],
)
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("村口涵洞积水，改造预算1200000元，急！", "村口涵洞积水，改造预算1200000元，急！"),
        ("预算1,200,000.00元", "预算1,200,000.00元"),
        ("第一行，电话13900139000\n第二行（谢谢）", "第一行，电话＊＊＊\n第二行（谢谢）"),
        ("电话１３９００１３９０００。", "电话＊＊＊。"),
        ("一三九零零一三九零零零找我", "＊＊＊找我"),
        ("欠13900139000元", "欠＊＊＊元"),
        ("证件441900199001011234", "证件＊＊＊"),
        ("139-0013-9000、138 0013 8000", "＊＊＊"),
        ("3床棉被，2袋米", "3床棉被，2袋米"),
        ("请拨83456789元旦前都在", "请拨＊＊＊元旦前都在"),
        ("共￥1234567.50，人民币 20000000", "共￥1234567.50，人民币 20000000"),
        ("￥13900139000", "￥＊＊＊"),
    ],
)
def test_prose_is_shown_as_it_was_written_without_them(text: str, shown: str) -> None:
    assert hide_numbers(text) == shown


@given(st.text())
def test_hiding_them_keeps_the_lines(text: str) -> None:
    assert hide_numbers(text).count("\n") == clean_lines(text).count("\n") or has_number(text)
