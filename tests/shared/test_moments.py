"""Dates and times as people write them; a bare number is none."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from shared.contracts.events import DonationReceived, OfferSubmitted
from shared.contracts.frozen import Frozen
from shared.contracts.values import CHINA, Moment
from shared.errors import Invalid
from shared.moments import _list_timed_fields, cut_moments, parse_end, parse_moment

DAY = datetime(2027, 12, 1, tzinfo=CHINA)


@pytest.mark.parametrize(
    "text",
    ["2027-12-01", "2027/12/1", "2027.12.1", "2027年12月1日", "２０２７-12-01", " 2027-12-1 "],
)
def test_a_date_is_its_midnight_in_china_and_ends_with_the_day(text: str) -> None:
    assert parse_moment(text) == DAY
    assert parse_end(text) == DAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-12-01 08:30", DAY.replace(hour=8, minute=30)),
        ("2027/12/1 8:30", DAY.replace(hour=8, minute=30)),
        ("2027-12-01 08:30:12", DAY.replace(hour=8, minute=30, second=12)),
        ("2027年12月1日 8时30分", DAY.replace(hour=8, minute=30)),
        ("2027-12-01T08:30:12.5", DAY.replace(hour=8, minute=30, second=12, microsecond=500_000)),
        ("2027-12-01T00:30:12Z", datetime(2027, 12, 1, 0, 30, 12, tzinfo=UTC)),
        ("2027-12-01T08:30:00+08:00", DAY.replace(hour=8, minute=30)),
        ("2027-12-01 0:00", DAY),
        ("20271201 08:30:12", DAY.replace(hour=8, minute=30, second=12)),
        ("2027/12/1 下午 2:30", DAY.replace(hour=14, minute=30)),
        ("2027年12月1日上午8时30分", DAY.replace(hour=8, minute=30)),
        ("2027-12-01 12:05 AM", DAY.replace(minute=5)),
        ("2027-12-01 12:05:00 pm", DAY.replace(hour=12, minute=5)),
    ],
)
def test_a_time_is_read_with_and_without_seconds(text: str, moment: datetime) -> None:
    assert parse_moment(text) == parse_end(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        *("20271201", "46722", "46722.354", "1796083200", "2027", "0", "-1", ""),
        *("2027-02-30", "2027-13-01", "2027-12-01 25:00", "1/12/2027", "昨天", "2027-12"),
        *("2027-W48-3", "20271201T083000", "0001-01-01", "9999-12-31", "12月1日"),
        *("27-12-01", "民国116年12月1日", "116/12/1", "2027年正月初一", "2027-12-01 上午12:30"),
        *("2027-12-01 13:30 PM", "20271201083012", "2027-12-01 下午14:30"),
    ],
)
def test_what_is_no_moment_says_how_to_write_one(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_moment(text, "valid_from")
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == ("moment_wrong", "valid_from")
    assert "2027-12-01" in problem.zh


@pytest.mark.parametrize("value", [20271201, 46722.5, "20271201", "1796083200", " 46722 ", True])
def test_a_moment_of_the_contracts_is_no_bare_number(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(value)


@pytest.mark.parametrize("number", ["20271201", '"20271201"', "46722", "1.5e9"])
def test_json_of_partners_needs_a_date(number: str) -> None:
    offer = f'{{"donor_id": "P-1", "unit": "fen", "quantity": 1, "valid_from": {number}}}'
    gift = (
        '{"donor_id": "P-1", "fund_id": "warm", "amount_fen": 1, "bank_reference": "B-1",'
        f' "received_at": {number}}}'
    )
    for fact, text in ((OfferSubmitted, offer), (DonationReceived, gift)):
        with pytest.raises(ValidationError):
            fact.model_validate_json(text)
        assert fact.model_validate_json(text.replace(number, '"2027-12-01T00:00:00+08:00"'))


@given(st.datetimes(datetime(1901, 1, 1), datetime(8998, 1, 1)))  # noqa: DTZ001 - zone follows
def test_what_programs_write_is_read_back(moment: datetime) -> None:
    for zone in (UTC, CHINA):
        known = moment.replace(tzinfo=zone)
        assert parse_moment(known.isoformat()) == known
        assert TypeAdapter(Moment).validate_python(known.isoformat()) == known


@given(st.text())
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    try:
        assert parse_moment(text).tzinfo
    except Invalid:
        return


class Visit(Frozen):
    at: Moment | None = None
    note: str = ""


class Diary(Frozen):
    owner: str = ""
    opened_at: datetime = DAY
    first: Visit = Visit()
    visits: tuple[Visit, ...] = ()
    by_day: Mapping[str, tuple[str, datetime]] = {}
    details: Mapping[str, object] = {}
    seen_at: Moment = DAY


EXACT = datetime(2027, 12, 1, 8, 0, 0, 123_456, CHINA)
CUT = datetime(2027, 12, 1, 0, 0, 0, 123_000, UTC)


def test_moments_are_cut_wherever_they_are() -> None:
    diary = Diary(
        opened_at=EXACT,
        first=Visit(at=EXACT),
        visits=(Visit(), Visit(at=EXACT, note="n")),
        by_day={"a": ("x", EXACT)},
        details={"seen": [EXACT, 1]},
        seen_at=EXACT,
    )
    cut = cut_moments(diary)
    assert cut == Diary(
        opened_at=CUT,
        first=Visit(at=CUT),
        visits=(Visit(), Visit(at=CUT, note="n")),
        by_day={"a": ("x", CUT)},
        details={"seen": [CUT, 1]},
        seen_at=CUT,
    )
    assert cut.opened_at.tzinfo is UTC
    assert cut.visits[0] is diary.visits[0]
    assert cut_moments(cut) is cut


def test_only_the_fields_named_are_cut() -> None:
    diary = Diary(opened_at=EXACT, first=Visit(at=EXACT))
    assert cut_moments(diary, ["owner", "first"]).opened_at is EXACT
    assert cut_moments(diary, ["owner", "first"]).first == Visit(at=CUT)


class Tree(Frozen):
    name: str = ""
    size: Annotated[int, Field(ge=0)] = 0
    kind: Literal["a", "b"] | None = None
    names: tuple[str, ...] = ()
    branches: "tuple[Tree, ...]" = ()


def test_what_has_no_moments_is_not_looked_through() -> None:
    assert _list_timed_fields(Tree) == frozenset()
