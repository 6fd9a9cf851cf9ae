"""How many of a thing, however it is written: 轮椅x2, 轮椅 2部, 2 轮椅, 两轮椅 are 轮椅2辆.

A number counts where it stands by a thing of the catalogue and by nothing else: in “轮椅 2楼” and
“轮椅 2024年” it is part of a place or a day, in “轮椅2,000元” and “书包2、3个” of a longer number,
and stays.
"""

import re
from functools import cache

from services.intake.channels.words import (
    MEASURES,
    NUMERALS,
    UNITS_OF_THINGS,
    find_thing,
    list_things,
)

_NUMERAL = "".join(NUMERALS)
_MEASURE = "|".join(sorted(MEASURES, key=len, reverse=True))
_TIMES = " ?[x×*✕✖] ?"
_PHONE = r"1[3-9]\d{9}(?!\d)"
_NOTHING_ELSE = (
    rf"(?= ?(?:$|[,;、。.!?…)](?! ?(?!{_PHONE})\d)"
    "|和|跟|及|加|还|以及|另外|就够|就行|就好|吧|左右|谢)"
    "| (?![ a-z楼号栋幢室座层年月日岁村组队人口元块万千百点个]))"
)


def fold_counts(text: str) -> str:
    """Of simplified text; what is written so already stays."""
    is_counted = any(sign.isdigit() or sign in NUMERALS for sign in text)
    return _compile().sub(_fold, text) if is_counted else text


def _fold(match: re.Match[str]) -> str:
    if match["joined"]:
        return match[0]
    thing = match["thing"] or match["thing_after"]
    number = match["number"] or match["number_before"]
    unit = match["measure"] or match["measure_before"] or _find_unit(thing)
    return f"{thing}{number}{unit}" if unit else match[0]


def _find_unit(thing: str) -> str:
    entry = find_thing(thing)
    return UNITS_OF_THINGS.get(entry.name, entry.unit) if entry else ""


@cache
def _compile() -> re.Pattern[str]:
    """A thing that is called as a measure is (床) counts by the readers of goods alone."""
    things = sorted(set(list_things()) - MEASURES, key=len, reverse=True)
    thing = "|".join(map(re.escape, things))
    number = rf"\d{{1,3}}|[{_NUMERAL}]"
    return re.compile(
        rf"(?P<joined>(?:{number})(?:{_MEASURE})(?:{thing}))"
        rf"|(?P<thing>{thing})(?:{_TIMES}|[ ,:、(]{{0,3}}(?:数量|一共|总共|共)?[ :(]{{0,2}})"
        rf"(?P<number>{number}) ?(?P<measure>{_MEASURE})?\)?{_NOTHING_ELSE}"
        rf"|(?:(?<![\da-z.第号年月\u4e00-\u9fff-])|(?<=[要求缺需请买和跟及加]))"
        rf"(?P<number_before>{number})(?:{_TIMES}| ?)(?P<measure_before>{_MEASURE})? ?"
        rf"(?P<thing_after>{thing})(?! ?[\d{_NUMERAL}x×*])",
        re.IGNORECASE,
    )
