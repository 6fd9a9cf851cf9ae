"""Cells of a sheet of requests, as clerks write them."""

import re
from collections.abc import Mapping
from enum import StrEnum

from services.intake.channels.words import (
    CATEGORY_CELLS,
    NUMERALS,
    SOMEWHERE_CELLS,
    find_spoken_categories,
)
from services.intake.messages import ROW_ENDED
from shared.contracts.values import LABELS, Category
from shared.errors import Invalid
from shared.sheets import ABSENT_WORDS
from shared.sheets.columns import Guard, Parse
from shared.sheets.messages import WORD_UNKNOWN
from shared.simplified import simplify
from shared.text import clean_lines, fold_text, fold_word
from shared.towns import CITY_WIDE, load_towns, parse_town, parse_village
from shared.villages import find_village, find_villages_in

NO_AMOUNT_WORDS = ABSENT_WORDS | {"0", "0.0", "0.00", "0元", "0.00元"}
"""Of a column of sums beside goods: nothing is asked for in money."""
_VILLAGE_DIGITS = 6
"""A cell with so many digits and no word was meant as a code."""
_SPOKEN_LENGTH_MAX = 8
_COUNT = re.compile(
    rf"([\d,.]+|[{''.join(NUMERALS)}])\s*([\u4e00-\u9fff]{{1,3}}|kg)?", re.IGNORECASE
)


def _fold(text: str) -> str:
    return simplify(fold_text(text)).replace(" ", "")


def make_word_parser(label: str, words: Mapping[str, str], codes: type[StrEnum]) -> Parse:
    def parse_word(text: str, field: str) -> str:
        """A code, or what it is called."""
        word = _fold(text)
        folded = {_fold(each): code for each, code in words.items()}
        if code := folded.get(word):
            return code
        if word.lower() in set(codes):
            return word.lower()
        labels = "、".join(LABELS[each] for each in codes)
        raise WORD_UNKNOWN.invalid(field, label=label, labels=labels, names=", ".join(codes))

    return parse_word


_parse_category_word = make_word_parser("类别", CATEGORY_CELLS, Category)


def parse_category(text: str, field: str) -> object:
    """By its word, or by the one thing that a short cell names: 路灯, 看病, 家庭保洁."""
    word = _fold(text)
    spoken = find_spoken_categories(word) if len(word) <= _SPOKEN_LENGTH_MAX else set()
    is_word = word in CATEGORY_CELLS or word.lower() in set(Category)
    if not is_word and len(spoken) == 1:
        return spoken.pop().value
    return _parse_category_word(text, field)


_OWNER_WORDS = {"本人": "own", "家属": "family", "收集人": "collector", "监护人": "guardian"}
"""Whose the phone is: as a person's page calls it."""


def parse_contact_owner(text: str, field: str) -> str:
    word = _fold(text)
    if owner := _OWNER_WORDS.get(word):
        return owner
    if word.lower() in _OWNER_WORDS.values():
        return word.lower()
    labels, names = "、".join(_OWNER_WORDS), ", ".join(_OWNER_WORDS.values())
    raise WORD_UNKNOWN.invalid(field, label="电话归属", labels=labels, names=names)


def parse_prose(text: str, _: str) -> str:
    return clean_lines(text)


def parse_town_cell(text: str, field: str) -> str:
    """Somewhere in the city is a place too: the city decides. 茶山镇增埗村 is in 茶山镇."""
    word = _fold(text)
    if word in SOMEWHERE_CELLS:
        return CITY_WIDE
    try:
        return parse_town(word, field)
    except Invalid:
        named = {code for code, name in load_towns().items() if name in word}
        if len(named) != 1:
            raise
        return named.pop()


def find_village_beside(text: str) -> str:
    """The code of the village that a town's cell names too; empty where it is not one."""
    word = _fold(text)
    codes = {code for _, each in find_villages_in(word) for code in each}
    names = [name for name in load_towns().values() if name in word]
    town = parse_town(names[0]) if len(names) == 1 else ""
    there = {code for code in codes if town and code.startswith(town)}
    if len(there) == 1:
        return there.pop()
    rest = re.sub(r"[()\[\]]", "", word.partition(names[0])[2]) if town else ""
    return find_village(rest, town) or "" if rest else ""


def parse_village_cell(text: str, field: str) -> str:
    """A village that is written by name stays as it is."""
    has_word = re.search(r"[^\W\d_]{2}|[\u4e00-\u9fff]", text)
    is_code = not has_word and len(fold_text(text)) >= _VILLAGE_DIGITS
    return parse_village(text, field) if is_code else simplify(clean_lines(text))


def split_count(quantity: str, unit: str) -> tuple[str, str]:
    """“2床” and “两” as number and unit; as it was where the column of units says another."""
    match = _COUNT.fullmatch(fold_text(quantity))
    if match is None or (match[2] and unit and match[2] != unit):
        return quantity, unit
    number = str(NUMERALS.get(match[1], match[1]))
    return number, unit or (match[2] or "")


_WAITS = re.compile(
    r"[待未正].*|新.*|.*(?:中|通过|受理|登记|提交|上报|核实|同意|有效|正常|符合)|已?(?:审核|审批|公示|录入|入库)|是|否"
)
_ENDED = re.compile("不通过|不同意|不符合|未通过|无效|作废|停用|已.*(?:完成|办结)")


def _check_waits(text: str, field: str) -> str:
    """Raises Invalid: what was done, refused or withdrawn is no request any more."""
    word = fold_word(text)
    if word not in ABSENT_WORDS and (_ENDED.search(word) or not _WAITS.fullmatch(word)):
        raise ROW_ENDED.invalid(field, text=text)
    return text


STATE_GUARD = Guard(
    "state",
    re.compile(
        r"^(?!.*(?:婚姻|健康|身体|就业|就学|居住|残疾|家庭|打印|通知|短信|公示|生活|经济|住房)).*"
        r"(?:状态|(?:办理|处理|审核|审批|对接)(?:结果|情况)$)"
    ),
    _check_waits,
)
