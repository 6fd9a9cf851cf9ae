"""Amounts as people and programs write them, as exact fen; never through a binary float.

¥11,361.50 · 300万元 · 1.5亿 · 三百元 · 3482232.1100000003 (a sum that went through binary floats)
"""

import re
from decimal import Decimal
from fractions import Fraction

from shared.contracts.values import format_yuan as format_yuan
from shared.contracts.values import format_yuan_plain as format_yuan_plain
from shared.errors import Invalid
from shared.messages import (
    AMOUNT_ABBREVIATED,
    AMOUNT_FRACTIONAL,
    AMOUNT_OUT_OF_RANGE,
    AMOUNT_SIGNED,
    AMOUNT_WRONG,
    CURRENCY_FOREIGN,
    QUANTITY_WRONG,
)
from shared.text import fold_text, fold_word, has_other_number

FEN_MAX = 2**53 - 1
FEN_OF_UNIT = {"": 100, "元": 100, "块": 100, "圆": 100, "角": 10, "分": 1}
TIMES = {"": 1, "百": 100, "千": 1_000, "万": 10_000, "百万": 1_000_000, "亿": 100_000_000}
NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+"

# A double holds 15 decimal digits for certain; a program that writes it out may write 17.
FLOAT_DIGITS = 15
NOISE_YUAN_MAX = Fraction(1, 1_000_000)

_CURRENCY = r"(?:人民币|RMB|CNY|¥)"
_AMOUNT = re.compile(
    rf"{_CURRENCY}?\s*¥?\s*\+?(?P<number>{NUMBER})\s*(?P<times>百万|[百千万亿])?\s*"
    rf"(?P<unit>[元块圆角分])?[整正]?\s*{_CURRENCY}?",
    re.IGNORECASE,
)
_YUAN_NAMES = "人民币|(?:记账)?本位币|本币|renminbi|rmb|cny|yuan|¥"
_YUAN_WORD = re.compile(rf"{_YUAN_NAMES}|156|(?<![0-9])0?01|元")
"""In a column of currencies, where 156 is the standard's number and 001 the banks'."""
_YUAN_NAMED = re.compile(rf"{_YUAN_NAMES}|(?<![单公])元(?![旦宵月年气朗])")
_PUNCTUATION = re.compile(r"[()/\-·,、:]")
_MONEY_UNITS = {"元": "元", "圆": "元", "块": "元", "yuan": "元", "cny": "元", "rmb": "元"}
_MONEY_UNITS |= {"人民币": "元", "人民币元": "元", "千元": "千元", "万元": "万元", "亿元": "亿元"}
PIECES = ("块", "圆")
"""Money, or things by the piece where an item is named."""
_DAY_NUMBERS = "一二三四五六七八九十"
_FOREIGN_NAMES = (
    r"(?:美|港|欧|加|澳|韩|澳门|新加坡|加拿大|澳大利亚|新西兰"
    rf"|(?<!月[0-9])(?<!月[0-9]{{2}})(?<!月[{_DAY_NUMBERS}])(?<!月[{_DAY_NUMBERS}]{{2}})日)"
    r"元(?![旦宵月气朗])"
    "|美金|港币|港纸|英镑|日币|澳门币|葡币|新台币|台币|新币|澳币|韩币|瑞士法郎|瑞郎|泰铢|卢布|林吉特|马币|外币"
)
"""Not in 1月1日元旦, 参加元宵节, 香港元朗."""
_FOREIGN_CODES = "usd|hkd|eur|gbp|jpy|mop|twd|ntd|sgd|cad|aud|krw|chf|thb|rub|myr|nzd|cnh|idr|vnd"
_FOREIGN = re.compile(
    rf"[$€£₩฿]|{_FOREIGN_NAMES}|(?:US|HK|EU|GB|JP|MO|TW|SG|CA|AU|KR|CH|TH|NZ)[DRPYKWFB]|NT", re.I
)
_FOREIGN_NAMED = re.compile(rf"{_FOREIGN_NAMES}|(?<![a-z])(?:{_FOREIGN_CODES})(?![a-z])|[$€£₩฿]")
_FOREIGN_CURRENCY = re.compile(rf"(?:{_FOREIGN_NAMES}|{_FOREIGN_CODES}|[$€£₩฿()/\-])+")
_SIGN = re.compile(rf"^{_CURRENCY}?\s*[-−–—]|^[0-9.,]+-$|^\(.*\d.*\)$", re.IGNORECASE)
_EXPONENT = re.compile(rf"(?:{_CURRENCY})?\s*(?:{NUMBER})[eE][+-]?[0-9]+元?", re.IGNORECASE)

_DIGITS = {
    character: digit
    for digit, characters in enumerate(
        ["零〇", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"]
    )
    for character in characters
}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_GROUPS = {"万": 10_000, "亿": 100_000_000}
_DIGIT = f"[{''.join(_DIGITS)}]"
_NUMERALS = re.compile(
    rf"{_CURRENCY}?(?P<number>[{''.join((*_DIGITS, *_TENS, *_GROUPS))}]+)[元圆块]"
    rf"(?:零?(?P<jiao>{_DIGIT})角)?(?:零?(?P<fen>{_DIGIT})分)?[整正]?"
)
_PARTS = re.compile(
    rf"{_CURRENCY}?\s*(?P<yuan>[0-9]{{1,12}})[元圆块](?:(?P<jiao>[0-9])角)?(?:(?P<fen>[0-9])分)?[整正]?"
)
"""200元5角3分; with neither 角 nor 分 it is an amount as any other."""


def parse_amount(text: str, field: str = "amount", unit: str = "元") -> int:
    """A positive amount of whole fen. unit: of a number that names none, such as 万元.

    Raises Invalid, which says what to change.
    """
    folded = fold_text(text)
    if has_other_number(text):
        raise AMOUNT_WRONG.invalid(field)
    if numerals := _NUMERALS.fullmatch(folded):
        fen = _read_numerals(numerals["number"], field) * FEN_OF_UNIT["元"]
        fen += 10 * _DIGITS.get(numerals["jiao"] or "", 0) + _DIGITS.get(numerals["fen"] or "", 0)
    elif (parts := _PARTS.fullmatch(folded)) and (parts["jiao"] or parts["fen"]):
        fen = int(parts["yuan"]) * FEN_OF_UNIT["元"]
        fen += 10 * int(parts["jiao"] or 0) + int(parts["fen"] or 0)
    elif amount := _AMOUNT.fullmatch(folded):
        number, times, named = amount["number"], amount["times"] or "", amount["unit"] or ""
        per_unit = find_fen_per(times + named if times or named else unit)
        fen = _require_whole_fen(number.replace(",", ""), per_unit, field)
    else:
        raise _explain_unreadable(folded, field)
    if not 0 < fen <= FEN_MAX:
        raise AMOUNT_OUT_OF_RANGE.invalid(field)
    return fen


def parse_signed_amount(text: str, field: str = "amount", unit: str = "元") -> int:
    """As `parse_amount`, with a sign before it or none. Raises Invalid."""
    folded = fold_text(text)
    amount_fen = parse_amount(folded.removeprefix("-").removeprefix("+"), field, unit)
    return -amount_fen if folded.startswith("-") else amount_fen


def parse_quantity(text: str, field: str = "quantity") -> int:
    """A whole number of things; 1,000 is a thousand. Raises Invalid."""
    number = re.fullmatch(NUMBER, fold_text(text))
    exact = Decimal(number.group().replace(",", "")) if number else None
    if exact is None or has_other_number(text) or exact != exact.to_integral_value():
        raise QUANTITY_WRONG.invalid(field)
    return int(exact)


def check_currency(text: str, field: str = "currency") -> None:
    """Of a column that says which money an amount is in. Raises Invalid where it is not yuan."""
    rest, words = _YUAN_WORD.subn("", fold_word(text))
    if not words or _PUNCTUATION.sub("", rest):
        raise CURRENCY_FOREIGN.invalid(field)


def is_foreign_currency(text: str) -> bool:
    """Whether it names another currency, and says nothing else: 港币, USD, 美元(USD)."""
    word = fold_word(text)
    return len(word) > 1 and _FOREIGN_CURRENCY.fullmatch(word) is not None


def find_foreign_currency(text: str) -> str:
    """The first that a heading names, unless it speaks of yuan too; empty where there is none."""
    word = fold_word(text)
    named = _FOREIGN_NAMED.search(word)
    return named.group() if named and not _YUAN_NAMED.search(_FOREIGN_NAMED.sub("", word)) else ""


def find_money_unit(unit: str) -> str | None:
    """元, 千元, 万元 or 亿元 where the unit of a quantity is money; None for things."""
    return _MONEY_UNITS.get(fold_text(unit).casefold())


def find_fen_per(unit: str) -> int:
    """How many fen one 元, 万元, 亿 or 分 is. Raises KeyError."""
    times = next(t for t in sorted(TIMES, key=len, reverse=True) if unit.startswith(t))
    return TIMES[times] * FEN_OF_UNIT[unit[len(times) :]]


def _require_whole_fen(number: str, per_unit: int, field: str) -> int:
    """What float noise there is rounds away; digits that somebody meant do not."""
    exact = Fraction(number) * per_unit
    fen = round(exact)
    if exact != fen and not _is_float_noise(number, abs(exact - fen) / per_unit):
        raise AMOUNT_FRACTIONAL.invalid(field)
    return fen


def _is_float_noise(number: str, off: Fraction) -> bool:
    """off: from the next whole fen, in the unit of the number.

    Noise shows only in a number written with all its digits, and only in the last ones.
    """
    digits = number.replace(".", "").lstrip("0")
    whole = number.partition(".")[0].lstrip("0")
    last_sure = Fraction(10) ** (len(whole) - FLOAT_DIGITS)
    return len(digits) >= FLOAT_DIGITS and off <= min(NOISE_YUAN_MAX, 10 * last_sure)


def _read_numerals(text: str, field: str) -> int:
    """三百, 叁佰伍拾, 两万三千. Raises Invalid where they make no number, or two: 三百五."""
    total, group, digit = 0, 0, 0
    has_zero, last, last_group = False, 10, FEN_MAX
    for character in text:
        if character in _DIGITS:
            if digit:
                raise AMOUNT_WRONG.invalid(field)
            digit = _DIGITS[character]
            has_zero = has_zero or digit == 0
            continue
        factor = _TENS.get(character) or _GROUPS[character]
        if character in _TENS:
            if group and factor >= last:
                raise AMOUNT_WRONG.invalid(field)
            group += (digit or 1) * factor
        else:
            if factor >= last_group or _is_unclear(digit, last, has_zero=has_zero):
                raise AMOUNT_WRONG.invalid(field)
            total += (group + digit) * factor
            group, last_group = 0, factor
        digit, has_zero, last = 0, False, factor
    if _is_unclear(digit, last, has_zero=has_zero):
        raise AMOUNT_WRONG.invalid(field)
    return total + group + digit


def _is_unclear(digit: int, last: int, *, has_zero: bool) -> bool:
    """三百五 is 350 to whoever says it, and 305 to whoever counts."""
    return digit != 0 and last > 10 and not has_zero


def _explain_unreadable(folded: str, field: str) -> Invalid:
    if _SIGN.match(folded):
        return AMOUNT_SIGNED.invalid(field)
    if _EXPONENT.fullmatch(folded):
        return AMOUNT_ABBREVIATED.invalid(field)
    if _FOREIGN.search(folded):
        return CURRENCY_FOREIGN.invalid(field)
    return AMOUNT_WRONG.invalid(field)
