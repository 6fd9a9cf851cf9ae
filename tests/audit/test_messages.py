"""Every problem that audit answers with stands in one file, in both languages and one shape."""

import re
from string import Formatter

import pytest

from services.audit import messages
from shared.errors import Message

ALL = {name: value for name, value in vars(messages).items() if isinstance(value, Message)}
SHAPE = re.compile(r"(?!not_|no_|insufficient_)[a-z]+(_[a-z]+)+")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_codes_are_unique() -> None:
    codes = [message.code for message in ALL.values()]
    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("name", ALL)
def test_a_message_speaks_both_languages_and_begins_with_what_it_is_about(name: str) -> None:
    message = ALL[name]
    assert message.code == name.lower()
    assert SHAPE.fullmatch(message.code)
    assert CHINESE.search(message.zh)
    assert not CHINESE.search(message.en)
    assert message.en[0].islower() or message.en[0] == "{"


@pytest.mark.parametrize("name", ALL)
def test_a_message_can_be_filled_in_both_languages(name: str) -> None:
    message = ALL[name]
    values = {field for _, field, _, _ in Formatter().parse(message.zh + message.en) if field}
    problem = message.problem("here", **dict.fromkeys(values, "7"))
    assert problem.field == "here"
    assert "{" not in problem.zh + problem.en
