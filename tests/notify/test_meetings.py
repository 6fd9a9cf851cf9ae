"""Who sits in a joint meeting hears of it; whom nobody can write to is told by who convenes."""

from datetime import date, datetime
from typing import Any

from services.notify.decide.digests import derive_backlog_id
from services.notify.duties import call_for_inviting
from services.notify.model import Backlog, Notice, PutStaffMember, RemoveStaffMember
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    MeetingCancelled,
    MeetingClosed,
    MeetingConvened,
    MeetingSigned,
)
from shared.contracts.values import CHINA
from shared.messaging.decision import Ref
from tests.notify.decisions import DecisionHarness, make_rules

ON = date(2022, 1, 25)
MEMBERS = ("chair", "clerk", "finance")


def make_harness(*holders: str, **rules: Any) -> DecisionHarness:
    harness = DecisionHarness(make_rules(**rules))
    for holder in holders:
        person = {"person_id": f"P-{holder}", "duties": ("approver_city",)}
        harness.execute(PutStaffMember.model_validate({"holder": holder, **person}))
    return harness


def make_convened(**changed: Any) -> MeetingConvened:
    fields: dict[str, Any] = {"chair_id": "chair", "recorder_id": "clerk", "member_ids": MEMBERS}
    fields |= {"request_ids": ("R-1",), "on": ON, "convened_by": "chair"}
    return MeetingConvened.model_validate(fields | changed)


def receive(harness: DecisionHarness, *facts: Fact) -> None:
    for fact in facts:
        harness.on_event(fact, "G-1", f"E-{fact.TYPE}")


def list_notices(harness: DecisionHarness, purpose: str) -> dict[str, Notice]:
    return {each.person_id: each for each in harness.notices if each.purpose == purpose}


def test_members_are_invited_with_the_day_and_the_agenda_but_who_convened() -> None:
    harness = make_harness(*MEMBERS)
    receive(harness, make_convened())
    invited = list_notices(harness, "meeting_invited")
    assert set(invited) == {"P-clerk", "P-finance"}
    notice = invited["P-clerk"]
    assert notice.about is not None
    assert notice.about.day == ON.isoformat()
    assert notice.link is not None
    assert (notice.link.service, notice.link.purpose, notice.link.subject) == (
        "intake",
        "meeting",
        "G-1",
    )
    assert notice.valid_until == datetime(2022, 1, 26, tzinfo=CHINA)


def test_whom_the_register_does_not_name_is_told_by_who_approves_for_the_city() -> None:
    harness = make_harness("clerk", "finance")
    harness.execute(RemoveStaffMember(holder="finance"))
    receive(harness, make_convened(member_ids=(*MEMBERS, "guest")))
    backlog = harness.states[Ref(Backlog, derive_backlog_id(call_for_inviting()))]
    assert (backlog.count, backlog.purpose) == (2, "staff_member_untold")
    assert backlog.due_at is not None
    assert set(list_notices(harness, "meeting_invited")) == {"P-clerk"}


def test_the_other_signer_is_told_and_not_once_it_is_closed() -> None:
    harness = make_harness(*MEMBERS, quiet_hours="00:00-23:59")
    receive(harness, MeetingSigned(signed_by="clerk", signer_id="chair"))
    (waiting,) = list_notices(harness, "meeting_to_sign").values()
    assert (waiting.person_id, waiting.state) == ("P-chair", "created")
    closed = MeetingClosed(chair_id="chair", recorder_id="clerk", rulings=())
    receive(harness, closed)
    assert harness.notice.state == "cancelled"


def test_a_cancelled_meeting_is_told_to_whom_the_invitation_reached() -> None:
    cancelled = MeetingCancelled(cancelled_by="chair", member_ids=("clerk", "finance"), on=ON)
    harness = make_harness(*MEMBERS)
    receive(harness, make_convened())
    invitation = list_notices(harness, "meeting_invited")["P-clerk"]
    harness.states[Ref(Notice, invitation.id)] = invitation.with_state("sent")
    receive(harness, cancelled)
    states = {id_: each.state for id_, each in list_notices(harness, "meeting_cancelled").items()}
    assert states == {"P-clerk": "created", "P-finance": "cancelled"}
    assert list_notices(harness, "meeting_invited")["P-finance"].state == "cancelled"


def test_a_meeting_of_a_release_before_names_no_day() -> None:
    harness = make_harness(*MEMBERS)
    receive(harness, make_convened(on=None, convened_by=None))
    assert set(list_notices(harness, "meeting_invited")) == {f"P-{each}" for each in MEMBERS}
    assert {each.valid_until for each in harness.notices} == {None}
