"""Sums of money as people write them in a text: 1.5万元, 三百块, 差两千, 大概5000左右."""

import re
from decimal import Decimal

from services.intake.channels.words import NUMERALS

THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_YUAN = (
    "(?:元|块钱|块|圆|蚊(?![帐香虫子])|rmb|人民币)(?:整|人民币)?"
    "(?!\\s*[0-9一二三四五六七八九]{1,2}[角毛])"
)
_TIMES = {"百": 100, "千": 1_000, "k": 1_000, "万": 10_000, "w": 10_000}
_MARKED = r"(?:[¥￥]\s*|rmb\s*|人民币\s*)"
_EXACT = r"(?<![\d.e百千万负])(?<![\d][,+-])(?<!e\+)(\d{1,9}(?:\.\d{1,2})?)\s*"
AMOUNT = re.compile(
    rf"{_MARKED}?{_EXACT}([百千万wk]?){_YUAN}"
    rf"|{_MARKED}{_EXACT}([百千万wk]?)(?![\d.,]|[多几来]|[\u4e00-\u9fff]?\d)"
    rf"|{_EXACT}(万)(?=[,;、。!?\s]|$)",
    re.IGNORECASE,
)
"""200元, 3百元, 1.5w元, ¥200, 2万; read by `parse_fen`."""
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")
_DIGITS = "一二两三四五六七八九十百千万零"
CHINESE_AMOUNT = re.compile(
    rf"(?<![\d.几数多好上到至{_DIGITS}])([{_DIGITS}壹贰叁肆伍陆柒捌玖拾佰仟]{{1,12}}){_YUAN}"
)
VAGUE = re.compile(
    r"\d[\d.]*[百千万]?\s*(?:[-~–—]|到|至)\s*\d[\d.]*\s*[百千万]?(?=\s|元|块|圆|蚊|左右|[,;、。!?]|$)"
    r"|[\d百千万][多几来余]\s*[百千万]?(?:元|块|圆|蚊)"
)
"""2000-3000元, 三千多块: which sum it is nobody chooses for who wrote it."""
_NUMERAL = r"\d{3,6}|[一二两三四五六七八九十百千万零]*[百千万][一二两三四五六七八九十百零]*"
MONEY_WORDS = re.compile("[费钱款]")
_FEE = "(?:学|杂|书|课本|药|医药|医疗|手术|住院|治疗|检查|护理|伙食|生活|住宿|水电|维修|路|丧葬)费"
SHORT_OF = re.compile(
    rf"(?:差|欠|缺|要|需)({_NUMERAL})(?=[,;、。!?\s]|$)"
    rf"|(?:{_FEE}|房租|租金)(?:一?共|大概|大约|还差|还欠|是|有|要)?({_NUMERAL})(?=[,;、。!?\s]|$|[交付还]不起|没钱|拿不出|不够|凑不)"
    rf"|(?<![\d.,年月])(?!20[1-3]\d(?!\d))({_NUMERAL})的?{_FEE}"
    r"|(?<![\d.,])(\d{1,3}(?:\.\d)?[wk])(?=[,;、。!?\s]|$)",
    re.IGNORECASE,
)
"""“学费差两千”: money, where money is spoken of."""
BARE_AMOUNT = re.compile(
    rf"(?:大概|大约|约|差不多|需要|要|差)?\s*({_NUMERAL})\s*(?:左右|就够了?|就行|就可以|吧)?"
)
"""To who asked how much."""


def parse_fen(match: re.Match[str]) -> int:
    """Of a match of `AMOUNT`; 0 where it is no whole number of fen."""
    number, times = (part for part in match.groups() if part is not None)
    fen = Decimal(number) * _TIMES.get(times.casefold(), 1) * 100
    return int(fen) if fen == fen.to_integral_value() else 0


_PLACES = {"十": 10, "百": 100, "千": 1000}


HAD = re.compile(
    r"(?:每个?[月年天周]|一个月|低保|退休金|养老金|工资|收入|欠|花|借|救助过)[\u4e00-\u9fff]{0,4}?"
    r"\d[\d.]*[万千百]?(?:元|块|圆)"
)
"""What one has, spends or owes: beside a thing that is asked for, no wish by itself."""


def parse_chinese_fen(text: str) -> int:
    """三百, 一千五百, 一千五, 两万. 0 for what is no number, or two: 两三百."""
    whole = part = digit = 0
    place = 1
    for mark in text.translate(_FORMAL):
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
    """500, 三百, 5k."""
    if text.isdigit():
        return int(text) * 100
    number, times = text[:-1], text[-1].casefold()
    return int(Decimal(number) * _TIMES[times] * 100) if times in "wk" else parse_chinese_fen(text)
