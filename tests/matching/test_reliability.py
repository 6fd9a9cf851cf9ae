"""Reliability: answers and silence count in what an offer costs, confirmations set them off."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.model.labels import REOPEN_REASONS
from services.matching.model.match import (
    ConfirmMatch,
    DeclineMatch,
    GiveUpMatch,
    ProposalDue,
    ReopenMatch,
)
from services.matching.model.offer import Offer
from shared.contracts.events import ReplyUnderstood
from tests.matching.decisions import NO_CAPACITY, DecisionHarness, person_id

counts = st.integers(0, 10_000)


def offer(decisions: DecisionHarness) -> Offer:
    return decisions.get(Offer, decisions.offer())


@given(declined=counts, expired=counts, confirmed=counts)
def test_it_stays_within_its_points(declined: int, expired: int, confirmed: int) -> None:
    held = offer(DecisionHarness()).count_outcome(
        declined=declined, expired=expired, confirmed=confirmed
    )
    assert 0 <= held.unreliability <= 100
    assert held.count_outcome(declined=1).unreliability >= held.unreliability
    assert held.count_outcome(confirmed=1).unreliability <= held.unreliability
    assert (
        held.count_outcome(expired=1).unreliability >= held.count_outcome(declined=1).unreliability
    )
    assert held.to_open().unreliability == held.unreliability


@pytest.mark.parametrize(
    ("declined", "expired", "confirmed", "points"),
    [(0, 0, 0, 0), (1, 0, 0, 16), (0, 1, 0, 28), (0, 1, 10, 11), (20, 0, 5, 66)],
)
def test_formula(declined: int, expired: int, confirmed: int, points: int) -> None:
    held = offer(DecisionHarness()).count_outcome(
        declined=declined, expired=expired, confirmed=confirmed
    )
    assert held.unreliability == points


def test_no_counts_on_every_offer_it_was_said_for() -> None:
    decisions = DecisionHarness()
    need, offers = decisions.need(quantity=50), [decisions.offer(name) for name in ("a", "b")]
    first = decisions.propose(need, offers[0], 10, 1)
    decisions.propose(need, offers[1], 10, 2)
    decisions.command(DeclineMatch(match_id=first, reason=NO_CAPACITY))
    assert [decisions.get(Offer, id_).declined for id_ in offers] == [1, 1]


def test_silence_counts() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(), decisions.offer(), 10)
    due_at = decisions.match(id_).expires_at
    decisions.now = due_at + timedelta(seconds=1)
    decisions.command(ProposalDue(aggregate_id=id_, due_at=due_at))
    assert decisions.offer_of(id_).expired == 1


def test_promise_not_kept_counts_as_silence() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    decisions.command(GiveUpMatch(match_id=id_))
    assert decisions.offer_of(id_).expired == 1


def test_confirmation_counts_until_it_is_taken_back() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    decisions.command(ConfirmMatch(match_id=id_))
    assert decisions.offer_of(id_).confirmed == 1
    decisions.command(ReopenMatch(match_id=id_, reason=REOPEN_REASONS[0]))
    assert decisions.offer_of(id_).confirmed == 0


def test_confirmation_by_reply_counts_too() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    reply = ReplyUnderstood(person_id=person_id("r"), meaning="received", match_id=id_)
    decisions.event(person_id("r"), reply)
    decisions.event(person_id("r"), reply)
    assert decisions.offer_of(id_).confirmed == 1
