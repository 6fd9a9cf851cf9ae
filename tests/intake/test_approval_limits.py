"""Who approves what, by kind, category, place and amount, from a file that an office edits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.approvals.limits import read_approvals
from services.intake.rules import find_approval_level, find_wait_reasons
from services.intake.settings import IntakeSettings
from shared.contracts.values import Area, Category, Kind, Need
from shared.errors import Invalid
from tests.intake.builders import CHASHAN, RULES, SHIJIE

VILLAGE = f"{CHASHAN}001"
HEAD = "类型,诉求类别,镇街,计量,直接公开,村级,镇级,市级\n"
TABLE = f"""{HEAD}微心愿,医疗救助,茶山镇,元,0,1000,5万,50万
微实事,,{VILLAGE},元,0,5000,2万,50万
微心愿,医疗救助、助学,全市,元,300,3000,3万,50万
全部,配餐,,件,20,200,2000,20000
"""
RULED = replace(RULES, approvals=read_approvals(TABLE.encode()))


def find(kind: Kind, category: Category, yuan: int, area: Area) -> Any:
    need = Need(unit="fen", quantity=yuan * 100)
    return find_approval_level(RULED, kind, category, need, area)


@pytest.mark.parametrize(
    ("category", "yuan", "place", "level"),
    [
        ("medical", 100, CHASHAN, "village"),
        ("medical", 1_000, CHASHAN, "village"),
        ("medical", 1_001, CHASHAN, "town"),
        ("medical", 50_001, CHASHAN, "city"),
        ("medical", 300, SHIJIE, None),
        ("education", 3_001, CHASHAN, "town"),
        ("supplies", 500, CHASHAN, None),
        ("supplies", 2_001, CHASHAN, "town"),
    ],
)
def test_the_first_row_that_fits_counts_and_else_the_settings(
    category: str, yuan: int, place: str, level: str | None
) -> None:
    assert find(Kind.WISH, Category(category), yuan, Area(town_code=place)) == level


def test_a_village_has_a_row_of_its_own_and_things_are_counted_apart() -> None:
    there = Area(town_code=CHASHAN, village_code=VILLAGE)
    beside = Area(town_code=CHASHAN, village_code=f"{CHASHAN}002")
    works = Kind.PROJECT, Category.PUBLIC_WORKS
    assert [find(*works, 4_000, area) for area in (there, beside)] == ["village", "town"]
    meals = Need(unit="份", quantity=200, item="午餐")
    assert find_approval_level(RULED, Kind.WISH, Category.MEALS, meals, there) == "village"


def test_above_what_the_table_lets_the_city_approve_the_joint_meeting_decides() -> None:
    need = Need(unit="fen", quantity=500_001_00)
    scope = (Kind.WISH, Category.MEDICAL, need, Area(town_code=SHIJIE))
    assert "meeting_due" in find_wait_reasons(RULED, *scope)
    assert "meeting_due" not in find_wait_reasons(RULES, *scope)


WRONG = {
    "limits_word_unknown": "微心愿,看病,,元,0,1,2,3",
    "limits_place_unknown": "微心愿,,茶山市,元,0,1,2,3",
    "limits_unit_wrong": "微心愿,,,美元,0,1,2,3",
    "limits_order_wrong": "微心愿,,,元,0,3,2,4",
}


@pytest.mark.parametrize("code", WRONG)
def test_a_wrong_row_is_named_with_its_line_and_no_service_starts_with_it(
    code: str, tmp_path: Path
) -> None:
    with pytest.raises(Invalid) as refused:
        read_approvals(f"{TABLE}{WRONG[code]}\n".encode())
    [problem] = refused.value.problems
    assert problem.code == "limits_row_wrong"
    assert problem.zh.startswith("第6行：")
    file = tmp_path / "approvals.csv"
    file.write_text(f"{HEAD}{WRONG[code]}\n", encoding="utf-8")
    with pytest.raises(ValidationError):
        IntakeSettings(approvals_file=file)
