"""Numbers and accounts of their own, by what the simulators do with them; requests of their own."""

from itertools import count
from uuid import uuid4

NUMBERS = count(3000)


def number(script: str = "000000") -> str:
    """A number of its own; its last six digits are the script that it follows."""
    return f"1{next(NUMBERS)}{script}"


def openid(script: str = "000000") -> str:
    return f"o{uuid4().hex[:12]}{script}"


def request_id() -> str:
    return f"R-{uuid4().hex[:20]}"
