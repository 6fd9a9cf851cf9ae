"""A person says what a waiting request is; that opens nothing and moves it where it belongs."""

from typing import Any

import pytest

from services.intake.model import ApproveRequest, Request
from services.intake.model.classification import ClassifyRequest
from shared.contracts.events import RequestRecorded
from shared.contracts.values import Category, Kind
from shared.messaging.decision import Decision
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    SHIJIE,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_submission,
)

OTHER = {"category": "other", "text": "帮帮我"}
CITY = "441900000"


class ClassificationHarness(DecisionHarness):
    def record(self, **changed: Any) -> Request:
        self.submit(make_submission(**changed))
        return self.requests()[-1]

    def classify(self, request: Request, area: str = CHASHAN, **said: Any) -> Decision:
        data = ClassifyRequest(request_id=request.id, by="lin", area=area, **said)
        return self.handle(COMMANDS[ClassifyRequest], make_command(data))


def test_what_it_is_said_to_be_stands_and_it_waits_on() -> None:
    harness = ClassificationHarness()
    request = harness.record(**OTHER)
    assert "category_other" in request.waits_for
    decision = harness.classify(request, category=Category.MEDICAL, urgent=True)
    stored = harness.request(request.id)
    assert (stored.category, stored.urgent, stored.state) == ("medical", True, "recorded")
    assert stored.classified is not None
    assert (stored.classified.by, stored.classified.was) == ("lin", "other")
    assert stored.waits_for, "classifying opens nothing"
    assert list_facts(decision) == []


def test_a_request_without_a_town_goes_to_its_town_and_its_approvers_hear_of_it() -> None:
    harness = ClassificationHarness()
    request = harness.record(area={"town_code": CITY})
    assert request.approval_level == "city"
    decision = harness.classify(request, area="", town_code=CHASHAN)
    stored = harness.request(request.id)
    assert (stored.area.town_code, stored.approval_level) == (CHASHAN, "village")
    assert list_facts(decision) == ["RequestRecorded"]
    (_, fact) = decision.events[0]
    assert isinstance(fact, RequestRecorded)
    assert fact.quiet is True, "its person heard of it before"


def test_nobody_moves_a_request_into_or_out_of_anothers_area() -> None:
    harness = ClassificationHarness()
    request = harness.record(**OTHER)
    foreign = harness.classify(request, area=SHIJIE, category=Category.MEALS)
    assert get_body(foreign)["problems"][0]["code"] == "request_unknown"
    moved = harness.classify(request, town_code=SHIJIE)
    assert get_body(moved)["problems"][0]["code"] == "area_foreign"
    nowhere = harness.classify(request, area="", town_code="999999999")
    assert get_body(nowhere)["problems"][0]["code"] == "town_unknown"
    assert harness.request(request.id) == request


def test_a_public_work_stays_with_an_approver_and_an_open_request_stays_as_it_is() -> None:
    harness = ClassificationHarness()
    request = harness.record(**OTHER)
    harness.classify(request, kind=Kind.PROJECT, category=Category.PUBLIC_WORKS)
    assert "kind_project" in harness.request(request.id).waits_for
    opened = ClassificationHarness()
    stands = opened.record()
    assert stands.state == "open"
    refused = opened.classify(stands, category=Category.MEALS)
    assert get_body(refused)["problems"][0]["code"] == "state_unsuitable"


@pytest.mark.parametrize("is_back", [False, True])
def test_a_persons_money_needs_who_met_the_person_whatever_it_is_called(*, is_back: bool) -> None:
    """Else one human asks, calls it a public work and approves it alone."""
    harness = ClassificationHarness()
    need = {"unit": "fen", "quantity": 1_900_000}
    request = harness.record(need=need, channel="hotline", category="other")
    assert request.sighting is None
    harness.classify(request, kind=Kind.PROJECT, category=Category.PUBLIC_WORKS)
    if is_back:
        harness.classify(request, kind=Kind.WISH)
        harness.classify(request, kind=Kind.PROJECT)
    approve = ApproveRequest(
        request_id=request.id, levels=("village", "town", "city"), approver_id="s-9"
    )
    decision = harness.handle(COMMANDS[ApproveRequest], make_command(approve))
    assert get_body(decision)["problems"][0]["code"] == "sighting_own"
    asked = {"kind": "project", "category": "public_works", "need": need, "channel": "committee"}
    work = ClassificationHarness().record(**asked)
    assert not work.needs_sighting, "a committee records works for the village"


@pytest.mark.parametrize(("approver", "wrong"), [("lin", "recorder_same"), ("s-9", "")])
def test_who_changed_the_kind_of_a_persons_money_does_not_approve_it(
    approver: str, wrong: str
) -> None:
    harness = ClassificationHarness()
    request = harness.record(need={"unit": "fen", "quantity": 1_900_000}, category="other")
    assert request.sighting is not None
    harness.classify(request, kind=Kind.PROJECT, category=Category.PUBLIC_WORKS)
    approve = ApproveRequest(
        request_id=request.id, levels=("village", "town", "city"), approver_id=approver
    )
    body = get_body(harness.handle(COMMANDS[ApproveRequest], make_command(approve)))
    assert body.get("problems", [{"code": ""}])[0]["code"] == wrong
