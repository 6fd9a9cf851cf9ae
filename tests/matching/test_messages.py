"""The texts of matching's problems."""

from services.matching import messages
from services.matching.messages import MATCH_STATES, RELATION_STATES
from services.matching.planner import messages as planner_messages
from services.matching.solver import messages as solver_messages
from tests.support.messages import check_messages, list_messages


def test_every_problem_has_a_code_and_both_languages() -> None:
    check_messages(messages)
    check_messages(planner_messages)
    check_messages(solver_messages)


def test_every_state_has_a_message_with_a_code_of_its_own() -> None:
    of_states = [*MATCH_STATES.values(), *RELATION_STATES.values()]
    modules = (messages, planner_messages, solver_messages)
    named = [message for each in modules for message in list_messages(each).values()]
    codes = [message.code for message in (*named, *of_states)]
    assert len(set(codes)) == len(codes)
    assert len({message.zh for message in MATCH_STATES.values()}) == len(MATCH_STATES)
    assert all(message.zh and message.en for message in of_states)
