"""A public work that the budget pays, and then does not: it is offered to donors again."""

from typing import Any

import pytest

from services.intake.model import ApproveRequest, WithdrawRequest
from services.intake.model.approval import StopBudget, TakeBudget
from services.matching.model.need import Need
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    RequestBudgeted,
    RequestSettled,
    RequestUnbudgeted,
    RequestWithdrawn,
)
from shared.contracts.values import TIERS, Area, BeneficiaryClass
from shared.messaging.decision import NOTHING
from tests.intake import builders as intake
from tests.matching.decisions import (
    EVENTS,
    DecisionHarness,
    make_opened,
    make_propose,
    person_id,
)

AREA = Area(town_code="441900101")
PERSON = person_id("r")
BUDGETED = RequestBudgeted(person_id=PERSON, area=AREA)
UNBUDGETED = RequestUnbudgeted(
    person_id=PERSON, reason="plan_changed", approval_level="town", area=AREA
)
WITHDRAWN = RequestWithdrawn(person_id=PERSON)
SETTLED = RequestSettled(person_id=PERSON, way="budget", area=AREA)


class Work:
    """A public work as intake judges it and matching hears of it."""

    def __init__(self) -> None:
        self.intake, self.matching = intake.DecisionHarness(), DecisionHarness()
        work = {"kind": "project", "category": "public_works", "text": "村口路灯坏了"}
        decision = self.intake.submit(
            intake.make_submission(need={"unit": "fen", "quantity": 300_000}, **work)
        )
        self.id = intake.get_body(decision)["request_id"]
        self._pass_on(decision)

    def do(self, type_: Any, **fields: Any) -> None:
        data = type_.model_validate({"request_id": self.id, **fields})
        command = intake.make_command(data)
        self._pass_on(self.intake.handle(intake.COMMANDS[type_], command))

    def judge(self, type_: Any, **fields: Any) -> None:
        self.do(type_, levels=("village", "town", "city"), **fields)

    @property
    def need(self) -> Need:
        return self.matching.get(Need, self.id)

    def _pass_on(self, decision: Any) -> None:
        for speaker, fact in decision.events:
            if type(fact) in EVENTS:
                self.matching.event(speaker.id, fact)


def test_a_work_that_the_budget_gave_up_is_offered_again_as_it_was_approved_then() -> None:
    work = Work()
    work.judge(ApproveRequest, approver_id="a")
    offer = work.matching.offer(quantity=500_000)
    match = work.matching.propose(work.id, offer, 300_000)
    work.judge(TakeBudget, by="a", reference="茶财〔2022〕7号")
    assert (work.need.state, work.matching.match(match).state) == ("withdrawn", "released")
    work.judge(StopBudget, by="a", reason="plan_changed")
    assert work.need.state == "withdrawn", "nobody approved it yet"
    part = {"quantity": 200_000, "part_reason": "need_smaller"}
    work.judge(ApproveRequest, approver_id="b", **part)
    assert (work.need.state, work.need.remaining, work.need.proposals) == ("open", 200_000, 1)
    work.matching.propose(work.id, offer, 200_000, number=2)
    work.do(WithdrawRequest)
    assert (work.need.state, work.need.remaining) == ("withdrawn", 200_000)


def test_what_the_event_says_stands_and_what_matching_knows_stays() -> None:
    decisions = DecisionHarness()
    request = decisions.need(quantity=50)
    decisions.states = {
        ref: state.model_copy(update={"excluded_donors": ("P-no",), "campaigns": ("warm",)})
        if isinstance(state, Need)
        else state
        for ref, state in decisions.states.items()
    }
    decisions.event(request, BUDGETED)
    vouched: dict[str, Any] = {"beneficiary_class": "general", "vouched_by": ("lin",)}
    decisions.event(request, make_opened("r", 30, **vouched))
    need = decisions.get(Need, request)
    assert (need.state, need.quantity, need.vouched_by) == ("open", 30, ("lin",))
    assert (need.beneficiary_class, need.tier) == ("general", TIERS[BeneficiaryClass.GENERAL])
    assert (need.excluded_donors, need.campaigns) == (("P-no",), ("warm",))
    answer = decisions.command(make_propose(request, decisions.offer(), 31))
    assert answer is not None
    assert answer.status == 409


@pytest.mark.parametrize(
    "facts",
    [
        (WITHDRAWN,),
        (BUDGETED, WITHDRAWN),
        (BUDGETED, UNBUDGETED, WITHDRAWN),
        (BUDGETED, make_opened("r", 50), WITHDRAWN),
        (BUDGETED, SETTLED),
        (BUDGETED, UNBUDGETED, SETTLED),
        (SETTLED,),
    ],
)
def test_what_the_person_withdrew_or_ended_well_is_not_opened_again(
    facts: tuple[Fact, ...],
) -> None:
    decisions = DecisionHarness()
    request = decisions.need()
    for fact in facts:
        decisions.event(request, fact)
    assert decisions.event(request, make_opened("r", 50)) is NOTHING
    assert decisions.get(Need, request).state == "withdrawn"


def test_an_open_need_is_not_opened_twice() -> None:
    decisions = DecisionHarness()
    request = decisions.need(quantity=50)
    assert decisions.event(request, make_opened("r", 80)) is NOTHING


def test_a_need_of_before_that_a_budget_withdrew_comes_back_too() -> None:
    """Its document says only that it was withdrawn."""
    decisions = DecisionHarness()
    request = decisions.need()
    decisions.event(request, BUDGETED)
    decisions.states = {
        ref: state.model_copy(update={"is_budgeted": False}) if isinstance(state, Need) else state
        for ref, state in decisions.states.items()
    }
    decisions.event(request, UNBUDGETED)
    decisions.event(request, make_opened("r", 50))
    assert decisions.get(Need, request).state == "open"
