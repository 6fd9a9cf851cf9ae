"""What partners write in JSON as people write it: phones, towns, villages, soap by the piece."""

import pytest
from pydantic import ValidationError

from services.intake.rules import find_problems
from shared.contracts.events import RequestSubmitted
from shared.validation import describe_validation
from tests.intake.builders import RULES, make_submission

SENT = make_submission().model_dump(mode="json")


@pytest.mark.parametrize(
    ("area", "codes"),
    [
        ({"town_code": "茶山镇"}, ("441900103", None)),
        ({"town_code": "茶山"}, ("441900103", None)),
        ({"town_code": "东莞市茶山镇"}, ("441900103", None)),
        ({"town_code": " 441900103 "}, ("441900103", None)),
        ({"town_code": "茶山镇", "village_code": "增埗村"}, ("441900103", "441900103206")),
        ({"town_code": "441900103", "village_code": "增埗"}, ("441900103", "441900103206")),
        ({"town_code": "441900103", "village_code": None}, ("441900103", None)),
    ],
)
def test_a_place_may_be_named(area: dict[str, object], codes: tuple[str, str | None]) -> None:
    read = RequestSubmitted.model_validate(SENT | {"area": area})
    assert (read.area.town_code, read.area.village_code) == codes
    assert read == RequestSubmitted.model_validate(
        SENT | {"area": dict(zip(("town_code", "village_code"), codes, strict=True))}
    ), "the same message, however its place is written"


@pytest.mark.parametrize(
    ("area", "field"),
    [
        ({"town_code": "广州市"}, "area.town_code"),
        ({"town_code": "441900"}, "area.town_code"),
        ({"town_code": 441900103}, "area.town_code"),
        ({"town_code": "441900103", "village_code": "无此村"}, "area.village_code"),
        ({"town_code": "441900103", "village_code": ""}, "area.village_code"),
        ({"town_code": ["茶山镇"]}, "area.town_code"),
        ({}, "area.town_code"),
    ],
)
def test_no_place_is_guessed(area: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RequestSubmitted.model_validate(SENT | {"area": area})
    assert [problem.field for problem in describe_validation(refused.value)] == [field]


@pytest.mark.parametrize(
    ("phone", "code"),
    [("0769-22830000", "phone_fixed"), ("138****8000", "phone_masked"), ("138", "phone_wrong")],
)
def test_a_phone_that_is_none_says_why(phone: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RequestSubmitted.model_validate(SENT | {"applicant": {"name": "张三", "phone": phone}})
    (problem,) = describe_validation(refused.value)
    assert (problem.code, problem.field) == (code, "applicant.phone")


def test_soap_is_counted_in_pieces_and_money_is_not() -> None:
    soap = make_submission(need={"unit": "块", "quantity": 2, "item": "香皂"})
    assert not find_problems(RULES, soap)
    money = make_submission(need={"unit": "块", "quantity": 200})
    assert [problem.code for problem in find_problems(RULES, money)] == ["unit_not_fen"]
