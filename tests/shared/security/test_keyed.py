"""HMAC-SHA256 as the standard library computes it."""

import hmac

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.security.keyed import MacKey
from tests.support.examples import count_examples


@given(st.binary(max_size=150), st.binary(max_size=3000))
@settings(max_examples=count_examples(100, 2000), deadline=None)
def test_the_digest_is_hmac(key: bytes, message: bytes) -> None:
    assert MacKey(key).digest(message) == hmac.digest(key, message, "sha256")
