"""The joint meeting: what goes there, who rules, and when a ruling counts."""

from datetime import date
from typing import Any

import pytest

from services.intake.model import (
    ApproveRequest,
    MendRequest,
    OpeningTally,
    RequestState,
    ReturnRequest,
    WithdrawRequest,
)
from services.intake.model.classification import ClassifyRequest
from services.intake.model.meeting import (
    CancelMeeting,
    CarryOutRuling,
    ConveneMeeting,
    Meeting,
    OpenMeeting,
    RuleOnCase,
    SendToMeeting,
    SignMeeting,
)
from services.intake.vault.needs import prepare_note
from shared.contracts.events import MeetingClosed, RequestOpened
from shared.contracts.values import Category
from shared.messaging.decision import Ref
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    RULES,
    SHIJIE,
    VAULT,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_submission,
)

LARGE = RULES.request_limit_fen + 100
MEMBERS = ("chair", "clerk", "finance")


class Sitting:
    """Two cases too large for anybody, recorded by a grid worker who met the people."""

    def __init__(self) -> None:
        self.harness = DecisionHarness()
        self.ids = [self.submit(f"m-{number}", LARGE) for number in (1, 2)]

    def submit(self, key: str, quantity: int) -> str:
        wanted = make_submission(
            need={"unit": "fen", "quantity": quantity},
            applicant={"name": f"王{key}", "phone": f"+861380013800{key[-1]}"},
        )
        return str(get_body(self.harness.submit(wanted, key))["request_id"])

    def handle(self, data: Any) -> Any:
        command = make_command(data)
        prepared = prepare_note(VAULT, command) if hasattr(data, "sealed_note") else command
        return self.harness.handle(COMMANDS[type(data)], prepared)

    @property
    def meeting(self) -> Meeting:
        meeting = self.harness.states[Ref(Meeting, "G-1")]
        assert isinstance(meeting, Meeting)
        return meeting

    def convene(self, **changed: Any) -> Any:
        fields: dict[str, Any] = {
            "meeting_id": "G-1",
            "by": "chair",
            "on": date(2022, 1, 21),
            "chair": "chair",
            "recorder": "clerk",
            "members": MEMBERS,
            "request_ids": self.ids,
        }
        return self.handle(ConveneMeeting.model_validate(fields | changed))

    def open(self, by: str = "chair", present: tuple[str, ...] = MEMBERS) -> Any:
        return self.handle(OpenMeeting(meeting_id="G-1", by=by, present=present))

    def rule(self, number: int, verdict: str, by: str = "clerk", **more: Any) -> Any:
        fields = {"meeting_id": "G-1", "request_id": self.ids[number], "by": by, "verdict": verdict}
        return self.handle(RuleOnCase.model_validate(fields | more))

    def sign(self, by: str, digest: str = "", levels: tuple[str, ...] = ("city",)) -> Any:
        fields = {"meeting_id": "G-1", "by": by, "levels": levels}
        read = digest or self.meeting.digest
        return self.handle(SignMeeting.model_validate(fields | {"digest": read}))

    def carry_out(self) -> list[Any]:
        due_at = self.meeting.due_at
        assert due_at is not None
        return [
            self.handle(CarryOutRuling(aggregate_id="G-1", due_at=due_at, request_id=id_))
            for id_ in self.ids
        ]

    def state(self, number: int) -> RequestState:
        return self.harness.request(self.ids[number]).state


def sit() -> Sitting:
    sitting = Sitting()
    sitting.convene()
    sitting.open()
    return sitting


def code(decision: Any) -> str:
    return str(get_body(decision)["problems"][0]["code"])


def test_nothing_is_refused_for_being_large_and_nobody_approves_it_alone() -> None:
    sitting = Sitting()
    request = sitting.harness.request(sitting.ids[0])
    assert request.state is RequestState.RECORDED
    assert "meeting_due" in request.waits_for
    alone = ApproveRequest.model_validate(
        {
            "request_id": request.id,
            "levels": ("city",),
            "approver_id": "chair",
            "quantity": 100,
            "part_reason": "fund_limited",
        }
    )
    assert code(sitting.handle(alone)) == "meeting_needed"


def test_nobody_chairs_what_is_another_towns() -> None:
    sitting = Sitting()
    refused = sitting.convene(chair_area=SHIJIE)
    assert (code(refused), refused.states) == ("meeting_chair_elsewhere", ())
    assert list_facts(sitting.convene(chair_area=CHASHAN)) == ["MeetingConvened"]


def test_what_is_too_hard_is_sent_and_stays_the_meetings_also_after_it_was_mended() -> None:
    sitting = Sitting()
    id_ = sitting.submit("m-3", 300_000)
    fields = {"request_id": id_, "area": ""}
    sent = SendToMeeting(**fields, levels=("town",), approver_id="town", note="两村有争议")
    assert list_facts(sitting.handle(sent)) == []
    sitting.handle(
        ReturnRequest(**fields, levels=("city",), approver_id="c", reason="need_unclear")
    )
    sitting.handle(MendRequest(**fields, by="lin", quantity=10_000, note="少一些"))
    request = sitting.harness.request(id_)
    assert (request.approval_level, "meeting_due" in request.waits_for) == ("city", True)


def test_who_sits_is_named_by_what_is_said_of_the_meeting_and_the_other_signer_once() -> None:
    sitting = Sitting()
    (convened,) = (fact for _, fact in sitting.convene().events)
    assert (convened.member_ids, convened.on, convened.convened_by) == (
        MEMBERS,
        date(2022, 1, 21),
        "chair",
    )
    sitting.open()
    for number in (0, 1):
        sitting.rule(number, "adjourn")
    (signed,) = (fact for _, fact in sitting.sign("clerk").events)
    assert (signed.signed_by, signed.signer_id) == ("clerk", "chair")
    assert list_facts(sitting.sign("clerk")) == [], "he is not told twice"
    cancelled = sitting.handle(CancelMeeting(meeting_id="G-1", by="chair"))
    (fact,) = (fact for _, fact in cancelled.events)
    assert (fact.member_ids, fact.on) == (("clerk", "finance"), date(2022, 1, 21))


def test_rulings_count_when_two_signed_and_each_becomes_its_requests() -> None:
    sitting = sit()
    sitting.rule(0, "approve", quantity=5_000_000, part_reason="fund_limited", note="先修屋顶")
    sitting.rule(1, "decline", decline_reason="policy_first")
    assert list_facts(sitting.sign("clerk", levels=())) == ["MeetingSigned"]
    assert sitting.state(0) is RequestState.RECORDED, "one signature is none"
    ((_, closed),) = sitting.sign("chair").events
    assert isinstance(closed, MeetingClosed)
    assert [(row.verdict, row.quantity, row.code) for row in closed.rulings] == [
        ("approve", 5_000_000, "fund_limited"),
        ("decline", None, "policy_first"),
    ]
    opened, declined = sitting.carry_out()
    ((_, fact),) = opened.events
    assert isinstance(fact, RequestOpened)
    assert (fact.need.quantity, fact.asked_quantity) == (5_000_000, LARGE)
    assert list_facts(declined) == ["RequestDeclined"]
    assert sitting.meeting.due_at is None
    assert [item.outcome for item in sitting.meeting.items] == ["done", "done"]
    step = sitting.harness.request(sitting.ids[0]).steps[-1]
    assert (step.act, step.by, step.meeting_id) == ("part_approved", "chair", "G-1")
    tally = sitting.harness.states[Ref(OpeningTally, f"approved:person:{fact.person_id}")]
    assert isinstance(tally, OpeningTally)
    assert list(tally.days.values()) == [(1, 5_000_000)], "whoever approves next goes by it"


def test_no_minute_stands_in_clear_and_no_ruling_is_carried_out_twice() -> None:
    sitting = sit()
    decision = sitting.rule(0, "approve", note="王某家漏雨")
    assert "王某家" not in repr(decision) + repr([s.model_dump() for s in decision.states])
    sitting.rule(1, "adjourn")
    sitting.sign("clerk")
    sitting.sign("chair")
    due_at = sitting.meeting.due_at
    assert due_at is not None
    sitting.carry_out()
    again = CarryOutRuling(aggregate_id="G-1", due_at=due_at, request_id=sitting.ids[0])
    assert sitting.handle(again).events == ()
    adjourned = sitting.harness.request(sitting.ids[1])
    assert (adjourned.state, adjourned.meeting_id) == (RequestState.RECORDED, "")


def test_a_changed_ruling_takes_the_signature_away_and_who_read_the_old_one_signs_nothing() -> None:
    sitting = sit()
    sitting.rule(0, "approve")
    sitting.rule(1, "adjourn")
    read = sitting.meeting.digest
    sitting.sign("chair")
    sitting.rule(0, "decline", by="chair", decline_reason="not_entitled")
    assert sitting.meeting.signed_by == ""
    assert code(sitting.sign("clerk", digest=read)) == "meeting_changed"
    sitting.sign("chair")
    sitting.sign("chair")
    assert sitting.meeting.state == "sitting", "one person twice is one person"


def test_a_member_rules_and_signs_nothing_and_a_stranger_finds_no_meeting() -> None:
    sitting = sit()
    assert code(sitting.rule(0, "approve", by="finance")) == "meeting_role"
    assert code(sitting.rule(0, "approve", by="stranger")) == "meeting_unknown"
    sitting.rule(0, "approve")
    assert code(sitting.sign("chair")) == "meeting_undecided"
    sitting.rule(1, "adjourn")
    assert code(sitting.sign("finance")) == "meeting_role"
    assert code(sitting.sign("chair", levels=("town",))) == "meeting_role"


def test_who_recorded_a_case_does_not_grant_it_in_the_chair_either() -> None:
    sitting = Sitting()
    request = sitting.harness.request(sitting.ids[0])
    own = request.model_copy(update={"recorded_by": "clerk"})
    sitting.harness.states[Ref(type(own), own.id)] = own
    sitting.convene()
    sitting.open()
    assert code(sitting.rule(0, "approve")) == "recorder_same"
    assert code(sitting.rule(0, "decline")) == "verdict_reason_missing"
    assert code(sitting.rule(1, "approve", quantity=LARGE + 1)) == "part_too_large"
    assert code(sitting.rule(1, "approve", quantity=1)) == "part_reason_missing"


def test_a_ruling_counts_for_the_case_that_was_read() -> None:
    """Who works on cases makes another of it before the page is sent, or after both have signed."""
    sitting = sit()
    read = sitting.harness.request(sitting.ids[0]).digest
    become = {"by": "clerk", "request_id": sitting.ids[0]}
    sitting.handle(ClassifyRequest(**become, category=Category.MEDICAL))
    assert code(sitting.rule(0, "approve", digest=read)) == "case_changed"
    for number in (0, 1):
        digest = sitting.harness.request(sitting.ids[number]).digest
        sitting.rule(number, "approve", digest=digest)
    for by in ("clerk", "chair"):
        sitting.sign(by)
    sitting.handle(ClassifyRequest(**become, town_code=SHIJIE))
    sitting.carry_out()
    assert [sitting.state(number) for number in (0, 1)] == ["recorded", "open"]
    assert sitting.harness.request(sitting.ids[0]).meeting_id == "", "it waits anew"


def test_what_was_withdrawn_meanwhile_is_not_overruled() -> None:
    sitting = sit()
    sitting.rule(0, "approve")
    sitting.rule(1, "approve")
    sitting.handle(WithdrawRequest(request_id=sitting.ids[0]))
    sitting.sign("clerk")
    sitting.sign("chair")
    lapsed, done = sitting.carry_out()
    assert (list_facts(lapsed), list_facts(done)) == ([], ["RequestOpened"])
    assert [item.outcome for item in sitting.meeting.items] == ["lapsed", "done"]


def test_what_was_withdrawn_before_it_was_ruled_on_holds_up_no_other() -> None:
    sitting = sit()
    sitting.rule(1, "approve")
    sitting.handle(WithdrawRequest(request_id=sitting.ids[0]))
    sitting.sign("clerk")
    sitting.sign("chair")
    nothing, done = sitting.carry_out()
    assert (list_facts(nothing), list_facts(done)) == ([], ["RequestOpened"])
    assert [item.outcome for item in sitting.meeting.items] == ["lapsed", "done"]
    assert sitting.meeting.due_at is None


def test_a_meeting_of_nothing_that_waits_closes_and_is_over() -> None:
    sitting = sit()
    for request_id in sitting.ids:
        sitting.handle(WithdrawRequest(request_id=request_id))
    sitting.sign("clerk")
    sitting.sign("chair")
    assert (sitting.meeting.state, sitting.meeting.due_at) == ("closed", None)


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"recorder": "chair"}, "meeting_people_same"),
        ({"on": date(2022, 1, 19)}, "meeting_date_wrong"),
        ({"area": "441900104"}, "meeting_case_taken"),
        ({"town_code": "441900104"}, "meeting_case_taken"),
        ({"request_ids": ("R-none",)}, "meeting_case_taken"),
    ],
)
def test_who_may_be_convened_on_what(changed: dict[str, Any], wrong: str) -> None:
    assert code(Sitting().convene(**changed)) == wrong


def test_a_case_is_on_one_agenda_and_comes_free_when_the_meeting_is_cancelled() -> None:
    sitting = Sitting()
    sitting.convene(town_code=CHASHAN)
    assert code(sitting.convene(meeting_id="G-2")) == "meeting_case_taken"
    assert code(sitting.open(by="clerk")) == "meeting_role"
    assert code(sitting.open(present=("chair", "finance", "clerk2"))) == "meeting_quorum"
    assert code(sitting.handle(CancelMeeting(meeting_id="G-1", by="finance"))) == "meeting_role"
    assert code(sitting.handle(CancelMeeting(meeting_id="G-1", by="stranger"))) == "meeting_unknown"
    sitting.handle(CancelMeeting(meeting_id="G-1", by="chair"))
    assert sitting.convene(meeting_id="G-2").answer.status == 201


def test_a_member_who_does_not_lead_it_cancels_nothing_alone() -> None:
    sitting = Sitting()
    sitting.convene(members=(*MEMBERS, "other"))
    sitting.open()
    city = CancelMeeting(meeting_id="G-1", by="finance", levels=("city",))
    asked = sitting.handle(city)
    assert (asked.answer.status, list_facts(asked)) == (202, [])
    assert code(sitting.handle(city)) == "meeting_role"
    assert sitting.meeting.state == "sitting"
    assert list_facts(sitting.handle(CancelMeeting(meeting_id="G-1", by="other"))) == [
        "MeetingCancelled"
    ]


@pytest.mark.parametrize("by", ["clerk", "chair"])
def test_a_sitting_whose_chair_left_is_ended_and_what_was_ruled_has_no_effect(by: str) -> None:
    sitting = sit()
    sitting.rule(0, "approve")
    ended = sitting.handle(CancelMeeting(meeting_id="G-1", by=by))
    assert list_facts(ended) == ["MeetingCancelled"]
    assert code(sitting.sign("clerk")) == "meeting_state"
    assert sitting.meeting.due_at is None, "nothing is carried out"
    assert sitting.convene(meeting_id="G-2").answer.status == 201
