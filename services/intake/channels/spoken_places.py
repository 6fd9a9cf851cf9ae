"""Where somebody is, as people write it: 茶山镇, 我在石龙那边, 不是虎门，是厚街.

Two towns say none, unless one of them is denied.
"""

import re
from typing import NamedTuple

from services.intake.channels.remainder import Remainder
from services.intake.channels.words import CITY_WORDS, SOMEWHERE_WORDS
from shared.towns import CITY_WIDE, index_codes_by_name, load_towns
from shared.villages import find_village, find_villages_in, load_villages

TOWN_DIGITS = 9  # of a village's code

_TOWN_WORDS = {name: code for code, name in load_towns().items()}
_PLACE_CODE = re.compile(rf"(?<!\d)\d{{{TOWN_DIGITS}}}(?:\d{{3}})?(?!\d)")
_AROUND = re.compile("^(?:我们?|家|人|现在|住)*(?:在|喺)|(?:那边|这边)$")
_NAME = "[\u4e00-\u9fff]{2,12}?"
_END = "(?:那边|这边|才对|的|啊|呀|哦|吧|啦|了)*[\\s,;。!]*"
_SORRY = "(?:(?:不好意思|对不起|抱歉)[\\s,;、。]*)?"
_WRONG = "(?:(?:地址|地方|镇街?|村|位置|我|刚才|刚刚)*(?:写|说|填|搞|弄|打|选|发)错了?[\\s,;、。]*)"
_IS = "(?:而是|应该是|应该在|其实是|改成|改为|是|在|系|喺)"
_CORRECTION = re.compile(
    f"{_SORRY}{_WRONG}?(?:我们?|地址|家里?)?(?:"
    f"(?:不是|不在|唔系|唔喺)(?P<denied>{_NAME})[\\s,;、。]*{_IS}(?P<place>{_NAME})"
    f"|{_IS}(?P<first>{_NAME})[\\s,;、。]*(?:不是|不在|而不是|唔系)(?P<last>{_NAME})"
    f"){_END}"
)
_CORRECTED = re.compile(
    f"{_SORRY}(?:{_WRONG}(?:我们?|地址|家里?)?{_IS}?|(?:应该|其实)(?:是|在)|改成|改为)"
    f"(?P<place>{_NAME}){_END}"
)


class SpokenPlace(NamedTuple):
    """Codes; None for what is not said, or said twice."""

    town_code: str | None = None
    village_code: str | None = None


def read_corrected_place(text: str) -> SpokenPlace | None:
    """“不是虎门，是厚街”, “写错了，应该是厚街”: of simplified text that says nothing else."""
    if match := _CORRECTION.fullmatch(text):
        denied, name = match["denied"] or match["last"], match["place"] or match["first"]
        place = _read_name(name)
        return place if place and _read_name(denied) else None
    corrected = _CORRECTED.fullmatch(text)
    return _read_name(corrected["place"]) if corrected else None


def _read_name(name: str) -> SpokenPlace | None:
    """What is a place and nothing else."""
    remainder = Remainder(name)
    place = take_place(remainder)
    if place.town_code is None or remainder.rest.strip():
        return None
    return place


def find_short_place(text: str) -> SpokenPlace:
    """“我在石龙那边”, “增埗”, “说不清”: who is asked where means a place."""
    town_code = get_single({code for name, code in index_codes_by_name().items() if name in text})
    village_code = find_village(text, town_code or "")
    if village_code:
        return SpokenPlace(village_code[:TOWN_DIGITS], village_code)
    if town_code is None and any(word in text for word in SOMEWHERE_WORDS):
        return SpokenPlace(CITY_WIDE)
    return SpokenPlace(town_code)


def take_place(remainder: Remainder) -> SpokenPlace:
    """A village says its town where no other is called so; one that lies elsewhere than the town
    that is named says nothing."""
    written = _take_place_codes(remainder)
    towns_named = remainder.take_words(_TOWN_WORDS) | {code[:TOWN_DIGITS] for code in written}
    mentions = find_villages_in(remainder.rest)
    for name, _ in mentions:
        remainder.rest = remainder.rest.replace(name, " ")
    towns_named = towns_named or _take_short_towns(remainder)
    town_code = get_single(towns_named)
    codes = {code for _, codes in mentions for code in codes} | (written & load_villages().keys())
    codes = {code for code in codes if code.startswith(town_code or "")}
    village_code = get_single(codes) if len(towns_named) <= 1 else None
    if town_code is None and not towns_named:
        town_code = village_code[:TOWN_DIGITS] if village_code else _take_whole_city(remainder)
    return SpokenPlace(town_code, village_code)


def _take_place_codes(remainder: Remainder) -> set[str]:
    """Of towns and villages, as committees write them: 441900103, 441900103206."""
    places = load_towns().keys() | load_villages().keys()
    codes = {match.group() for match in _PLACE_CODE.finditer(remainder.rest)} & places
    for code in codes:
        remainder.rest = remainder.rest.replace(code, " ")
    return codes


def _take_short_towns(remainder: Remainder) -> set[str]:
    """茶山 is a town only when it stands alone, or as 在茶山: 中堂 and 长安 are other words too."""
    codes, tokens = index_codes_by_name(), remainder.tokens
    names = [_AROUND.sub("", token) for token in tokens]
    remainder.rest = " ".join(t for t, name in zip(tokens, names, strict=True) if name not in codes)
    return {codes[name] for name in names if name in codes}


def _take_whole_city(remainder: Remainder) -> str | None:
    """“全市” alone is a place too: whoever works for the whole city finds out where."""
    tokens = remainder.tokens
    remainder.rest = " ".join(token for token in tokens if token not in CITY_WORDS)
    return CITY_WIDE if CITY_WORDS.intersection(tokens) else None


def get_single(values: set[str]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None
