"""The texts of matching's problems."""

from services.matching import messages
from services.matching.messages import MATCH_STATES, RELATION_STATES
from tests.support.messages import check_messages, list_messages


def test_every_problem_has_a_code_and_both_languages() -> None:
    check_messages(messages)


def test_every_state_has_a_message_with_a_code_of_its_own() -> None:
    of_states = [*MATCH_STATES.values(), *RELATION_STATES.values()]
    codes = [message.code for message in (*list_messages(messages).values(), *of_states)]
    assert len(set(codes)) == len(codes)
    assert all("“" in message.zh for message in MATCH_STATES.values())
    assert all(message.zh and message.en for message in of_states)
