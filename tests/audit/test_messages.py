"""Every problem that audit answers with stands in a file of messages, in both languages and one
shape."""

from string import Formatter

import pytest

from services.audit import messages
from services.audit.months import messages as month_messages
from services.audit.statements import messages as statement_messages
from services.audit.vouchers import messages as voucher_messages
from tests.support.messages import check_messages, list_messages

MODULES = (messages, month_messages, statement_messages, voucher_messages)
MESSAGES = {name: each for module in MODULES for name, each in list_messages(module).items()}


def test_codes_are_unique_begin_with_a_noun_and_speak_both_languages() -> None:
    for module in MODULES:
        check_messages(module)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_named_by_its_code_and_can_be_filled(name: str) -> None:
    message = MESSAGES[name]
    assert message.code == name.lower()
    values = {value for _, value, _, _ in Formatter().parse(message.zh + message.en) if value}
    problem = message.problem("place", **dict.fromkeys(values, "7"))
    assert problem.field == "place"
    assert "{" not in problem.zh + problem.en
