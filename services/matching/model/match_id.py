"""A match id holds the ids of its request and its offer, so an event naming it names all three."""

import re
from typing import NamedTuple

from services.matching.messages import MATCH_ID_MALFORMED

_FORM = re.compile(r"M-(R-[0-9A-Za-z]{1,64})-(O-[0-9A-Za-z]{1,64})-([1-9][0-9]{0,8})")
_REQUEST = re.compile(r"R-[0-9A-Za-z]{1,64}")


class MatchParts(NamedTuple):
    """number: of the match among its request's, from 1."""

    request_id: str
    offer_id: str
    number: int


def build_match_id(request_id: str, offer_id: str, number: int) -> str:
    return f"M-{request_id}-{offer_id}-{number}"


def is_request_id(id_: str) -> bool:
    """Whether a match id can hold it."""
    return _REQUEST.fullmatch(id_) is not None


def parse_match_id(id_: str) -> MatchParts:
    """Raises Invalid."""
    parts = _FORM.fullmatch(id_)
    if parts is None:
        raise MATCH_ID_MALFORMED.invalid("match_id")
    return MatchParts(parts[1], parts[2], int(parts[3]))
