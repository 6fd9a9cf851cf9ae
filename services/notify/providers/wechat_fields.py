"""WeChat's limits on template fields: prose is shortened, facts never are.

A shortened sentence still says something; a shortened number or date says something else.
So `thing`, `phrase`, `name` and `symbol` are cut, and a fact that is too long is refused.
"""

import re
from collections.abc import Mapping

_KIND = re.compile(r"([a-z_]+?)\d*")
_HANZI = re.compile(r"[\u4e00-\u9fff]")
EMPTY = "无"

# Prose: the most characters that are kept.
CUT_AT: Mapping[str, int] = {"thing": 20, "symbol": 5, "phrase": 5}

# Facts: what the whole value has to look like.
SHAPES: Mapping[str, re.Pattern[str]] = {
    "number": re.compile(r"[0-9.,+-]{1,32}"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "character_string": re.compile(r"[\x21-\x7e]{1,32}"),
    "amount": re.compile(r"[^\d\s.]?(?=[0-9.]{1,11}元?$)[0-9]{1,10}(\.[0-9]+)?元?"),
    "phone_number": re.compile(r"[0-9+() -]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
}


def fit(field: str, value: str) -> str:
    """The value as WeChat will take it. Raises ValueError(code) for a fact that does not fit."""
    value = " ".join(value.split()) or EMPTY
    match = _KIND.fullmatch(field)
    kind = match[1] if match else field
    if kind in SHAPES and not SHAPES[kind].fullmatch(value):
        raise ValueError(f"field_does_not_fit.{field}")
    if kind == "phrase":
        value = "".join(_HANZI.findall(value)) or EMPTY
    return _cut(value, _length_max(kind, value))


def _length_max(kind: str, value: str) -> int | None:
    if kind == "name":
        return 20 if value.isascii() else 10
    return CUT_AT.get(kind)


def _cut(value: str, length_max: int | None) -> str:
    if length_max is None or len(value) <= length_max:
        return value
    # Five characters are a word, not a sentence: an ellipsis would take a fifth of it.
    if length_max <= 5:
        return value[:length_max].rstrip()
    return value[: length_max - 1].rstrip() + "…"
