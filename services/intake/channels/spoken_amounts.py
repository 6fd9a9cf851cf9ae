"""Sums of money as people write them in a text: 1.5万元, 三百块, 差两千, 大概5000左右."""

import re
from decimal import Decimal

from services.intake.channels.words import NUMERALS

THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_YUAN = "(?:元|块钱|块|圆|蚊(?![帐香虫子]))(?:整|人民币)?"
AMOUNT = re.compile(rf"[¥￥]?(?<![\d.])(\d{{1,9}}(?:\.\d{{1,2}})?)(万?){_YUAN}")
CHINESE_AMOUNT = re.compile(rf"([一二两三四五六七八九十百千万零]{{1,12}}){_YUAN}")
_NUMERAL = r"\d{3,6}|[一二两三四五六七八九十百千万零]*[百千万][一二两三四五六七八九十百零]*"
MONEY_WORDS = re.compile("[费钱款]")
SHORT_OF = re.compile(rf"(?:差|欠|缺|要|需)({_NUMERAL})(?=[,;、。!?\s]|$)")
"""“学费差两千”: money, where money is spoken of."""
BARE_AMOUNT = re.compile(
    rf"(?:大概|大约|约|差不多|需要|要|差)?\s*({_NUMERAL})\s*(?:左右|就够了?|就行|就可以|吧)?"
)
"""To who asked how much."""


def parse_fen(match: re.Match[str]) -> int:
    yuan = Decimal(match.group(1)) * (10_000 if match.group(2) else 1)
    return int(yuan * 100)


_PLACES = {"十": 10, "百": 100, "千": 1000}


def parse_chinese_fen(text: str) -> int:
    """三百, 一千五百, 一千五, 两万. 0 for what is no number, or two: 两三百."""
    whole = part = digit = 0
    place = 1
    for mark in text:
        if mark in NUMERALS and mark != "十":
            if digit:
                return 0
            digit = NUMERALS[mark]
        elif mark in _PLACES:
            place = _PLACES[mark]
            part, digit = part + (digit or 1) * place, 0
        elif mark == "万":
            whole, part, digit, place = whole + (part + digit or 1) * 10_000, 0, 0, 10_000
        else:
            place = 1  # 零
    return (whole + part + digit * max(place // 10, 1)) * 100


def parse_number_fen(text: str) -> int:
    return int(text) * 100 if text.isdigit() else parse_chinese_fen(text)
