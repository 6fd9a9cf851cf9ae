"""The same recorded rounds and commands give the same matches, bit for bit.

A year is played, recorded as text, and folded into empty states again.
"""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.model.match import AcceptMatch, DeclineMatch, Match, ProposalDue
from services.matching.model.need import Need
from services.matching.model.offer import Offer, RegisterOffer
from services.matching.solver.interface import Inputs, Prices, read_inputs, write_inputs
from services.matching.solver.solve import MinCostFlow
from services.matching.store import build_open_need
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    MandateGranted,
    OfferSubmitted,
    RequestOpened,
    RequestWithdrawn,
)
from shared.contracts.values import Value
from tests.matching.decisions import (
    NO_CAPACITY,
    DecisionHarness,
    make_granted,
    make_opened,
    make_propose,
    make_submitted,
    person_id,
    request_id,
)
from tests.support.examples import count_examples

SOLVER = MinCostFlow()
SAID: tuple[type[Value], ...] = (
    RegisterOffer,
    AcceptMatch,
    DeclineMatch,
    ProposalDue,
    MandateGranted,
    RequestOpened,
    RequestWithdrawn,
)
BY_NAME = {kind.__name__: kind for kind in SAID}


class Recorder:
    """A desk that writes down what it is told, and the inputs of each round."""

    def __init__(self) -> None:
        self.decisions = DecisionHarness()
        self.record: list[str] = []
        self.prices: Prices | None = None

    def command(self, data: Any) -> None:
        self._note("command", type(data).__name__, data.model_dump_json())
        self.decisions.command(data)

    def event(self, subject: str, fact: Any) -> None:
        self._note("event", type(fact).__name__, fact.model_dump_json(), subject)
        self.decisions.event(subject, fact)

    def grant(self, offer: OfferSubmitted) -> None:
        """The mandate that an offer of money names; told twice is once."""
        assert offer.mandate_id is not None
        self.event(offer.mandate_id, make_granted(offer))

    def round(self, *, whole: bool) -> None:
        inputs = self._inputs()
        text = write_inputs(
            inputs if whole or self.prices is None else replace(inputs, prices=self.prices)
        )
        self._note("round", text)
        self.prices = decide_round(self.decisions, text) or self.prices

    def _note(self, *parts: str) -> None:
        self.record.append(json.dumps([self.decisions.now.isoformat(), *parts]))

    def _inputs(self) -> Inputs:
        states = self.decisions.states.values()
        needs = [s for s in states if isinstance(s, Need) and s.state == "open" and s.remaining]
        offers = [
            s for s in states if isinstance(s, Offer) and s.is_open(self.decisions.now) and s.free
        ]
        now_ms = int(self.decisions.now.timestamp() * 1000)
        return Inputs(
            tuple(map(build_open_need, needs)), tuple(o.to_open() for o in offers), now_ms
        )


def decide_round(decisions: DecisionHarness, text: str) -> Prices:
    """The prices of a whole round."""
    inputs = read_inputs(text)
    found = SOLVER.decide(inputs)
    for a in found.allocations:
        decisions.command(make_propose(a.request_id, a.offer_id, a.quantity, a.number))
    return found.prices if inputs.prices is None else ()


def fold_record(record: list[str]) -> DecisionHarness:
    decisions = DecisionHarness()
    for line in record:
        at, kind, name, *rest = json.loads(line)
        decisions.now = type(decisions.now).fromisoformat(at)
        if kind == "round":
            decide_round(decisions, name)
        elif kind == "command":
            decisions.command(BY_NAME[name].model_validate_json(rest[0]))
        else:
            fact = BY_NAME[name].model_validate_json(rest[0])
            assert isinstance(fact, Fact)
            decisions.event(rest[1], fact)
    return decisions


@st.composite
def play_rounds(draw: st.DrawFn) -> Recorder:
    recorder = Recorder()
    for n in range(draw(st.integers(1, 4))):
        cap, quantity = draw(st.none() | st.integers(1, 60)), draw(st.integers(20, 200))
        offer = make_submitted(quantity=quantity, cap_per_request=cap, donor_id=f"P-{n % 2}")
        recorder.grant(offer)
        recorder.command(RegisterOffer(source="desk", message_id=str(n), offer=offer))
    acts = st.sampled_from(("open", "open", "round", "whole", "accept", "decline", "due", "end"))
    for n, act in enumerate(draw(st.lists(acts, min_size=5, max_size=25))):
        recorder.decisions.advance(draw(st.integers(1, 40 * 24 * 3600)))
        _plays(recorder, act, n, draw(st.integers(0, 50)))
    return recorder


def _plays(recorder: Recorder, act: str, n: int, chance: int) -> None:
    matches = [s for s in recorder.decisions.states.values() if isinstance(s, Match)]
    match = matches[chance % len(matches)] if matches else None
    if act == "open":
        recorder.event(request_id(str(n)), make_opened(str(n), 10 + chance))
    elif act in ("round", "whole"):
        recorder.round(whole=act == "whole")
    elif match and act == "accept":
        recorder.command(AcceptMatch(match_id=match.id))
    elif match and act == "decline":
        recorder.command(DeclineMatch(match_id=match.id, reason=NO_CAPACITY))
    elif match and act == "due":
        recorder.decisions.now = max(
            recorder.decisions.now, match.expires_at + timedelta(seconds=1)
        )
        recorder.command(ProposalDue(aggregate_id=match.id, due_at=match.expires_at))
    elif match and act == "end":
        recorder.event(match.request_id, RequestWithdrawn(person_id=person_id("0")))


@settings(max_examples=count_examples(20, 60), deadline=None)
@given(play_rounds())
def test_recorded_rounds_and_commands_give_the_same_matches(recorder: Recorder) -> None:
    first, second = fold_record(recorder.record), fold_record(recorder.record)
    for again in (first, second):
        assert again.states == recorder.decisions.states
        assert again.facts == recorder.decisions.facts


def test_play_has_matches_of_both_kinds_of_round() -> None:
    """So that the comparison above is of something."""
    recorder = Recorder()
    for n in range(2):
        offer = make_submitted(quantity=400, donor_id=f"P-{n}")
        recorder.grant(offer)
        recorder.command(RegisterOffer(source="desk", message_id=str(n), offer=offer))
    for n, whole in enumerate((True, False)):
        recorder.event(request_id(str(n)), make_opened(str(n), 50))
        recorder.round(whole=whole)
    again = fold_record(recorder.record)
    matches = [s for s in again.states.values() if isinstance(s, Match)]
    assert len(matches) == 2
    assert again.states == recorder.decisions.states
