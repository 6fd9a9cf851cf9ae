"""Amounts as people and programs write them, as exact fen; never through a binary float.

¥11,361.50 · 300万元 · 1.5亿 · 3482232.1100000003 (a sum that went through binary floats)
"""

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction

from shared.errors import Invalid

FEN_MAX = 2**53 - 1
FEN_OF_UNIT = {"": 100, "元": 100, "块": 100, "角": 10, "分": 1}
TIMES = {"": 1, "百": 100, "千": 1_000, "万": 10_000, "百万": 1_000_000, "亿": 100_000_000}
NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+"

# A double holds 15 decimal digits for certain; a program that writes it out may write 17.
FLOAT_DIGITS = 15
NOISE_YUAN_MAX = Fraction(1, 1_000_000)

_AMOUNT = re.compile(
    rf"(?:人民币|RMB|CNY|¥)?\s*(?P<number>{NUMBER})\s*(?P<times>百万|[百千万亿])?(?P<unit>[元块角分])?整?",
    re.IGNORECASE,
)
_SIGN = re.compile(r"^[+-]")
_EXPONENT = re.compile(rf"(?:{NUMBER})[eE][+-]?[0-9]+")


def fen_of(text: str, field: str = "amount", unit: str = "元") -> int:
    """A positive amount of whole fen. unit: of a number that names none, such as 万元.

    Raises Invalid, which says what to change.
    """
    found = _AMOUNT.fullmatch(plain(text))
    if found is None:
        raise _unreadable(text, field)
    number, times, said = found["number"], found["times"] or "", found["unit"] or ""
    per_unit = fen_per(times + said if times or said else unit)
    fen = _whole_fen(number.replace(",", ""), per_unit, field)
    if not 0 < fen <= FEN_MAX:
        raise Invalid.of(
            "amount_out_of_range", "金额须大于零且不过大", "not more than zero, or too large", field
        )
    return fen


def quantity_of(text: str, field: str = "quantity") -> int:
    """A whole number of things; 1,000 is a thousand. Raises Invalid."""
    number = re.fullmatch(NUMBER, plain(text))
    exact = Decimal(number.group().replace(",", "")) if number else None
    if exact is None or exact != exact.to_integral_value():
        raise Invalid.of("not_a_quantity", "数量不正确", "not a whole number of this unit", field)
    return int(exact)


def yuan(fen: int) -> str:
    """204,500.00, for people; fen: none below zero."""
    return f"{fen // 100:,}.{fen % 100:02d}"


def fen_per(unit: str) -> int:
    """How many fen one 元, 万元, 亿 or 分 is. Raises KeyError."""
    times = next(t for t in sorted(TIMES, key=len, reverse=True) if unit.startswith(t))
    return TIMES[times] * FEN_OF_UNIT[unit[len(times) :]]


def plain(text: str) -> str:
    """Full-width digits and signs as ASCII, without spaces around."""
    return unicodedata.normalize("NFKC", text).strip()


def _whole_fen(number: str, per_unit: int, field: str) -> int:
    """What float noise there is rounds away; digits that somebody meant do not."""
    exact = Fraction(number) * per_unit
    fen = round(exact)
    if exact != fen and not _is_float_noise(number, abs(exact - fen) / per_unit):
        raise Invalid.of(
            "fraction_of_a_fen",
            "金额含不足一分的部分：请在原表中保留两位小数后再导入",
            "has parts of a fen that are no float noise: state it with two decimals",
            field,
        )
    return fen


def _is_float_noise(number: str, off: Fraction) -> bool:
    """off: from the next whole fen, in the unit of the number.

    Noise shows only in a number written with all its digits, and only in the last ones.
    """
    digits = number.replace(".", "").lstrip("0")
    whole = number.partition(".")[0].lstrip("0")
    last_sure = Fraction(10) ** (len(whole) - FLOAT_DIGITS)
    return len(digits) >= FLOAT_DIGITS and off <= min(NOISE_YUAN_MAX, 10 * last_sure)


def _unreadable(text: str, field: str) -> Invalid:
    shown = plain(text)
    if _SIGN.match(shown):
        return Invalid.of(
            "amount_signed",
            "金额须为正数；退款请按退款登记",
            "only money that came in: record a refund as a refund",
            field,
        )
    if _EXPONENT.fullmatch(shown):
        return Invalid.of(
            "amount_abbreviated",
            "科学记数法会丢失数字：请把该列设为数值格式，写出全部数字",
            "written with an exponent, digits may be lost: write the number out",
            field,
        )
    return Invalid.of(
        "amount_wrong",
        "金额不正确，如 11,361.50 或 300万元",
        "not an amount, such as 11,361.50 or 300万元",
        field,
    )
