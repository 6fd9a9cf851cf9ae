"""Aliyun's callbacks as their documentation prints them, and as nobody should send them."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.aliyun_sms import parse_aliyun_receipts, parse_replies
from shared.errors import Invalid

RECEIPT = {
    "phone_number": "13800138000",
    "send_time": "2017-08-30 00:00:00",
    "report_time": "2017-08-30 08:00:00",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "932702304080415357^0",
    "out_id": "N-1",
}
REPLY = {
    "phone_number": "13800138000",
    "content": "没收到",
    "send_time": "2017-09-01 11:00:00",
    "dest_code": "300",
    "sequence_id": 1234567890,
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*RECEIPT, *REPLY]), inner, max_size=8)
    ),
)


def body(*content: Any) -> bytes:
    return json.dumps(content).encode()


def test_receipt_names_our_notice_and_its_time_is_chinas() -> None:
    (receipt,) = parse_aliyun_receipts(body(RECEIPT)).readable
    assert (receipt.provider_message_id, receipt.notice_id) == ("932702304080415357.0", "N-1")
    assert (receipt.outcome, receipt.code) == ("delivered", "DELIVERED")
    assert receipt.at == datetime(2017, 8, 30, 0, 0, tzinfo=UTC)
    assert receipt.phone == "+8613800138000"
    assert "13800138000" not in repr(receipt)


@pytest.mark.parametrize("success", [False, "false"])
def test_failed_receipt_keeps_the_carriers_code(success: Any) -> None:
    failed = RECEIPT | {"success": success, "err_code": "MK:0001", "report_time": ""}
    (receipt,) = parse_aliyun_receipts(body(failed)).readable
    assert (receipt.outcome, receipt.code, receipt.at) == ("failed", "MK:0001", None)


@pytest.mark.parametrize(
    "beside",
    [
        {"report_time": "2017-08-30T08:00:00"},
        {"report_time": "0"},
        {"report_time": 1.5},
        {"report_time": {}},
        {"err_code": ["DELIVERED"]},
        {"out_id": {}},
    ],
    ids=str,
)
def test_nothing_beside_its_id_and_status_costs_a_receipt(beside: dict[str, Any]) -> None:
    receipts = parse_aliyun_receipts(body(RECEIPT | beside))
    assert not receipts.problems
    (receipt,) = receipts.readable
    assert (receipt.provider_message_id, receipt.outcome) == ("932702304080415357.0", "delivered")
    assert receipt.at is None or "report_time" not in beside


def test_one_bad_receipt_does_not_hold_back_the_others() -> None:
    receipts = parse_aliyun_receipts(body(RECEIPT, RECEIPT | {"success": "yes"}, "?", RECEIPT))
    assert len(receipts.readable) == 2
    assert [problem.field for problem in receipts.problems] == ["1.success", "2"]


@pytest.mark.parametrize("number", ["13800138000", "8613800138000", "+8613800138000"])
def test_reply_is_read_with_its_number_in_e164(number: str) -> None:
    (reply,), problems = parse_replies(body(REPLY | {"phone_number": number}))
    assert (reply.phone, reply.text, reply.id) == ("+8613800138000", "没收到", "1234567890")
    assert reply.at == datetime(2017, 9, 1, 3, 0, tzinfo=UTC)
    assert problems == []
    assert "没收到" not in repr(reply)


def test_nothing_beside_the_words_costs_the_words() -> None:
    (reply,), _ = parse_replies(body({"phone_number": "85291234567", "content": "收到"}))
    assert (reply.phone, reply.text, reply.at) == ("+85291234567", "收到", None)


@given(anything | st.lists(anything))
def test_nothing_but_invalid_is_ever_raised(content: Any) -> None:
    for parse in (parse_aliyun_receipts, parse_replies):
        with contextlib.suppress(Invalid):
            parse(json.dumps(content).encode())
