"""The day on which help comes: who says it, how often it is told, and that none is in the past."""

from datetime import date, timedelta

import pytest

from services.matching.model.labels import REOPEN_REASONS
from services.matching.model.match import (
    DeliverMatch,
    ReopenMatch,
    ScheduleMatch,
)
from services.matching.pages.buttons import derive_button_key
from services.matching.pages.donor import parse_day
from shared.contracts.events import MatchScheduled
from shared.contracts.values import CHINA
from shared.errors import Invalid
from shared.messaging.decision import Answer
from shared.scope import Scope
from tests.matching.decisions import DecisionHarness


def say_day(decisions: DecisionHarness, id_: str, day: date, **more: object) -> Answer:
    data = ScheduleMatch.model_validate({"match_id": id_, "comes_on": day} | more)
    answer = decisions.command(data)
    assert answer is not None
    return answer


def test_who_brings_it_says_the_day_and_another_day_says_what_it_was_before() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    first = decisions.now.astimezone(CHINA).date() + timedelta(days=3)
    assert say_day(decisions, id_, first).body["comes_on"] == first.isoformat()
    fact = decisions.last()
    assert isinstance(fact, MatchScheduled)
    assert (fact.comes_on, fact.before) == (first.isoformat(), None)
    events = len(decisions.list_event_names())
    assert say_day(decisions, id_, first).status == 200
    assert len(decisions.list_event_names()) == events, "the same day again is no news"
    say_day(decisions, id_, first + timedelta(days=1))
    fact = decisions.last()
    assert isinstance(fact, MatchScheduled)
    assert fact.before == first.isoformat()


@pytest.mark.parametrize(("days", "status"), [(-1, 422), (0, 200), (90, 200), (91, 422)])
def test_the_day_is_no_past_one_and_none_far_away(days: int, status: int) -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    day = decisions.now.astimezone(CHINA).date() + timedelta(days=days)
    assert say_day(decisions, id_, day).status == status


def test_no_day_is_said_of_what_is_not_promised_or_not_ones_own() -> None:
    decisions = DecisionHarness()
    day = decisions.now.astimezone(CHINA).date()
    assert say_day(decisions, decisions.make_accepted(), day).status == 409
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    assert say_day(decisions, id_, day, scope=Scope(source="/another")).status == 404
    assert say_day(decisions, id_, day, scope=Scope(area="441900999")).status == 404


def test_a_day_that_is_changed_again_and_again_sends_no_more_messages() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    day = decisions.now.astimezone(CHINA).date()
    answers = [say_day(decisions, id_, day + timedelta(days=n)).status for n in range(6)]
    assert answers == [200] * 5 + [409]


def test_what_did_not_arrive_gets_a_new_day() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    say_day(decisions, id_, decisions.now.astimezone(CHINA).date())
    decisions.command(DeliverMatch(match_id=id_))
    decisions.command(ReopenMatch(match_id=id_, reason=REOPEN_REASONS[0]))
    assert decisions.match(id_).comes_on == ""


def test_by_his_link_a_day_that_comes_back_is_said_anew() -> None:
    """The button of the 1st, pressed after the 2nd, is no repetition of the first press."""
    decisions = DecisionHarness()
    id_ = decisions.make_committed()
    day = decisions.now.astimezone(CHINA).date()
    keys = []
    for each in (day, day + timedelta(days=1), day):
        keys.append(press_day(decisions, id_, each))
    assert len(set(keys)) == 3
    assert decisions.match(id_).comes_on == day.isoformat()
    with pytest.raises(Invalid):
        parse_day(decisions.match(id_), "明天")


def press_day(decisions: DecisionHarness, id_: str, day: date) -> str:
    match = decisions.match(id_)
    data = parse_day(match, day.isoformat())
    key = derive_button_key("L-1", match, data)
    decisions.command(data, key=key)
    return key
