"""What JSON and pydantic let pass that means something else is refused at every edge."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.model import RegisterParty
from shared.contracts.events import Applicant, GoodsReceived, OfferSubmitted, RequestSubmitted
from shared.contracts.values import Need
from shared.errors import Invalid
from shared.strictness import read_json
from tests.intake.builders import make_submission

OFFER: dict[str, Any] = {"donor_id": "P-1", "unit": "床", "quantity": 5, "item": "棉被"}
GOODS: dict[str, Any] = {
    "donor_id": "P-1",
    "fund_id": "warm",
    "item": "棉被",
    "unit": "床",
    "quantity": 5,
    "received_at": "2026-01-05T08:00:00+08:00",
    "reference": "B-1",
}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"a": 1, "a": 2}', "json_name_repeated"),
        (b'{"data": [{"a": 1, "a": 1}]}', "json_name_repeated"),
        (b'{"a":1,"a":1}', "json_name_repeated"),
        (b'{"a":{"b":[{"c":1,"c":2}]}}', "json_name_repeated"),
        (b'{"a":1,"\\u0061":1}', "json_name_repeated"),
        (b'{"a": NaN}', "json_number_wrong"),
        (b'{"a":NaN}', "json_number_wrong"),
        (b'{"a": -Infinity}', "json_number_wrong"),
        (b"{", "json_invalid"),
        (b"\xff", "json_invalid"),
        (b"[" * 100_000, "json_invalid"),
    ],
)
def test_what_is_no_plain_json_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_json(content)
    assert refused.value.problems[0].code == code


def test_plain_json_is_read() -> None:
    assert read_json('{"a": [1, {"b": null}], "b": "NaN"}') == {"a": [1, {"b": None}], "b": "NaN"}


@pytest.mark.parametrize(
    "content",
    [
        '{"a":[1.5,-0.0,1e3,1.0],"b":{"c":"棉被\\n"}}',
        '{"a":18446744073709551616,"b":-9223372036854775809}',
        '{"a":"\\ud800"}',
        '{"a":"\\u68c9"}',
        '{"a":1e400,"b":0.1000000000000000055}',
        "17",
    ],
)
def test_however_it_is_spelled_it_says_what_it_says(content: str) -> None:
    assert read_json(content) == read_json(content.encode("utf-8")) == json.loads(content)
    assert repr(read_json(content)) == repr(json.loads(content))


@pytest.mark.parametrize("field", ["quantity", "radius_km", "cases_max", "cap_per_request"])
@pytest.mark.parametrize("value", [True, False, "7", 7.0])
def test_a_number_is_written_as_one(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        OfferSubmitted.model_validate(OFFER | {field: value})
    assert [error["type"] for error in refused.value.errors()] == ["int_type"]
    assert OfferSubmitted.model_validate(OFFER | {field: 7, "name_shown": True}).name_shown


def test_a_number_is_written_as_one_in_a_need_too() -> None:
    for number in ("true", '"100"', "1e2"):
        content = f'{{"unit": "fen", "quantity": {number}}}'
        with pytest.raises(ValidationError):
            Need.model_validate_json(content)


@pytest.mark.parametrize(
    ("written", "folded"),
    [("棉被 ", "棉被"), ("棉被\u3000", "棉被"), ("\u200b棉被", "棉被"), ("Ａ4纸", "A4纸")],
)
def test_items_and_units_are_folded_at_every_edge(written: str, folded: str) -> None:
    need = Need(unit=f"{written} ", quantity=1, item=written)
    assert (need.unit, need.item) == (folded, folded)
    for fact in (
        OfferSubmitted.model_validate(OFFER | {"item": written, "unit": written}),
        GoodsReceived.model_validate(GOODS | {"item": written, "unit": written}),
    ):
        assert (fact.unit, fact.item) == (folded, folded)


@pytest.mark.parametrize("blank", ["\u200b", " \u3000", "\u2060\ufeff", "\u202d\u202c"])
def test_what_is_empty_once_folded_is_refused(blank: str) -> None:
    with pytest.raises(ValidationError):
        Applicant(name=blank)
    with pytest.raises(ValidationError):
        RegisterParty(name=blank)
    with pytest.raises(ValidationError):
        Need(unit=blank, quantity=1, item="棉被")
    with pytest.raises(ValidationError):
        OfferSubmitted.model_validate(OFFER | {"unit": blank})
    with pytest.raises(ValidationError):
        GoodsReceived.model_validate(GOODS | {"item": blank})


def test_a_name_is_the_same_with_and_without_marks() -> None:
    plain = make_submission(applicant={"name": "张三", "phone": "+8613800138000"})
    marked = plain.model_dump(mode="json", exclude_none=True)
    marked["applicant"]["name"] = " 张三\u200b"
    assert RequestSubmitted.model_validate(marked) == plain
