"""What is looked for in records that were refused, before a person is erased."""

import json

import pytest

from services.intake.erasures import read_refused

NAME = "张三𠮷"
ESCAPED = json.dumps(NAME)


@pytest.mark.parametrize(
    "content",
    [
        ESCAPED.encode(),
        f'{{"name": {ESCAPED}'.encode(),
        f'{{"name": {ESCAPED}, "a": {"[" * 100_000}{"]" * 100_000}}}'.encode(),
        f'{{"name": {ESCAPED}, "lone": "\\ud800"'.encode(),
        NAME.encode() + b"\xff",
        f'{{"name": {ESCAPED}, "n": {"9" * 5_000}}}'.encode(),
    ],
    ids=["read", "cut off", "deep", "half a pair", "no UTF-8", "long number"],
)
def test_a_name_is_found_in_whatever_was_refused(content: bytes) -> None:
    assert NAME in read_refused(content)
