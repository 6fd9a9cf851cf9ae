"""What is asked for in English, as far as our own messages in English ask for it: a thing and how
many, a sum and its use, a town, a name.

It is put in the words that the reader of wishes knows where all of it is understood: “I got my
wheelchair in Chashan” stays as it is, and a person reads it.
"""

import re
from collections.abc import Iterable
from functools import cache

from services.intake.channels.words import find_thing
from shared.contracts.values import LABELS, Category
from shared.towns import load_towns, town_name

_THINGS = {
    "wheelchair": "轮椅",
    "walking frame": "助行器",
    "walking stick": "拐杖",
    "crutch": "拐杖",
    "hearing aid": "助听器",
    "nursing bed": "护理床",
    "bed": "床",
    "mattress": "床垫",
    "quilt": "棉被",
    "blanket": "毛毯",
    "coat": "棉衣",
    "rice cooker": "电饭锅",
    "rice": "大米",
    "flour": "面粉",
    "cooking oil": "食用油",
    "milk powder": "奶粉",
    "milk": "牛奶",
    "diapers": "尿不湿",
    "fan": "电风扇",
    "heater": "取暖器",
    "fridge": "冰箱",
    "washing machine": "洗衣机",
    "school bag": "书包",
    "desk": "书桌",
}
_MEASURES = {"bag": "袋", "box": "箱", "bottle": "瓶", "tin": "罐", "pack": "包", "set": "套"}
_USES = {
    "medical care": Category.MEDICAL,
    "school fees": Category.EDUCATION,
    "house repairs": Category.HOUSING_REPAIR,
}
_NUMBERS = {"a": "1", "an": "1", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
CALLED = re.compile(r"\b(?:my )?name(?: is)?:? (?P<name>[a-z'-]+(?: [a-z'-]+){1,3})", re.IGNORECASE)
"""NAME Zhang San: letters alone may be any words."""


def read_english_wish(text: str) -> str:
    """“2 bags of rice, Chashan” is 大米2袋, 茶山镇; “200 yuan for school fees” is 助学200元."""
    parts = _NAMED.split(text)  # every second one is a name
    plain = "".join(part if at % 2 else _translate(part) for at, part in enumerate(parts))
    return text if _LETTER.search(CALLED.sub("", plain)) else plain


def _translate(text: str) -> str:
    plain = _MONEY.sub(_translate_money, text)
    plain = _THING.sub(_translate_thing, plain)
    plain = _compile_towns().sub(lambda match: _index_towns()[match["town"].casefold()], plain)
    return _BESIDE.sub(" ", _UNSURE.sub("不知道", _NEED.sub("需要", plain)))


def _translate_money(match: re.Match[str]) -> str:
    use = match["use"]
    return f"{LABELS[_USES[use.casefold()]] if use else ''}{match['sum']}元"


def _translate_thing(match: re.Match[str]) -> str:
    """Without a number it is the thing alone: how many is then read, or asked, as in Chinese."""
    name = _THINGS[match["thing"].casefold()]
    number = match["number"]
    if not number:
        return name
    entry, measure = find_thing(name), match["measure"]
    unit = _MEASURES[measure.casefold()] if measure else entry.unit if entry else "个"
    return f"{name}{_NUMBERS.get(number.casefold(), number)}{unit}"


def _list_words(words: Iterable[str]) -> str:
    """Longer ones first: “rice cooker” holds “rice”."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


@cache
def _index_towns() -> dict[str, str]:
    """Name in Chinese by that in English, in small letters."""
    return {town_name(code, "en").casefold(): name for code, name in load_towns().items()}


@cache
def _compile_towns() -> re.Pattern[str]:
    return re.compile(rf"\b(?P<town>{_list_words(_index_towns())})\b(?: town\b)?", re.IGNORECASE)


_MONEY = re.compile(
    r"(?<![\d.,-])(?<!\d )(?P<sum>\d[\d,]{0,8}(?:\.\d{1,2})?) ?(?:yuan|rmb)\b"
    rf"(?: for (?P<use>{_list_words(_USES)})\b)?",
    re.IGNORECASE,
)
_THING = re.compile(
    rf"\b(?:(?P<number>\d{{1,4}}|{_list_words(_NUMBERS)}) "
    rf"(?:(?P<measure>{_list_words(_MEASURES)})(?:e?s)? of )?)?"
    rf"(?P<thing>{_list_words(_THINGS)})(?:e?s)?\b",
    re.IGNORECASE,
)
_NEED = re.compile(r"\b(?:i|we) (?:need|want)\b", re.IGNORECASE)
_UNSURE = re.compile(r"\bnot sure\b", re.IGNORECASE)
_BESIDE = re.compile(r"\b(?:please|and|in)\b", re.IGNORECASE)
_LETTER = re.compile("[a-z]", re.IGNORECASE)
_NAMED = re.compile(
    r"(\b(?:my )?name(?: is)?:? [a-z'-]+(?: [a-z'-]+){1,2}(?=\s*(?:[,;.、。]|$)))", re.IGNORECASE
)
"""A name that ends there: towns and things are names of people too (Hongmei, Fan)."""
