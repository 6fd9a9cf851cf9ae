"""Emergency areas: their needs are more urgent, for their period, in their towns alone."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.model.campaign import (
    DeclareEmergency,
    Emergency,
    EmergencyTerms,
    EndEmergency,
    lift_tier,
)
from shared.errors import Invalid
from tests.matching.decisions import NOW, DecisionHarness
from tests.support.answers import code

DAY = timedelta(days=1)
HERE, ELSEWHERE = "441900101", "441900102"


def declare_emergency(lift: int = 2, days: int = 3, id_: str = "e-1") -> DecisionHarness:
    decisions = DecisionHarness()
    terms = EmergencyTerms(
        town_codes=(HERE,), lift=lift, starts_at=NOW, ends_at=NOW + days * DAY, reason="疫情防控"
    )
    answer = decisions.command(DeclareEmergency(emergency_id=id_, terms=terms), principal="city")
    assert answer is not None
    assert answer.status == 201
    return decisions


def tier(decisions: DecisionHarness, tier: int, town: str = HERE) -> int:
    declare_emergency = [decisions.get(Emergency, "e-1")]
    return lift_tier(tier, town, [e for e in declare_emergency if e.is_on(decisions.now)])


def test_needs_of_its_towns_rise_and_others_do_not() -> None:
    decisions = declare_emergency()
    assert tier(decisions, 3) == 1
    assert tier(decisions, 3, ELSEWHERE) == 3


def test_no_need_rises_above_the_most_urgent() -> None:
    assert tier(declare_emergency(lift=4), 2) == 0


def test_it_begins_and_ends_by_itself() -> None:
    decisions = declare_emergency(days=3)
    decisions.now = NOW - timedelta(seconds=1)
    assert tier(decisions, 3) == 3
    decisions.now = NOW + 3 * DAY
    assert tier(decisions, 3) == 3


def test_it_is_ended_before_its_time() -> None:
    decisions = declare_emergency()
    decisions.advance(60)
    for _ in range(2):
        answer = decisions.command(EndEmergency(emergency_id="e-1"))
        assert answer is not None
        assert answer.status == 200
    assert tier(decisions, 3) == 3
    assert decisions.get(Emergency, "e-1").declared_by == "city"


def test_it_is_declared_once_and_ended_only_if_known() -> None:
    decisions = declare_emergency()
    terms = EmergencyTerms(town_codes=(ELSEWHERE,), starts_at=NOW, ends_at=NOW + DAY, reason="x")
    again = decisions.command(DeclareEmergency(emergency_id="e-1", terms=terms))
    assert code(again) == "emergency_exists"
    assert decisions.get(Emergency, "e-1").town_codes == (HERE,)
    assert code(decisions.command(EndEmergency(emergency_id="e-2"))) == "emergency_unknown"


def test_emergency_that_is_over_already_is_invalid() -> None:
    terms = EmergencyTerms(town_codes=(HERE,), starts_at=NOW - DAY, ends_at=NOW, reason="x")
    with pytest.raises(Invalid):
        DecisionHarness().command(DeclareEmergency(emergency_id="e-1", terms=terms))


@given(st.integers(0, 4), st.lists(st.integers(1, 4), max_size=4))
def test_the_highest_lift_counts_and_not_their_sum(tier_: int, lifts: list[int]) -> None:
    emergencies = [
        Emergency(
            id=str(n),
            town_codes=(HERE,),
            lift=lift,
            starts_at=NOW,
            ends_at=NOW + DAY,
            reason="x",
            declared_by="city",
        )
        for n, lift in enumerate(lifts)
    ]
    assert lift_tier(tier_, HERE, emergencies) == max(0, tier_ - max(lifts, default=0))
