"""The envelope: others can read what we write, and what others write wrongly is told."""

import json
from datetime import datetime
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.envelope import (
    Fact,
    build_cloud_event,
    build_foreign_event,
    format_event_id,
    parse_envelope,
    parse_event,
)
from shared.contracts.events import FACTS, DonationReceived, MatchProposed, RequestSubmitted
from shared.contracts.topics import BY_NAME
from shared.errors import Invalid
from tests.contracts.facts import MOMENTS, facts
from tests.support.examples import count_examples

IDS = st.from_regex(r"[A-Z]-[a-z0-9]{1,20}", fullmatch=True)
SOURCES = st.sampled_from(["/intake", "/channels/village", "/bank/demo"])
SEQUENCES = st.integers(1, 10**15)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECRET = "陈秀英 13800138000"


def encode_event(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


@st.composite
def own_events(draw: st.DrawFn) -> tuple[dict[str, Any], Fact]:
    fact = draw(facts())
    event = build_cloud_event(
        source=draw(SOURCES),
        subject=draw(IDS),
        sequence=draw(SEQUENCES),
        time=draw(MOMENTS),
        data=fact,
        correlation_id=draw(IDS),
        causation_id=draw(st.just("") | IDS),
        traceparent=draw(st.sampled_from(["", TRACE])),
    )
    return event, fact


@st.composite
def foreign_events(draw: st.DrawFn) -> tuple[dict[str, Any], Fact]:
    fact = draw(facts())
    event = build_foreign_event(
        source=draw(SOURCES),
        message_id=draw(IDS),
        time=draw(MOMENTS),
        data=fact,
        traceparent=draw(st.sampled_from(["", TRACE])),
    )
    return event, fact


@settings(max_examples=count_examples(33, 100), deadline=None)
@given(made=own_events() | foreign_events())
def test_the_cloudevents_package_reads_what_we_write(made: tuple[dict[str, Any], Fact]) -> None:
    event, fact = made
    read = JSONFormat().read(CloudEvent, encode_event(event))
    assert read.get_specversion() == "1.0"
    assert (read.get_id(), read.get_source()) == (event["id"], event["source"])
    assert read.get_type() == fact.TYPE
    assert read.get_dataschema() == f"urn:guanjia:schema:{fact.TYPE}"
    assert read.get_datacontenttype() == "application/json"
    assert read.get_data() == fact.model_dump(mode="json", exclude_none=True)


@settings(max_examples=count_examples(16, 50), deadline=None)
@given(made=own_events())
def test_we_read_what_the_cloudevents_package_writes(made: tuple[dict[str, Any], Fact]) -> None:
    event, fact = made
    theirs = JSONFormat().write(JSONFormat().read(CloudEvent, encode_event(event)))
    assert parse_event(parse_envelope(theirs), type(fact)).data == fact


@settings(max_examples=count_examples(33, 100), deadline=None)
@given(made=own_events())
def test_own_event_comes_back_as_it_was(made: tuple[dict[str, Any], Fact]) -> None:
    event, fact = made
    read = parse_event(parse_envelope(encode_event(event)), type(fact))
    assert read.data == fact
    assert read.id == format_event_id(event["source"], event["subject"], int(event["sequence"]))
    assert (read.source, read.subject) == (event["source"], event["subject"])
    assert str(read.sequence) == event["sequence"]
    assert read.correlation_id == event["correlationid"]
    assert read.causation_id == event.get("causationid", "")
    assert read.time == datetime.fromisoformat(event["time"])


@settings(max_examples=count_examples(16, 50), deadline=None)
@given(made=foreign_events())
def test_foreign_event_has_no_place_in_a_sequence_and_is_its_own_correlation(
    made: tuple[dict[str, Any], Fact],
) -> None:
    event, fact = made
    read = parse_event(parse_envelope(encode_event(event)), type(fact))
    assert (read.data, read.sequence, read.correlation_id) == (fact, 0, event["id"])


# --- what is wrong ----------------------------------------------------------------------------

ENVELOPE = {
    "specversion": "1.0",
    "id": "1",
    "source": "/channels/village",
    "type": RequestSubmitted.TYPE,
    "time": "2026-01-15T08:00:00+08:00",
    "data": {
        "kind": "wish",
        "category": "meals",
        "beneficiary_class": "elderly_alone",
        "channel": "station",
        "need": {"unit": "份", "quantity": 30, "item": "午餐"},
        "area": {"town_code": "441900003"},
        "applicant": {"name": "陈秀英", "phone": "+8613800138000"},
    },
}


def problems_of(envelope: Any, fact: type[Fact] = RequestSubmitted) -> dict[str, str]:
    """Field to code."""
    with pytest.raises(Invalid) as refused:
        parse_event(parse_envelope(json.dumps(envelope).encode()), fact)
    return {problem.field: problem.code for problem in refused.value.problems}


def test_the_example_is_right() -> None:
    read = parse_event(parse_envelope(json.dumps(ENVELOPE).encode()), RequestSubmitted)
    assert read.data.applicant.phone == "+8613800138000"


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("source", ""),
        ("type", ""),
        ("time", "yesterday"),
        ("time", "2026-01-15T08:00:00"),
        ("time", "9999-12-31T23:59:59-12:00"),
        ("sequence", "0"),
        ("sequence", "01"),
        ("sequence", "١"),
        ("data", "text"),
    ],
)
def test_wrong_attribute_is_named(attribute: str, value: str) -> None:
    assert set(problems_of(ENVELOPE | {attribute: value})) == {attribute}


@pytest.mark.parametrize("attribute", ["specversion", "id", "source", "type", "time", "data"])
def test_missing_attribute_is_named(attribute: str) -> None:
    without = {k: v for k, v in ENVELOPE.items() if k != attribute}
    assert problems_of(without) == {attribute: "missing"}


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"null", b"[]", b'{"specversion":', b'{"id":"\\ud800"}', b"1" * 9999]
)
def test_what_is_no_envelope_at_all_is_invalid(value: bytes) -> None:
    with pytest.raises(Invalid):
        parse_envelope(value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("kind", "dream"),
        ("need.quantity", 0),
        ("need.quantity", "many"),
        ("area.town_code", "44190000"),
        ("area.town_code", "٤٤١٩٠٠٠٠٣"),
        ("applicant.name", ""),
        ("applicant.phone", "1380013800"),
        ("text", "x" * 40_001),
        ("telephone", "1"),
    ],
)
def test_wrong_data_is_named_by_its_path(path: str, value: Any) -> None:
    assert set(problems_of(changed(path, value))) == {f"data.{path}"}


def changed(path: str, value: Any) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads(json.dumps(ENVELOPE))
    *outer, last = path.split(".")
    place = envelope["data"]
    for name in outer:
        place = place[name]
    place[last] = value
    return envelope


def _places(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [path]
    inner = [place for name, one in value.items() for place in _places(one, (*path, name))]
    return [*inner, path, (*path, SECRET)]


def _put(value: Any, path: tuple[str, ...], new: Any) -> Any:
    if not path:
        return new
    return value | {path[0]: _put(value.get(path[0]), path[1:], new)}


WRONG = st.sampled_from([SECRET, [SECRET], {SECRET: SECRET}, {"name": SECRET}, [[SECRET]]])


@settings(max_examples=count_examples(66, 200), deadline=None)
@given(place=st.sampled_from(_places(ENVELOPE)), wrong=WRONG)
def test_no_error_says_what_was_sent(place: tuple[str, ...], wrong: Any) -> None:
    """Names and numbers of people come in here; errors go to logs, answers and dead letters."""
    refused = _refused(json.dumps(_put(ENVELOPE, place, wrong)).encode())
    if refused is not None:
        told = repr([problem.as_dict() for problem in refused.problems]) + str(refused)
        assert "13800138000" not in told
        assert "陈秀英" not in told
        assert refused.__suppress_context__


def _refused(value: bytes) -> Invalid | None:
    try:
        parse_event(parse_envelope(value), RequestSubmitted)
    except Invalid as refused:
        return refused
    return None


@pytest.mark.parametrize("received_at", ["2026-01-15T08:00:00", "9999-12-31T23:59:59-12:00"])
def test_time_without_zone_or_out_of_every_calendar_is_invalid(received_at: str) -> None:
    gift = {"donor_id": "P-1", "fund_id": "F", "amount_fen": 1, "bank_reference": "B"}
    envelope = ENVELOPE | {"data": gift | {"received_at": received_at}}
    assert set(problems_of(envelope, DonationReceived)) == {"data.received_at"}


# --- a newer release beside an older one ------------------------------------------------------

MATCH: dict[str, Any] = {
    "request_id": "R-1",
    "offer_id": "O-1",
    "person_id": "P-1",
    "donor_id": "P-2",
    "unit": "fen",
    "quantity": 1,
    "expires_at": "2026-01-15T08:00:00Z",
}


def test_own_event_of_a_newer_release_is_read_without_what_is_new() -> None:
    envelope = ENVELOPE | {"type": MatchProposed.TYPE, "data": MATCH | {"colour": "red"}}
    read = parse_event(parse_envelope(json.dumps(envelope).encode()), MatchProposed)
    assert read.data == MatchProposed.model_validate(MATCH)


@pytest.mark.parametrize("currency", ["HKD", "美元", "USD", "", "840"])
def test_amounts_in_another_money_are_refused_where_a_bridge_says_so(currency: str) -> None:
    """Beside `data`, where nothing else of ours stands."""
    gift = {"donor_id": "P-1", "fund_id": "F", "amount_fen": 1, "bank_reference": "B"}
    envelope = ENVELOPE | {"data": gift | {"received_at": "2026-01-05T00:00:00+08:00"}}
    assert problems_of(envelope | {"currency": currency}, DonationReceived) == {
        "currency": "currency_foreign"
    }
    for yuan in ({}, {"currency": "CNY"}, {"currency": None}):
        parse_event(parse_envelope(encode_event(envelope | yuan)), DonationReceived)


def test_unknown_field_from_outside_is_told() -> None:
    assert problems_of(changed("need.colour", "red")) == {"data.need.colour": "extra_forbidden"}


def test_only_inbound_facts_can_hold_a_name_a_number_or_free_text() -> None:
    personal = {"name", "phone", "wechat_openid", "text", "applicant", "address"}
    for fact in FACTS:
        if not BY_NAME[fact.TOPIC].inbound:
            assert not personal & _names(fact.model_json_schema()), fact.TYPE


def _names(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for one in schema for name in _names(one)}
    if not isinstance(schema, dict):
        return set()
    inside = {name for one in schema.values() for name in _names(one)}
    return set(schema.get("properties", {})) | inside
