"""The texts of intake's problems."""

from services.intake import messages
from tests.support.messages import check_messages


def test_every_problem_has_a_code_and_both_languages() -> None:
    check_messages(messages)
