"""One need that several people brought in: merged by a person, and all who asked stay told."""

from typing import Any

import pytest

from services.intake.decide import progress
from services.intake.duplicates import WEIGHT_MIN, compare
from services.intake.model import ErasePerson, Request, WithdrawRequest
from services.intake.model.consent import EndConsent
from services.intake.model.suggestion import JudgeAlike, SeparateRequest, Suggestion
from services.intake.vault.likeness import compare_marks, derive_likeness
from shared.contracts.events import (
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    MatchReopened,
    RequestFollowed,
    RequestUnmet,
)
from shared.messaging.decision import Decision, Handler
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    SHIJIE,
    VAULT,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_match_event,
    make_submission,
)
from tests.notify.decisions import DecisionHarness as NotifyHarness
from tests.support.sealing import make_vault

VILLAGE = f"{CHASHAN}001"
ROOF = "王伯家屋顶漏水很久了，一下雨就要用盆接，求帮忙修一修"
SAME_ROOF = "村里王伯家的屋顶漏水很久，下雨要用盆接水，请帮忙修"


NAMES = "甲乙丙丁戊己庚辛壬癸子丑寅"


class DuplicateHarness(DecisionHarness):
    """Two neighbours report the same roof."""

    def report(self, number: int, **changed: Any) -> Request:
        applicant = {"name": f"邻居{NAMES[number]}", "phone": f"+8613800000{number:03}"}
        fields = {"category": "housing_repair", "area": {"town_code": CHASHAN}, "text": ROOF}
        asked = make_submission(**{**fields, "applicant": applicant, **changed})
        answer = self.submit(asked, message=f"m-{number}")
        return self.request(get_body(answer)["request_id"])

    def judge(
        self, one: Request, other: Request, verdict: str = "merged", area: str = CHASHAN
    ) -> Decision:
        fields = {"request_id": one.id, "other_id": other.id, "verdict": verdict, "area": area}
        data = JudgeAlike.model_validate(fields | {"reasons": ("text_alike",)})
        return self.handle(COMMANDS[JudgeAlike], make_command(data))

    def hear(
        self, request: Request, kind: Any, decide: Any, quantity: int, **more: Any
    ) -> Decision:
        event = make_match_event(kind, self.request(request.id), quantity, **more)
        return self.handle(Handler(decide=decide), event)


def list_stages(decision: Decision) -> list[tuple[str, str]]:
    return [(s.id, f.stage) for s, f in decision.events if isinstance(f, RequestFollowed)]


def test_texts_are_compared_by_numbers_that_say_nothing_of_them() -> None:
    first, second = derive_likeness(VAULT, ROOF), derive_likeness(VAULT, SAME_ROOF)
    assert compare_marks(first.marks, second.marks) > 0.3
    assert derive_likeness(VAULT, f"{ROOF}。") == first
    other = derive_likeness(VAULT, "孩子考上高中交不起学费，家里没有收入来源")
    assert compare_marks(first.marks, other.marks) < 0.1
    foreign = derive_likeness(make_vault(b"x" * 32), ROOF)
    assert not set(foreign.bands) & set(first.bands), "who has no key cannot try a text"
    assert derive_likeness(VAULT, "修路").marks == b"", "too little to be like anything"


def test_the_same_roof_in_the_same_village_is_suggested_with_its_reasons() -> None:
    harness = DuplicateHarness()
    place = {"area": {"town_code": CHASHAN, "village_code": VILLAGE}}
    first = harness.report(0, **place)
    again = harness.report(1, text=f"{ROOF}，谢谢", kind="project", **place)
    other = harness.report(
        2, text="家里没有米和油了，想要一点生活物资过年", category="supplies", **place
    )
    alike = compare(again, first)
    assert alike.weight >= WEIGHT_MIN
    assert {"text_alike", "need_same", "place_same", "time_near"} <= set(alike.reasons)
    assert compare(other, first).weight < WEIGHT_MIN


def test_merged_the_later_one_leaves_the_menu_and_both_reporters_stay_told() -> None:
    harness = DuplicateHarness()
    first, second = harness.report(0), harness.report(1)
    merged = harness.judge(first, second)
    assert list_facts(merged) == ["RequestWithdrawn", "RequestFollowed"]
    assert list_stages(merged) == [(second.id, "merged")]
    assert harness.request(second.id).duplicate_of == first.id
    assert harness.request(first.id).followers == (second.id,)
    committed = harness.hear(first, MatchCommitted, progress.decide_committed, 20_000)
    assert list_stages(committed) == [(second.id, "committed")]
    closed = harness.hear(first, MatchConfirmed, progress.decide_confirmed, 20_000)
    assert list_facts(closed) == ["RequestClosed", "RequestFollowed"]
    assert list_stages(closed) == [(second.id, "closed")]


def list_disappointed(decision: Decision) -> list[str]:
    return [s.id for s, f in decision.events if isinstance(f, RequestUnmet)]


def test_where_what_was_found_falls_through_all_who_heard_of_it_hear_that() -> None:
    harness = DuplicateHarness()
    first, second = harness.report(0), harness.report(1)
    harness.judge(first, second)
    release = progress.decide_released
    assert list_disappointed(harness.hear(first, MatchReleased, release, 20_000)) == [], (
        "unheard of"
    )
    harness.hear(first, MatchCommitted, progress.decide_committed, 20_000)
    assert list_disappointed(harness.hear(first, MatchReleased, release, 20_000)) == [second.id]
    harness.hear(first, MatchDelivered, progress.decide_delivered, 20_000)
    again = harness.hear(first, MatchReopened, progress.decide_reopened, 20_000, was="delivered")
    assert list_stages(again) == [(second.id, "committed")], "on its way once more"
    harness.hear(first, MatchConfirmed, progress.decide_confirmed, 20_000)
    lost = harness.hear(first, MatchReopened, progress.decide_reopened, 20_000, was="confirmed")
    assert list_disappointed(lost) == [second.id]


def test_apart_again_it_is_as_it_was_and_hears_of_that() -> None:
    harness = DuplicateHarness()
    first, second = harness.report(0), harness.report(1)
    harness.judge(first, second)
    data = SeparateRequest(request_id=second.id, area=CHASHAN)
    apart = harness.handle(COMMANDS[SeparateRequest], make_command(data))
    assert list_facts(apart) == ["RequestReopened", "RequestFollowed"]
    assert harness.request(second.id).state == second.state
    assert harness.request(second.id).duplicate_of is None
    assert get_body(harness.judge(first, second, verdict="apart"))["state"] == "apart"
    assert harness.request(first.id).followers == ()
    harness.judge(first, second)
    assert harness.request(second.id).duplicate_of == first.id, "and merged once more"


def test_every_reporter_has_his_own_notices_and_keeps_them_after_the_merge_is_undone() -> None:
    """Three report one roof. What comes of it is written to each, once; who stands alone again
    reads that, and nothing of the others' any more."""
    harness, notify = DuplicateHarness(), NotifyHarness()
    first, second, third = (harness.report(number) for number in range(3))

    def announce(decision: Decision) -> None:
        for state, fact in decision.events:
            if isinstance(fact, RequestFollowed):
                notify.on_event(fact, state.id, f"E-{state.id}-{fact.stage}")

    announce(harness.judge(first, second))
    announce(harness.judge(first, third))
    announce(harness.hear(first, MatchCommitted, progress.decide_committed, 20_000))
    data = SeparateRequest(request_id=second.id, area=CHASHAN)
    announce(harness.handle(COMMANDS[SeparateRequest], make_command(data)))
    announce(harness.hear(first, MatchConfirmed, progress.decide_confirmed, 20_000))

    def list_purposes(request: Request) -> list[str]:
        own = [each for each in notify.notices if each.regarding == request.id]
        assert {each.person_id for each in own} == {request.person_id}
        return [each.purpose for each in own]

    assert list_purposes(second) == ["request_merged", "request_committed", "request_separated"]
    assert list_purposes(third) == ["request_merged", "request_committed", "request_closed"]
    assert harness.request(second.id).state == second.state
    alone = harness.hear(second, MatchCommitted, progress.decide_committed, 20_000, id_="M-2")
    assert list_stages(alone) == [], "his own, as the donor's match says it"


def test_where_the_first_ends_without_help_what_others_asked_for_is_theirs_again() -> None:
    harness = DuplicateHarness()
    first, second, third = (harness.report(number) for number in range(3))
    harness.judge(first, second)
    harness.judge(first, third)
    withdrawn = harness.handle(
        COMMANDS[WithdrawRequest], make_command(WithdrawRequest(request_id=first.id))
    )
    assert {harness.request(each.id).state for each in (second, third)} == {"open"}
    assert sorted(list_stages(withdrawn)) == sorted(
        [(second.id, "separated"), (third.id, "separated")]
    )
    assert all(harness.person(each.person_id).unfinished for each in (second, third))


ENDS: list[tuple[str, Any]] = [
    ("withdrawn", lambda first: WithdrawRequest(request_id=first.id)),
    ("erased", lambda first: ErasePerson(person_id=first.person_id)),
    ("no consent", lambda first: EndConsent(request_id=first.id, purpose="handling", by="s-1")),
]


@pytest.mark.parametrize(("_how", "end"), ENDS, ids=[how for how, _ in ENDS])
def test_of_many_who_asked_for_the_same_nobody_is_lost_with_the_first(_how: str, end: Any) -> None:
    """Twelve: what is read one by one is refused after eight rounds."""
    harness = DuplicateHarness()
    first, *others = (harness.report(number) for number in range(13))
    for each in others:
        harness.judge(first, each)
    data = end(first)
    ended = harness.handle(COMMANDS[type(data)], make_command(data))
    assert sorted(list_stages(ended)) == sorted((each.id, "separated") for each in others)
    assert {harness.request(each.id).state for each in others} == {"open"}
    assert harness.request(first.id).followers == ()


def test_what_went_with_the_later_one_goes_with_the_first() -> None:
    harness = DuplicateHarness()
    first, second, third = (harness.report(number) for number in range(3))
    harness.judge(second, third)
    harness.judge(first, second)
    assert harness.request(first.id).followers == (second.id, third.id)
    assert harness.request(third.id).duplicate_of == first.id


def test_found_to_be_two_they_are_asked_about_no_more() -> None:
    harness = DuplicateHarness()
    first, second = harness.report(0), harness.report(1)
    assert list_facts(harness.judge(first, second, verdict="apart")) == []
    (row,) = [
        s for s in harness.states.values() if isinstance(s, Suggestion) and s.subject == "request"
    ]
    assert row.state == "apart"
    assert harness.request(second.id).state == "open"


def test_nobody_merges_what_is_anothers_or_already_has_help() -> None:
    harness = DuplicateHarness()
    first, second = harness.report(0), harness.report(1)
    foreign = harness.judge(first, second, area=SHIJIE)
    assert get_body(foreign)["problems"][0]["code"] == "request_unknown"
    for each in (first, second):
        harness.hear(each, MatchCommitted, progress.decide_committed, 10_000)
    late = harness.judge(first, second)
    assert get_body(late)["problems"][0]["code"] == "merge_late"


def test_the_one_with_help_on_its_way_is_the_one_that_stays() -> None:
    harness = DuplicateHarness()
    first, second = harness.report(0), harness.report(1)
    harness.hear(second, MatchCommitted, progress.decide_committed, 10_000)
    harness.judge(first, second)
    assert harness.request(first.id).duplicate_of == second.id
