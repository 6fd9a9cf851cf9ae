"""A corrected row takes the place of what it was, as long as nothing came of that."""

from typing import Any

import pytest

from services.intake.model import CorrectRequest, RequestState, StaffRequest
from services.intake.model.request import Portion
from services.intake.vault.prepare import derive_request_id, prepare_correction, prepare_request
from shared.contracts.events import RequestSubmitted
from shared.messaging.decision import Decision, Ref
from tests.intake.builders import (
    COMMANDS,
    GRID,
    RULES,
    VAULT,
    DecisionHarness,
    find_credential,
    get_body,
    list_facts,
    make_command,
    make_submission,
)

FIRST = derive_request_id(GRID, "m-1")


def correct(harness: DecisionHarness, changed: RequestSubmitted, digest: str = "a") -> Decision:
    asked = CorrectRequest(corrects=FIRST, request=changed)
    command = make_command(asked, key=f"{GRID}|m-1#{digest}")
    prepared = prepare_correction(VAULT, RULES, find_credential, command)
    return harness.handle(COMMANDS[CorrectRequest], prepared)


def list_states(harness: DecisionHarness) -> list[str]:
    return [request.state for request in harness.requests()]


def test_a_correction_ends_what_was_wrong_and_opens_what_is_right() -> None:
    harness = DecisionHarness()
    harness.submit(make_submission())
    decision = correct(harness, make_submission(need={"unit": "fen", "quantity": 7_000}))
    assert list_facts(decision) == ["RequestWithdrawn", "RequestOpened"]
    assert get_body(decision)["decision"] == "corrected"
    assert get_body(decision)["corrects"] == FIRST
    assert harness.request(FIRST).state == "withdrawn"
    right = harness.request(get_body(decision)["request_id"])
    assert (right.state, right.need.quantity) == ("open", 7_000)
    assert list(harness.person(right.person_id).unfinished) == [right.id]


def test_a_correction_of_a_correction_finds_the_last() -> None:
    harness = DecisionHarness()
    harness.submit(make_submission())
    correct(harness, make_submission(need={"unit": "fen", "quantity": 7_000}), "a")
    third = correct(harness, make_submission(need={"unit": "fen", "quantity": 8_000}), "b")
    assert list_facts(third) == ["RequestWithdrawn", "RequestOpened"]
    assert sorted(list_states(harness)) == ["open", "withdrawn", "withdrawn"]
    again = correct(harness, make_submission(need={"unit": "fen", "quantity": 8_000}), "b")
    assert not again.events


def test_another_name_is_another_person() -> None:
    harness = DecisionHarness()
    harness.submit(make_submission())
    renamed = make_submission(applicant={"name": "张叁", "phone": "+8613800138001"})
    right = harness.request(get_body(correct(harness, renamed))["request_id"])
    wrong = harness.request(FIRST)
    assert wrong.person_id != right.person_id
    assert not harness.person(wrong.person_id).unfinished


@pytest.mark.parametrize("change", ["matched", "closed", "declined", "withdrawn"])
def test_what_came_to_something_is_not_corrected_any_more(change: str) -> None:
    harness = DecisionHarness()
    harness.submit(make_submission())
    request = harness.request(FIRST)
    update: dict[str, Any] = (
        {"matches": {"M-1": Portion(quantity=100, stage="committed")}}
        if change == "matched"
        else {"state": RequestState(change)}
    )
    harness.states[Ref(type(request), FIRST)] = request.model_copy(update=update)
    decision = correct(harness, make_submission(need={"unit": "fen", "quantity": 7_000}))
    assert decision.answer is not None
    assert decision.answer.status == 409
    problem = decision.answer.body["problems"][0]
    assert problem["code"] == "correction_late"
    assert FIRST in problem["zh"]
    assert not decision.events


def test_a_quiet_request_says_so_in_its_event() -> None:
    for quiet, said in ((True, True), (False, None)):
        harness = DecisionHarness()
        staff = StaffRequest(request=make_submission(), recorded_by="city", met=True, quiet=quiet)
        command = make_command(staff, key="city|m-1")
        prepared = prepare_request(VAULT, RULES, find_credential, command)
        decision = harness.handle(COMMANDS[StaffRequest], prepared)
        ((_, fact),) = decision.events
        assert getattr(fact, "quiet", "no such field") is said
        assert ("quiet" in fact.model_dump(mode="json", exclude_none=True)) is quiet


def test_how_a_row_is_imported_is_not_what_it_says() -> None:
    loud = StaffRequest(request=make_submission(), recorded_by="city", met=True)
    assert loud.model_dump() == loud.model_copy(update={"quiet": True}).model_dump()
