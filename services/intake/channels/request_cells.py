"""Cells of a sheet of requests, as clerks write them."""

import re
from collections.abc import Mapping
from enum import StrEnum

from services.intake.channels.words import (
    CATEGORY_CELLS,
    CLASS_CELLS,
    NUMERALS,
    SOMEWHERE_CELLS,
    find_spoken_categories,
)
from services.intake.messages import ROW_ENDED
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Channel
from shared.errors import Invalid
from shared.id_numbers import ID_NUMBER_DIGITS, find_id_problem
from shared.messages import ID_NUMBER_DOUBTFUL, ID_NUMBER_OLD, ID_NUMBER_OTHER
from shared.personal import has_number
from shared.sheets import ABSENT_WORDS, check_not_example, make_code_parser
from shared.sheets.columns import Guard, Parse
from shared.sheets.messages import (
    NAME_DAMAGED,
    NAME_WITH_NUMBER,
    NAMES_SEVERAL,
    VALUE_REWRITTEN,
    WORD_UNKNOWN,
)
from shared.simplified import simplify
from shared.text import clean_lines, clean_text, fold_text, fold_word
from shared.towns import CITY_WIDE, load_towns, parse_town, parse_village
from shared.villages import find_village, find_villages_in

_NO_PHONE = (
    "没有手机 无手机 没手机 没电话 没有电话 无号码 没有号码 本人无手机 本人无电话 "
    "暂无手机 暂无电话 不详 未知"
)
NO_PHONE_WORDS = ABSENT_WORDS | frozenset(_NO_PHONE.split())
_NO_ID = "不详 未知 未办理 未办 无证 无身份证 无证件 待补"
NO_ID_WORDS = ABSENT_WORDS | frozenset(_NO_ID.split())
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


_parse_class_word = make_word_parser("困难类别", CLASS_CELLS, BeneficiaryClass)
_BETWEEN_CLASSES = re.compile(r"[、/／,，;；+＋&＆和及且兼\s]")


def split_classes(text: str) -> list[str]:
    """低保、残疾 are two. A word that is a class by itself is one: 残疾(一级)."""
    return [fold_text(part) for part in _BETWEEN_CLASSES.split(text) if part]


def parse_class(text: str, field: str) -> object:
    """Of several the first that says more than “general”; each must be a class. Raises Invalid."""
    try:
        return _parse_class_word(text, field)
    except Invalid:
        parts = split_classes(text)
        if len(parts) < 2:
            raise
        classes = [_parse_class_word(part, field) for part in parts]
        return next((each for each in classes if each != BeneficiaryClass.GENERAL), classes[0])


_NAMES_SEVERAL = re.compile(
    r"\s*[\u4e00-\u9fff]{2,4}(?:\s*[、/,，;；\n]\s*[\u4e00-\u9fff]{2,4})+\s*"
)
_NAME_LOST = re.compile(r"[?�]{2,}|\w[?]\w|□")


def parse_name(text: str, field: str) -> str:
    """Of one person, with all its letters. Raises Invalid."""
    name = clean_text(text)
    check_not_example(name, field)
    if _NAMES_SEVERAL.fullmatch(text):
        raise NAMES_SEVERAL.invalid(field)
    if _NAME_LOST.search(name):
        raise NAME_DAMAGED.invalid(field)
    if has_number(name) or fold_text(name).isdigit():
        raise NAME_WITH_NUMBER.invalid(field)
    return name


_parse_id_code = make_code_parser("身份证号")
_ID_NUMBER = re.compile(r"(\d{17}[\dX]|\d{15})(?:\.0)?(?:[(\[]?本人[)\]]?)?")
_CUT_OFF = "000"
"""The last digits of what a spreadsheet program took for a number of 18."""


def parse_id_number(text: str, field: str) -> str:
    """Of its shape: the rules check its digits. Raises Invalid: of 15 digits, other papers and of
    a right number that may be another's cut off, by codes that cost the value alone."""
    code = str(_parse_id_code(text, field)).upper().replace(" ", "").replace("-", "")
    match = _ID_NUMBER.fullmatch(code)
    if match is None:
        raise ID_NUMBER_OTHER.invalid(field)
    number = match[1]
    if len(number) < ID_NUMBER_DIGITS:
        raise ID_NUMBER_OLD.invalid(field)
    if number.endswith(_CUT_OFF):
        is_wrong = find_id_problem(number) is not None
        raise (
            VALUE_REWRITTEN.invalid(field, label="身份证号")
            if is_wrong
            else (ID_NUMBER_DOUBTFUL.invalid(field))
        )
    return number


_CHANNELS = {
    Channel.GRID_WORKER: "网格员 网格",
    Channel.COMMITTEE: "村委 村委会 居委 居委会 村居 村(居)委会",
    Channel.HOUSEHOLD_VISIT: "入户 走访 上门",
    Channel.SOCIAL_WORKER: "社工 双百",
    Channel.SERVICE_WINDOW: "窗口 政务窗口 办事窗口",
    Channel.LEADER_VISIT: "驻点 领导驻点 驻点联系",
    Channel.STATION: "莞家驿站 社工站",
    Channel.HOTLINE: "12345 热线",
    Channel.WECHAT: "微信 公众号",
    Channel.WEB: "网上 网站",
}
CHANNEL_CELLS: Mapping[str, str] = {LABELS[code]: code.value for code in Channel} | {
    word: code.value for code, words in _CHANNELS.items() for word in words.split()
}


_OWNERS = {
    "own": "本人 自己 本人手机 本人电话 self",
    "family": (
        "家属 家人 亲属 亲戚 女儿 儿子 子女 儿女 丈夫 妻子 老公 老婆 老伴 配偶 爱人 父亲 母亲 "
        "爸爸 妈妈 父母 哥哥 弟弟 姐姐 妹妹 兄弟 姐妹 孙子 孙女 外孙 外孙女 媳妇 儿媳 女婿 "
        "侄子 侄女 爷爷 奶奶 外公 外婆"
    ),
    "collector": (
        "收集人 代办 代办人 村干部 村委 居委 网格员 社工 志愿者 邻居 朋友 同事 房东 工友 经办人 "
        "联络人"
    ),
    "guardian": "监护人 法定监护人",
}
"""Whose the phone is: as a person's page calls it. By a neighbour's phone he does not answer."""
_OWNER_WORDS = {word: owner for owner, words in _OWNERS.items() for word in words.split()}


def parse_contact_owner(text: str, field: str) -> str:
    """A word in brackets makes it more exact: 家属（女儿）."""
    word = re.sub(r"\([^()]*\)$", "", _fold(text))
    if owner := _OWNER_WORDS.get(word) or _OWNER_WORDS.get(word.removesuffix("的")):
        return owner
    if word.lower() in _OWNERS:
        return word.lower()
    labels = "、".join(words.split()[0] for words in _OWNERS.values())
    raise WORD_UNKNOWN.invalid(field, label="电话归属", labels=labels, names=", ".join(_OWNERS))


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
