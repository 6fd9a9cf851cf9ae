"""Hospitals' sheets of 2020: each row is a project of a city."""

import csv
from collections import Counter

import pytest

from services.intake.channels.spreadsheet import SheetRequest, read_requests
from services.intake.rules import find_problems
from shared.contracts.values import Channel, Need
from tests.intake.builders import RULES
from tests.intake.sheets import REAL, good, refused


def hospital(**changed: str) -> dict[str, str]:
    row = {
        "time": "2020-02-01T01:59:21+08:00",
        "commit": "a692b59dfc",
        "city_pinyin": "wuhanshi",
        "hospital": "某医院",
        "field": "需求:防护服",
        "old": "",
        "new": "1",
        "op": "set",
    }
    return row | changed


def test_a_hospitals_need_is_a_project_of_its_city() -> None:
    request = good(hospital(new="5000")).request
    assert request.kind == "project"
    assert request.need == Need(unit="件", quantity=5000, item="防护服")
    assert request.area.town_code == "420100000"
    assert request.applicant.name == "某医院"
    assert find_problems(RULES, request) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"new": "0"},
        {"new": ""},
        {"new": "None"},
        {"new": "<tel>"},
        {"op": "remove", "new": ""},
        {"field": "审核状态", "new": "通过"},
        {"city_pinyin": "atlantis"},
    ],
)
def test_a_hospitals_row_that_is_no_need_says_so(changed: dict[str, str]) -> None:
    assert refused(hospital(**changed)).problems


def test_the_real_hospital_file_is_read_to_the_last_row() -> None:
    if not REAL.exists():
        pytest.skip(f"the real data is not here: {REAL}")
    found = list(read_requests(REAL.read_bytes(), Channel.SPREADSHEET))
    with REAL.open(encoding="utf-8", newline="") as file:
        raw = list(csv.DictReader(file))
    needed = [
        r
        for r in raw
        if r["field"].startswith("需求:") and r["new"].isdigit() and int(r["new"]) >= 1
    ]
    assert len(found) == len(raw)
    kinds = Counter(type(row).__name__ for row in found)
    assert kinds["SheetRequest"] == len(needed)
    assert all(
        find_problems(RULES, row.request) == () for row in found if isinstance(row, SheetRequest)
    )
