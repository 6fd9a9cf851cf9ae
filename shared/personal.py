"""Numbers by which somebody can be reached or known, found in every way of writing them."""

import re
import unicodedata

from shared.id_numbers import find_id_problem
from shared.text import clean_lines, fold_text

DIGITS_MIN = 7
"""A fixed line has so many; no item, unit or code of a collector needs them."""

_NUMERALS = dict(
    zip("〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "001234567891123456789", strict=True)
)
# As people say it where a number is not wanted: 139点0013点9000, 139杠0013, 139转0013.
_NUMBER = re.compile(rf"\d(?:[\W_点杠转]{{0,3}}\d){{{DIGITS_MIN - 1},}}[xX]?")
# As people write it who mean a figure: 138oo138ooo, 138001380OO, 13800l38000.
_LETTERS_FOR_ZERO = re.compile(r"(?<=\d)[oO]+(?![A-Za-z])")
_LETTER_FOR_ONE = re.compile(r"(?<=\d)[Il](?=\d)")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_OWN_MOBILE = re.compile(r"(?:0?0?86)?1[3-9]\d{9}")
_IDENTITY = re.compile(r"[1-9]\d{16}[\dxX]|[1-9]\d{14}")
_SUM = re.compile(r"(?:[1-9]\d{4,9}|[1-9]\d{0,2}(?:,\d{3}){1,3})(?:\.\d{1,2})?")
_MONEY_BEHIND = re.compile(r"\s*(?:元(?![旦宵月年气朗])|万|块|圆)")
_MONEY_BEFORE = re.compile(r"(?:[¥￥]|人民币|RMB|CNY)\s*$", re.IGNORECASE)
HIDDEN = "＊＊＊"
_SEPARATORS = re.compile(r"[\W_]")


def has_number(text: str) -> bool:
    """Whether it holds a phone, a fixed line, an ID or an account: 7 digits or more."""
    return _NUMBER.search(_read_digits(fold_text(text))) is not None


def has_personal_number(text: str) -> bool:
    """Whether a mobile phone or an ID number is in it: for codes, which may be long."""
    numbers = (match.group() for match in _NUMBER.finditer(_read_digits(fold_text(text))))
    return any(
        _MOBILE.search(digits) or _IDENTITY.fullmatch(digits)
        for digits in (_SEPARATORS.sub("", number) for number in numbers)
    )


def is_personal_code(text: str) -> bool:
    """Whether a bank's or a paper's number is somebody's phone or ID number, or holds one beside
    words. In a long run of digits any eleven look like a phone, so such a run is none."""
    folded = fold_text(text)
    if not folded.isascii() or " " in folded:
        return has_personal_number(folded)
    digits = _SEPARATORS.sub("", folded).upper()
    if _OWN_MOBILE.fullmatch(digits):
        return True
    return bool(_IDENTITY.fullmatch(digits)) and find_id_problem(digits) is None


def is_personal_text(text: str) -> bool:
    """As `is_personal_code`, of each number in a text: ZhangSan13800138000 has one."""
    return any(map(is_personal_code, (text, *re.findall(r"\d[\d.-]*[xX]?", fold_text(text)))))


def drop_numbers(text: str) -> str:
    """Folded, and without them."""
    folded = fold_text(text)
    spans = [match.span() for match in _NUMBER.finditer(_read_digits(folded))]
    for start, end in reversed(spans):
        folded = f"{folded[:start]} {folded[end:]}"
    return fold_text(folded) if spans else folded


def hide_numbers(text: str) -> str:
    """Prose without them, in its own lines and punctuation; a sum of money is nobody's number."""
    lines = clean_lines(text)
    digits = _read_digits("".join(map(_narrow, lines)))
    for match in reversed(list(_NUMBER.finditer(digits))):
        is_money = _MONEY_BEHIND.match(digits, match.end()) or _MONEY_BEFORE.search(
            digits, max(0, match.start() - 5), match.start()
        )
        if not (is_money and _SUM.fullmatch(match.group())):
            lines = f"{lines[: match.start()]}{HIDDEN}{lines[match.end() :]}"
    return lines


def _narrow(mark: str) -> str:
    """A mark of full width as the one that it is, where that is one mark."""
    folded = unicodedata.normalize("NFKC", mark)
    return folded if len(folded) == 1 else mark


def _read_digits(folded: str) -> str:
    """The same text in the same places, with figures of every script: 一三八 is 138."""
    digits = folded if folded.isascii() else "".join(map(_read_digit, folded))
    digits = _LETTERS_FOR_ZERO.sub(lambda match: "0" * len(match.group()), digits)
    return _LETTER_FOR_ONE.sub("1", digits)


def _read_digit(mark: str) -> str:
    if mark in _NUMERALS:
        return _NUMERALS[mark]
    value = unicodedata.digit(mark, None)
    return mark if value is None else str(value)
