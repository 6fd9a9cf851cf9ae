"""Staff erase nobody alone: one proposes, another approves, and it counts once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.decide.erasure import decide_erase
from services.intake.decide.erasure_proposals import (
    decide_approve_erasure,
    decide_propose_erasure,
    decide_refuse_erasure,
)
from services.intake.model import ErasePerson, Person
from services.intake.model.erasure import (
    LIFETIME,
    ApproveErasure,
    ErasureProposal,
    ProposeErasure,
    RefuseErasure,
)
from shared.contracts.values import Value
from shared.messaging.decision import Answer, AnyRef, Command, Handler, Ref, State
from tests.support.answers import code
from tests.support.deciding import run_decision

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
DECISIONS: dict[type[Value], Any] = {
    ProposeErasure: decide_propose_erasure,
    ApproveErasure: decide_approve_erasure,
    RefuseErasure: decide_refuse_erasure,
    ErasePerson: decide_erase,
}


class ErasureHarness:
    def __init__(self) -> None:
        self.states: dict[AnyRef, State] = {Ref(Person, "P-1"): Person(id="P-1")}
        self.now = NOW

    def say(self, kind: type[Value], who: str = "", person_id: str = "P-1") -> Answer:
        command = Command(kind.model_validate({"person_id": person_id}), principal=who)
        handler: Handler[Any] = Handler(decide=DECISIONS[kind])
        decision = run_decision(handler, self.states, command, self.now)
        for state in decision.states:
            self.states[Ref(type(state), state.id)] = state
        assert decision.answer is not None
        return decision.answer

    @property
    def proposal(self) -> ErasureProposal:
        state = self.states[Ref(ErasureProposal, "P-1")]
        assert isinstance(state, ErasureProposal)
        return state


def test_nobody_approves_what_he_proposed_and_another_does() -> None:
    harness = ErasureHarness()
    assert harness.say(ProposeErasure, "chen").status == 202
    assert code(harness.say(ApproveErasure, "chen")) == "erasure_own"
    assert harness.say(ApproveErasure, "wu").status == 200
    assert (harness.proposal.proposed_by, harness.proposal.decided_by) == ("chen", "wu")


def test_nothing_is_approved_that_nobody_proposed() -> None:
    assert code(ErasureHarness().say(ApproveErasure, "wu")) == "erasure_unproposed"


def test_proposed_again_it_is_still_the_first_ones() -> None:
    harness = ErasureHarness()
    harness.say(ProposeErasure, "chen")
    harness.say(ProposeErasure, "wu")
    assert code(harness.say(ApproveErasure, "chen")) == "erasure_own"


def test_what_was_refused_or_is_over_takes_a_new_proposal() -> None:
    harness = ErasureHarness()
    harness.say(ProposeErasure, "chen")
    assert harness.say(RefuseErasure, "wu").status == 200
    assert code(harness.say(ApproveErasure, "wu")) == "erasure_unproposed"
    harness.say(ProposeErasure, "chen")
    harness.now += LIFETIME
    assert code(harness.say(ApproveErasure, "wu")) == "erasure_unproposed"


def test_an_approval_cut_off_goes_on_and_counts_this_once() -> None:
    harness = ErasureHarness()
    harness.say(ProposeErasure, "chen")
    harness.say(ApproveErasure, "wu")
    assert harness.say(ApproveErasure, "wu").status == 200
    harness.say(ErasePerson)
    assert harness.proposal.state == "done"
    assert harness.say(ApproveErasure, "wu").status == 200, "what is left of him goes too"
    harness.states[Ref(Person, "P-1")] = Person(id="P-1")
    assert code(harness.say(ApproveErasure, "wu")) == "erasure_unproposed", "he came again"


def test_his_own_word_needs_nobody_and_ends_what_staff_proposed() -> None:
    harness = ErasureHarness()
    harness.say(ProposeErasure, "chen")
    assert harness.say(ErasePerson, "link:R-1").status == 200
    assert harness.proposal.state == "done"


@pytest.mark.parametrize("kind", [ProposeErasure, ApproveErasure])
def test_nobody_of_that_number_is_erased(kind: type[Value]) -> None:
    assert code(ErasureHarness().say(kind, "chen", "P-2")) == "person_unknown"


def test_a_week_is_the_time_for_a_second_look() -> None:
    assert timedelta(days=7) == LIFETIME
