"""The short number that a notice carries and a person quotes."""

import re

REFERENCE_LENGTH = 6
_REQUEST = re.compile(r"R-[0-9a-f]{20}")
_OF_REQUEST = re.compile(r"(?:M-)?(R-[0-9A-Za-z]{1,64})(?:-O-.*)?")


def format_reference(regarding: str) -> str:
    """The end of the request's number, also of a match for it, or of the donation's."""
    request = _REQUEST.search(regarding)
    return (request[0] if request else regarding)[-REFERENCE_LENGTH:].upper()


def find_request_id(regarding: str) -> str:
    """The request itself, or that of a match; empty where it is about none."""
    request = _OF_REQUEST.fullmatch(regarding)
    return request[1] if request else ""
