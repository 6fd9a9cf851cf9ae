"""A match id holds the ids of its request and its offer, so an event naming it names all three."""

import re
from typing import NamedTuple

from shared.errors import Invalid

_FORM = re.compile(r"M-(R-[0-9a-f]{20})-(O-[0-9a-f]{20})-([1-9]\d{0,8})")


class MatchParts(NamedTuple):
    """number: the how-manieth match of that request, from 1."""

    request_id: str
    offer_id: str
    number: int


def match_id(request_id: str, offer_id: str, number: int) -> str:
    return f"M-{request_id}-{offer_id}-{number}"


def is_match_id(id_: str) -> bool:
    return _FORM.fullmatch(id_) is not None


def parse_match_id(id_: str) -> MatchParts:
    """Raises Invalid."""
    found = _FORM.fullmatch(id_)
    if found is None:
        raise Invalid.of(
            "match_id_malformed", "对接编号格式不正确", "this is not a match id", "match_id"
        )
    return MatchParts(found[1], found[2], int(found[3]))
