"""Tencent's callbacks as their documentation prints them, and as nobody should send them."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.tencent_sms import parse_reply, parse_tencent_receipts
from shared.errors import Invalid

RECEIPT = {
    "user_receive_time": "2015-10-17 08:03:04",
    "nationcode": "86",
    "mobile": "13800138000",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "用户短信送达成功",
    "sid": "2019:538884190132148",
}
REPLY = {
    "extend": "01",
    "mobile": "13800138000",
    "nationcode": "86",
    "sign": "",
    "text": "路灯坏了",
    "time": 1457336869,
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*RECEIPT, *REPLY]), inner, max_size=8)
    ),
)


def body(content: Any) -> bytes:
    return json.dumps(content).encode()


def test_receipt_in_china_time_is_read_in_utc() -> None:
    (receipt,) = parse_tencent_receipts(body([RECEIPT])).readable
    assert receipt.provider_message_id == "2019:538884190132148"
    assert (receipt.outcome, receipt.code) == ("delivered", "DELIVRD")
    assert receipt.at == datetime(2015, 10, 17, 0, 3, 4, tzinfo=UTC)
    assert "13800138000" not in repr(receipt)


def test_failed_receipt_keeps_the_carriers_code() -> None:
    failed = RECEIPT | {"report_status": "FAIL", "errmsg": "MK:1008", "user_receive_time": ""}
    (receipt,) = parse_tencent_receipts(body([failed])).readable
    assert (receipt.outcome, receipt.code, receipt.at) == ("failed", "MK:1008", None)


@pytest.mark.parametrize(
    "beside",
    [
        {"user_receive_time": "0000-00-00 00:00:00"},
        {"user_receive_time": "1445040184"},
        {"user_receive_time": True},
        {"user_receive_time": []},
        {"errmsg": {"code": 1}},
        {"nationcode": 86.0},
        {"mobile": None},
    ],
    ids=str,
)
def test_nothing_beside_its_id_and_status_costs_a_receipt(beside: dict[str, Any]) -> None:
    """Without it somebody would be called after three days to hear what he has read."""
    receipts = parse_tencent_receipts(body([RECEIPT | beside]))
    assert not receipts.problems
    (receipt,) = receipts.readable
    assert (receipt.provider_message_id, receipt.outcome) == (RECEIPT["sid"], "delivered")
    assert receipt.at is None or "user_receive_time" not in beside


def test_one_bad_receipt_does_not_hold_back_the_others() -> None:
    receipts = parse_tencent_receipts(body([RECEIPT, {**RECEIPT, "sid": None}, "?", RECEIPT]))
    assert len(receipts.readable) == 2
    assert [problem.field for problem in receipts.problems] == ["1.sid", "2"]


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff", b"[" * 100_000, b"null"])
def test_what_is_no_array_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        parse_tencent_receipts(content)


def test_more_than_a_hundred_receipts_are_refused() -> None:
    assert len(parse_tencent_receipts(body([RECEIPT] * 100)).readable) == 100
    with pytest.raises(Invalid):
        parse_tencent_receipts(body([RECEIPT] * 101))


def test_reply_is_read_with_its_number_in_e164() -> None:
    reply = parse_reply(body(REPLY))
    assert (reply.phone, reply.text, reply.extend) == ("+8613800138000", "路灯坏了", "01")
    assert reply.at == datetime(2016, 3, 7, 7, 47, 49, tzinfo=UTC)
    assert "13800138000" not in repr(reply)
    assert "路灯坏了" not in repr(reply)


@pytest.mark.parametrize(
    "changes",
    [
        {"mobile": "+8613800138000"},
        {"mobile": "8613800138000"},
        {"mobile": "008613800138000"},
        {"nationcode": "+86"},
        {"nationcode": ""},
        {"nationcode": 86},
    ],
)
def test_number_is_the_same_however_the_country_is_written(changes: dict[str, Any]) -> None:
    assert parse_reply(body(REPLY | changes)).phone == "+8613800138000"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mobile": "138-0013"}, "mobile"),
        ({"mobile": ""}, "mobile"),
        ({"mobile": None}, "mobile"),
    ],
)
def test_reply_that_cannot_be_read_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_reply(body(REPLY | changes))
    assert refused.value.problems[0].field == field


@pytest.mark.parametrize(
    ("nation", "mobile", "phone"),
    [
        ("852", "91234567", "+85291234567"),
        ("86", "85291234567", "+85291234567"),
        ("853", "66123456", "+85366123456"),
        ("1", "4155552671", "+14155552671"),
        ("86", "0085291234567", "+85291234567"),
        ("86", "10000000010", "+8610000000010"),
        ("86", "8610000000010", "+8610000000010"),
    ],
)
def test_who_writes_from_elsewhere_is_heard(nation: str, mobile: str, phone: str) -> None:
    reply = parse_reply(body(REPLY | {"nationcode": nation, "mobile": mobile}))
    assert (reply.phone, reply.is_phone) == (phone, True)


def test_what_writes_and_is_no_phone_is_heard_too() -> None:
    reply = parse_reply(body(REPLY | {"mobile": "10086"}))
    assert (reply.phone, reply.is_phone) == ("10086", False)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"text": "a\x00b"}, "ab"),
        ({"text": "路\ud800灯"}, "路灯"),
        ({"text": None}, ""),
        ({"time": "soon"}, "路灯坏了"),
        ({"time": 10**30}, "路灯坏了"),
        ({"extend": None}, "路灯坏了"),
    ],
)
def test_nothing_beside_the_words_costs_the_words(changes: dict[str, Any], text: str) -> None:
    assert parse_reply(body(REPLY | changes)).text == text


def refused_or_read(content: bytes) -> None:
    for parse in (parse_tencent_receipts, parse_reply):
        with contextlib.suppress(Invalid):
            parse(content)


@given(anything | st.lists(anything))
def test_nothing_but_invalid_is_ever_raised(content: Any) -> None:
    refused_or_read(body(content))


@given(st.binary())
def test_bytes_that_are_no_json_raise_nothing_else(content: bytes) -> None:
    refused_or_read(content)
