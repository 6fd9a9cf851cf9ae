"""Whatever stands on a topic becomes an item: one record takes nothing of its batch with it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.topics import REQUESTS_INBOUND
from shared.messaging.inbox import Incoming, read_sender
from tests.support.pipeline import make_inbox, make_record

DEEP = 100_000
ENVELOPE = json.loads(make_record(0, "M-1", 1).value)


@pytest.mark.parametrize("topic", [REQUESTS_INBOUND, make_record(0, "M-1", 1).topic])
@pytest.mark.parametrize("signature", [None, b"0" * 64, b"\xff"])
@pytest.mark.parametrize(
    "value",
    [
        b"[" * DEEP,
        b'{"a":' * DEEP,
        b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
        json.dumps(ENVELOPE).encode().replace(b'"data": {', b'"data": {"x":' + b"[" * 3_000),
        json.dumps(ENVELOPE).encode()[:-1] + b',"x":' + b"[" * 900 + b"]" * 900 + b"}",
        b"9" * 10_000,
        b'{"source":' + b"9" * 10_000 + b"}",
        b'{"source":"\\ud800","id":"\\ud800"}',
        b"",
    ],
    ids=lambda value: value[:12],
)
def test_what_cannot_be_read_is_a_dead_letter(
    topic: str, signature: bytes | None, value: bytes
) -> None:
    item = make_inbox().parse_record(Incoming("c", topic, 0, 7, value, signature))
    assert item.problems
    assert item.place


@given(value=st.binary(max_size=200), signature=st.none() | st.binary(max_size=70))
def test_any_bytes_are_a_dead_letter(value: bytes, signature: bytes | None) -> None:
    assert (
        make_inbox().parse_record(Incoming("c", REQUESTS_INBOUND, 0, 7, value, signature)).problems
    )


@given(
    name=st.sampled_from(sorted(ENVELOPE)),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
)
def test_any_attribute_of_an_envelope_is_read_or_refused(name: str, value: object) -> None:
    content = json.dumps(ENVELOPE | {name: value}).encode()
    record = make_record(0, "M-1", 1)
    for topic in (record.topic, REQUESTS_INBOUND):
        make_inbox().parse_record(Incoming("c", topic, 0, 7, content, record.signature))
        make_inbox().parse_record(Incoming("c", topic, 0, 7, content, None), trusted=True)


@pytest.mark.parametrize("type_", ["guanjia.nonsense.13900770069.v1", ENVELOPE["type"]])
def test_what_a_foreign_record_states_beside_its_content_is_not_taken_over(type_: str) -> None:
    """A dead letter's content is sealed; its summary is in clear."""
    stated = {"type": type_, "subject": "赵主题13900770061"}
    content = json.dumps(ENVELOPE | stated).encode()
    record = Incoming("c", REQUESTS_INBOUND, 0, 7, content, None)
    item = make_inbox().parse_record(record, trusted=True)
    assert [problem.code for problem in item.problems] == ["type_unknown"]
    summary = repr((item.subject, item.stream, [each.as_dict() for each in item.problems]))
    assert "1390077" not in summary
    assert (type_ in summary) is (type_ == ENVELOPE["type"]), "ours is said: it is no one's name"


def test_an_id_that_no_database_can_store_is_nobodys() -> None:
    assert read_sender(b'{"source":"/channels/a","id":"\\ud800"}') == ("/channels/a", "")
    assert read_sender(b'{"source":"/channels/a","id":"a-1"}') == ("/channels/a", "a-1")
