"""The short number that a notice carries and a person quotes."""

import re

REFERENCE_LENGTH = 6
_REQUEST = re.compile(r"R-[0-9a-f]{20}")


def format_reference(regarding: str) -> str:
    """The end of the request's number, also of a match for it, or of the donation's."""
    request = _REQUEST.search(regarding)
    return (request[0] if request else regarding)[-REFERENCE_LENGTH:].upper()
