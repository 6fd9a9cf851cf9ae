"""A match id gives back what it was made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.model.match_id import build_match_id, parse_match_id
from shared.errors import Invalid
from shared.ids import make_id


@given(st.text(), st.text(), st.integers(1, 999_999_999))
def test_match_id_gives_back_request_offer_and_number(a: str, b: str, number: int) -> None:
    request, offer = make_id("R", a), make_id("O", b)
    assert parse_match_id(build_match_id(request, offer, number)) == (request, offer, number)


@given(st.text())
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_match_id(f"X{text}")
