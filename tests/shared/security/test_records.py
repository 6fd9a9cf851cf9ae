"""Signatures of records: whoever signs speaks in his own name, on his own topics."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.credentials import FIRST
from shared.contracts import topics
from shared.errors import Invalid
from shared.security import (
    PUBLISHES,
    Keyring,
    derive_publisher_key,
    revoke,
    sign_record,
)
from tests.shared.security.callers import check_refused, quick
from tests.support.eventually import eventually


@quick
@given(source=st.sampled_from([c.source for c in FIRST if c.source]), value=st.binary())
def test_a_record_signed_by_its_source_is_taken(
    stack: Path, keyring: Keyring, source: str, value: bytes
) -> None:
    topic = _topic_of(source)
    key = derive_publisher_key((stack / "root.key").read_bytes(), source)
    keyring.check_record(source, topic, value, sign_record(key, topic, value))


def _topic_of(source: str) -> str:
    (role,) = next(c.roles for c in FIRST if c.source == source)
    return PUBLISHES[role]


@quick
@given(value=st.binary(), other=st.binary(), signature=st.binary(max_size=80))
def test_a_forged_record_is_refused(
    keyring: Keyring, value: bytes, other: bytes, signature: bytes
) -> None:
    source, topic = "/channels/village", topics.REQUESTS_INBOUND
    good = keyring.sign_record(source, topic, value)
    check_refused(keyring, source, topic, value, None, "signature_wrong")
    check_refused(keyring, source, topic, value, signature, "signature_wrong")
    if other != value:
        check_refused(keyring, source, topic, other, good, "signature_wrong")
    foreign = keyring.sign_record("/channels/hotline", topic, value)
    check_refused(keyring, source, topic, value, foreign, "signature_wrong")


@pytest.mark.parametrize(
    "source", ["/channels/village", "/bank/demo", "/nobody", "/outside", "intake", ""]
)
@pytest.mark.parametrize("topic", [topic.name for topic in topics.TOPICS])
def test_a_foreign_source_writes_on_its_own_topic_alone(
    keyring: Keyring, source: str, topic: str
) -> None:
    allowed = {
        "/channels/village": {topics.REQUESTS_INBOUND},
        "/bank/demo": {topics.DONATIONS_INBOUND},
    }.get(source, set())
    good = keyring.sign_record(source, topic, b"{}")
    if topic in allowed:
        keyring.check_record(source, topic, b"{}", good)
    else:
        check_refused(keyring, source, topic, b"{}", good, "source_not_allowed")


def test_a_signature_is_what_openssl_computes() -> None:
    """`printf 'T\\nV' | openssl dgst -sha256 -mac hmac -macopt hexkey:00..00`."""
    signature = sign_record(bytes(32), "T", b"V")
    assert signature == b"f82bae0706326973a56059109c0008c97be8ffeb05f688808ebd8cd1d0abf9eb"


async def test_a_revoked_source_writes_no_more_within_a_second(
    stack: Path, keyring: Keyring
) -> None:
    source, topic = "/channels/village", topics.REQUESTS_INBOUND
    good = keyring.sign_record(source, topic, b"{}")
    keyring.check_record(source, topic, b"{}", good)
    revoke(stack / "credentials.json", "channel-village")

    async def refused() -> bool:
        try:
            keyring.check_record(source, topic, b"{}", good)
        except Invalid:
            return True
        return False

    await eventually(refused, bool, within_s=1)
