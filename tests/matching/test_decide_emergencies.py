"""Emergencies: intake declares them, and their needs are more urgent for their period alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.model.campaign import (
    Emergency,
    EndEarlierEmergency,
    ProposeEarlierEnd,
    RefuseEarlierEnd,
    lift_tier,
)
from services.matching.model.need import Need
from shared.contracts.events import EmergencyDeclared, EmergencyEnded
from shared.messaging.decision import Answer, Ref
from tests.matching.decisions import NOW, DecisionHarness, make_opened, request_id
from tests.support.answers import code

DAY = timedelta(days=1)
HERE, ELSEWHERE = "441900101", "441900102"
VILLAGE = f"{HERE}001"


def declare(**changed: Any) -> DecisionHarness:
    fields: dict[str, Any] = {
        "area_codes": (HERE,),
        "cause": "epidemic",
        "lift": 2,
        "starts_at": NOW,
        "ends_at": NOW + 3 * DAY,
        "proposed_by": "c-1",
        "confirmed_by": "c-2",
    }
    decisions = DecisionHarness()
    decisions.event("E-1", EmergencyDeclared.model_validate(fields | changed))
    return decisions


def make_need(tier: int, town: str = HERE, village: str | None = None) -> Need:
    decisions = DecisionHarness()
    decisions.event(request_id("r1"), make_opened("r1", 50))
    changes = {"tier": tier, "town_code": town, "village_code": village}
    return decisions.get(Need, request_id("r1")).model_copy(update=changes)


def find_tier(decisions: DecisionHarness, need: Need, now: datetime = NOW) -> int:
    emergency = decisions.get(Emergency, "E-1")
    return lift_tier(need, [emergency] if emergency.is_on(now) else [])


def test_needs_of_its_towns_rise_and_others_do_not() -> None:
    decisions = declare()
    assert find_tier(decisions, make_need(3)) == 1
    assert find_tier(decisions, make_need(3, village=VILLAGE)) == 1
    assert find_tier(decisions, make_need(3, ELSEWHERE)) == 3


def test_of_a_village_its_own_needs_rise_alone() -> None:
    decisions = declare(area_codes=(VILLAGE,))
    assert find_tier(decisions, make_need(3, village=VILLAGE)) == 1
    assert find_tier(decisions, make_need(3)) == 3
    assert find_tier(decisions, make_need(3, village=f"{HERE}002")) == 3


def test_of_some_categories_no_other_rises() -> None:
    need = make_need(3)
    assert find_tier(declare(categories=(need.category,)), need) == 1
    assert find_tier(declare(categories=("street_rescue",)), need) == 3


def test_no_need_rises_above_the_most_urgent() -> None:
    assert find_tier(declare(lift=4), make_need(2)) == 0


def test_it_begins_and_ends_by_itself() -> None:
    decisions = declare()
    assert find_tier(decisions, make_need(3), NOW - timedelta(seconds=1)) == 3
    assert find_tier(decisions, make_need(3), NOW + 3 * DAY) == 3


@pytest.mark.parametrize("begins", [NOW, NOW + DAY])
def test_it_is_ended_before_its_time_and_stays_so(begins: datetime) -> None:
    decisions = declare(starts_at=begins)
    ended = EmergencyEnded(ended_at=NOW + timedelta(minutes=1), ended_by="c-1")
    for _ in range(2):
        decisions.event("E-1", ended)
    assert not decisions.get(Emergency, "E-1").is_on(NOW + DAY)


def test_the_same_word_again_changes_nothing_and_an_unknown_one_ends_nothing() -> None:
    decisions = declare()
    before = decisions.get(Emergency, "E-1")
    decisions.event("E-2", EmergencyEnded(ended_at=NOW, ended_by="c-1"))
    assert decisions.get(Emergency, "E-1") == before
    assert before.declared_by == "c-2"


def test_one_of_an_earlier_version_reads_still() -> None:
    Emergency.model_validate(
        {
            "id": "e-1",
            "town_codes": [HERE],
            "lift": 1,
            "starts_at": NOW,
            "ends_at": NOW + DAY,
            "reason": "疫情防控",
            "declared_by": "city",
        }
    )


NEED = make_need(4)


@given(st.integers(0, 4), st.lists(st.integers(1, 4), max_size=4))
def test_the_highest_lift_counts_and_not_their_sum(tier: int, lifts: list[int]) -> None:
    emergency = declare().get(Emergency, "E-1")
    emergencies = [emergency.model_copy(update={"lift": lift}) for lift in lifts]
    need = NEED.model_copy(update={"tier": tier})
    assert lift_tier(need, emergencies) == max(0, tier - max(lifts, default=0))


def act(decisions: DecisionHarness, kind: Any, who: str = "c-1", id_: str = "E-1") -> Answer:
    answer = decisions.command(kind(emergency_id=id_), principal=who)
    assert answer is not None
    return answer


def declare_earlier() -> DecisionHarness:
    decisions = declare()
    earlier = decisions.get(Emergency, "E-1").model_copy(update={"reason": "台风后抢修"})
    decisions.states[Ref(Emergency, "E-1")] = earlier
    return decisions


def test_one_that_was_declared_here_before_intake_did_is_ended_by_two() -> None:
    decisions = declare_earlier()
    assert code(act(decisions, EndEarlierEmergency, "c-2")) == "emergency_end_unproposed"
    assert act(decisions, ProposeEarlierEnd).status == 202
    assert act(decisions, ProposeEarlierEnd, "c-2").status == 202
    assert code(act(decisions, EndEarlierEmergency)) == "emergency_end_own"
    assert decisions.get(Emergency, "E-1").is_on(NOW)
    assert act(decisions, EndEarlierEmergency, "c-2").status == 200
    ended = decisions.get(Emergency, "E-1")
    assert (ended.is_on(NOW), ended.ending_by, ended.ended_by) == (False, "c-1", "c-2")
    for kind in (ProposeEarlierEnd, EndEarlierEmergency, RefuseEarlierEnd):
        assert code(act(decisions, kind)) == "emergency_over"


def test_an_end_that_was_refused_or_is_a_week_old_takes_a_new_proposal() -> None:
    decisions = declare_earlier()
    assert code(act(decisions, RefuseEarlierEnd)) == "emergency_end_unproposed"
    act(decisions, ProposeEarlierEnd)
    assert act(decisions, RefuseEarlierEnd, "c-3").body["state"] == "declared"
    assert code(act(decisions, EndEarlierEmergency, "c-2")) == "emergency_end_unproposed"
    week = decisions.get(Emergency, "E-1").model_copy(
        update={"ending_by": "c-1", "ending_at": NOW - 7 * DAY}
    )
    decisions.states[Ref(Emergency, "E-1")] = week
    assert code(act(decisions, EndEarlierEmergency, "c-2")) == "emergency_end_unproposed"


def test_one_of_intakes_ends_there_where_its_desks_follow_it() -> None:
    decisions = declare()
    for kind in (ProposeEarlierEnd, EndEarlierEmergency, RefuseEarlierEnd):
        assert code(act(decisions, kind)) == "emergency_of_intake"
        assert code(act(decisions, kind, id_="E-2")) == "emergency_unknown"
    assert decisions.get(Emergency, "E-1").is_on(NOW)
