"""Approving a part, returning for correction, and putting right."""

from typing import Any

import pytest

from services.intake.approvals.notes import list_notes
from services.intake.model import (
    WEB_SOURCE,
    ApproveRequest,
    ErasePerson,
    MendRequest,
    RequestState,
    ReturnRequest,
    VouchForPerson,
    Vouching,
)
from services.intake.model.suggestion import JoinPersons, SeparatePerson
from services.intake.vault.needs import prepare_addition, prepare_note
from shared.contracts.events import RequestMended, RequestOpened, RequestReturned
from shared.contracts.values import Category
from tests.intake.builders import (
    COMMANDS,
    PHONE,
    VAULT,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_submission,
)

ASKED = 300_000


class Case:
    """A wish for CNY 3,000, seen by a grid worker; the town approves it."""

    def __init__(self, **changed: Any) -> None:
        self.harness = DecisionHarness()
        wanted = {"need": {"unit": "fen", "quantity": ASKED}, **changed}
        decision = self.harness.submit(make_submission(**wanted))
        self.id = get_body(decision)["request_id"]

    @property
    def request(self) -> Any:
        return self.harness.request(self.id)

    def approve(
        self, quantity: int | None = None, reason: str | None = None, by: str = "a", **more: Any
    ) -> Any:
        data = ApproveRequest.model_validate(
            {
                "request_id": self.id,
                "levels": ("village", "town"),
                "approver_id": by,
                "quantity": quantity,
                "part_reason": reason,
                **more,
            }
        )
        return self.harness.handle(COMMANDS[ApproveRequest], make_command(data))

    def send_back(self, note: str = "", **changed: Any) -> Any:
        fields = {"request_id": self.id, "levels": ("town",), "approver_id": "a", "note": note}
        data = ReturnRequest.model_validate(fields | {"reason": "quantity_unclear"} | changed)
        return self.handle(data)

    def mend(self, **changed: Any) -> Any:
        fields = {"request_id": self.id, "by": "lin", "note": "查过了"}
        return self.handle(MendRequest.model_validate(fields | changed))

    def handle(self, data: Any) -> Any:
        prepared = prepare_note(VAULT, make_command(data))
        return self.harness.handle(COMMANDS[type(data)], prepared)


def code(decision: Any) -> str:
    return str(get_body(decision)["problems"][0]["code"])


@pytest.mark.parametrize(
    ("note", "danger"), [("不想活了，没人管我", True), ("要一部大的风扇", None)]
)
def test_danger_in_what_is_added_to_a_returned_case_is_urgent(
    note: str, danger: bool | None
) -> None:
    """It is read as the words of a new request are."""
    case = Case()
    case.send_back()
    command = prepare_addition(VAULT, make_command(MendRequest(request_id=case.id, note=note)))
    decision = case.harness.handle(COMMANDS[MendRequest], command)
    (fact,) = [fact for _, fact in decision.events if isinstance(fact, RequestMended)]
    request = case.harness.request(case.id)
    assert (fact.danger, request.danger, request.urgent) == (danger, bool(danger), bool(danger))
    assert note not in str(decision)


def test_a_part_is_what_opens_and_says_what_was_asked_and_why_no_more() -> None:
    case = Case()
    decision = case.approve(200_000, "standard_limit")
    ((_, fact),) = decision.events
    assert isinstance(fact, RequestOpened)
    assert fact.need.quantity == 200_000
    assert (fact.asked_quantity, fact.part_reason) == (ASKED, "按救助标准核定的数额")
    assert (fact.is_part, fact.is_whole) == (True, False)
    assert case.request.need.quantity == 200_000
    assert [step.act for step in case.request.steps] == ["part_approved"]


def test_all_of_it_is_no_part_whatever_reason_is_sent_along() -> None:
    case = Case()
    ((_, fact),) = case.approve(ASKED, "standard_limit").events
    assert (fact.asked_quantity, fact.part_reason, fact.is_whole) == (None, None, True)
    assert case.request.steps[0].act == "approved"


@pytest.mark.parametrize(
    ("quantity", "reason", "wrong"),
    [
        (ASKED + 1, "standard_limit", "part_too_large"),
        (ASKED - 1, None, "part_reason_missing"),
    ],
)
def test_more_than_asked_or_less_without_a_reason_is_refused(
    quantity: int, reason: str | None, wrong: str
) -> None:
    case = Case()
    assert code(case.approve(quantity, reason)) == wrong
    assert case.request.state is RequestState.RECORDED


def test_a_large_request_is_not_made_small_enough_for_a_lower_level() -> None:
    case = Case(need={"unit": "fen", "quantity": 5_000_000})
    assert code(case.approve(10_000, "standard_limit")) == "level_too_low"


def test_what_is_returned_goes_to_who_recorded_it_and_waits_again_with_its_history() -> None:
    case = Case()
    ((_, returned),) = case.send_back(note="数额怎么算的").events
    assert isinstance(returned, RequestReturned)
    assert returned.to_person is False, "a grid worker recorded it"
    assert case.request.state is RequestState.RETURNED
    assert code(case.approve()) == "state_unsuitable"
    ((_, mended),) = case.mend(quantity=250_000).events
    assert isinstance(mended, RequestMended)
    assert mended.approval_level == "town"
    assert case.request.need.quantity == 250_000
    assert "was_returned" in case.request.waits_for
    assert [step.act for step in case.request.steps] == ["returned", "corrected"]
    person = case.harness.person(case.request.person_id)
    notes = [note.text for note in list_notes(VAULT, person, case.request)]
    assert notes == ["数额怎么算的", "查过了"]
    assert list_facts(case.approve(by="b")) == ["RequestOpened"]


def test_notes_stand_sealed_and_go_with_the_person() -> None:
    case = Case()
    decision = case.send_back(note="张三家欠债")
    assert "张三家" not in repr(decision) + repr([s.model_dump() for s in decision.states])
    person_id = case.request.person_id
    case.harness.handle(COMMANDS[ErasePerson], make_command(ErasePerson(person_id=person_id)))
    assert list_notes(VAULT, case.harness.person(person_id), case.request) == []
    assert case.request.state is RequestState.WITHDRAWN, "nobody could help any more"


def test_who_mended_it_does_not_approve_it_and_who_returned_it_does_not_mend_it() -> None:
    case = Case()
    case.send_back()
    assert code(case.mend(by="a")) == "mender_strange"
    case.mend(by="b")
    assert code(case.approve(by="b")) == "recorder_same"
    ((_, fact),) = case.approve(by="c").events
    assert isinstance(fact, RequestOpened)
    assert "b" in fact.vouched_by, "nor does he say for the person that it arrived"


def test_what_was_mended_to_little_opens_for_nobody_by_itself() -> None:
    case = Case()
    case.send_back()
    case.mend(quantity=10_000)
    seen = Vouching.model_validate({"seen": {"manner": "visit"}})
    data = VouchForPerson(request_id=case.id, by="lin", vouching=seen)
    case.harness.handle(COMMANDS[VouchForPerson], make_command(data))
    assert case.request.state is RequestState.RECORDED
    assert case.request.approval_level == "village"


def test_the_person_who_wrote_himself_is_asked_himself() -> None:
    case = Case()
    own = case.request.model_copy(update={"source": WEB_SOURCE})
    case.harness = DecisionHarness(own, case.harness.person(own.person_id))
    ((_, fact),) = case.send_back().events
    assert fact.to_person is True
    assert list_facts(case.mend(by="")) == ["RequestMended"]


def test_another_town_or_level_neither_returns_nor_mends() -> None:
    case = Case()
    assert code(case.send_back(area="441900104")) == "request_unknown"
    assert code(case.send_back(levels=("village",))) == "level_too_low"
    assert code(case.mend()) == "state_unsuitable"
    case.send_back()
    assert code(case.mend(area="441900104")) == "request_unknown"


def test_who_approves_says_yes_to_what_he_read() -> None:
    """What is corrected, classified or asked for anew in between is read again."""
    case = Case()
    read = case.request.digest
    changed = case.request.model_copy(update={"category": Category.MEDICAL})
    case.harness = DecisionHarness(changed, case.harness.person(changed.person_id))
    assert code(case.approve(digest=read)) == "case_changed"
    assert list_facts(case.approve(digest=case.request.digest)) == ["RequestOpened"]


class Applicant(DecisionHarness):
    """One whom the grid worker met, and who asks again and again."""

    def ask(self, number: int, fen: int, source: str = "/channels/grid", **changed: Any) -> Any:
        asked = {"need": {"unit": "fen", "quantity": fen}, "category": "other", **changed}
        item = make_command(make_submission(**asked), key=f"{source}|m-{number}")
        decision = self.decide_submission(item)
        return self.request(get_body(decision)["request_id"])

    def approve(self, request: Any, *levels: str, **more: Any) -> str:
        """The code of the refusal, empty where it opened."""
        fields = {"request_id": request.id, "levels": levels, "approver_id": "a", **more}
        data = ApproveRequest.model_validate(fields)
        body = get_body(self.handle(COMMANDS[ApproveRequest], make_command(data)))
        return str(body.get("problems", [{"code": ""}])[0]["code"])


def test_the_level_goes_by_the_sum_that_one_person_got_and_not_by_each_request() -> None:
    """Split, a village would approve any sum."""
    applicant = Applicant()
    requests = [applicant.ask(number, 50_000) for number in range(5)]
    assert {each.approval_level for each in requests} == {"village"}
    outcomes = [applicant.approve(each, "village") for each in requests]
    assert outcomes == ["", "", "", "", "level_by_sum"], "2,000 yuan are a village's"
    raised = applicant.request(requests[4].id)
    assert (raised.state, raised.approval_level) == (RequestState.RECORDED, "town")
    assert "person_often" in raised.waits_for
    assert applicant.approve(raised, "village") == "level_too_low"
    assert applicant.approve(raised, "village", "town") == ""
    applicant.later(days=31)
    assert applicant.approve(applicant.ask(9, 50_000), "village") == "", "what is long ago is over"


def test_what_the_city_may_not_approve_at_once_it_may_not_in_parts_either() -> None:
    applicant = Applicant()
    first, second = (applicant.ask(number, 60_000_000) for number in range(2))
    levels = ("village", "town", "city")
    assert applicant.approve(first, *levels) == ""
    assert applicant.approve(second, *levels) == "level_by_sum"
    assert "meeting_due" in applicant.request(second.id).waits_for
    assert applicant.approve(second, *levels) == "meeting_needed"


def test_what_opened_by_itself_counts_and_things_do_not() -> None:
    applicant = Applicant()
    assert applicant.ask(1, 20_000, category="supplies").state == RequestState.OPEN
    assert applicant.approve(applicant.ask(2, 180_000), "village") == ""
    things: dict[str, Any] = {"need": {"unit": "件", "item": "棉被", "quantity": 5}}
    assert applicant.approve(applicant.ask(3, 1, **things), "village") == ""
    assert applicant.approve(applicant.ask(4, 1), "village") == "level_by_sum"


def test_the_own_sighting_counts_up_to_what_opens_by_itself_in_sum() -> None:
    applicant = Applicant()
    requests = [applicant.ask(number, 30_000, channel="hotline") for number in range(2)]
    seen = {"vouching": {"seen": {"manner": "visit"}}}
    first, second = (applicant.approve(each, "village", **seen) for each in requests)
    assert (first, second) == ("", "sighting_own")
    assert applicant.request(requests[1].id).state == RequestState.RECORDED


def test_names_at_one_phone_are_no_way_around_the_own_sighting() -> None:
    applicant = Applicant()
    people = [{"name": f"张{n}", "phone": PHONE} for n in range(2)]
    requests = [
        applicant.ask(n, 30_000, channel="hotline", applicant=person)
        for n, person in enumerate(people)
    ]
    assert len({each.person_id for each in requests}) == 2
    seen = {"vouching": {"seen": {"manner": "visit"}}}
    outcomes = [applicant.approve(each, "village", **seen) for each in requests]
    assert outcomes == ["", "sighting_own"]


SEEN = {"vouching": {"seen": {"manner": "visit"}}}


@pytest.mark.parametrize("is_vouched_first", [True, False])
def test_on_the_sighting_of_who_approved_nothing_more_opens_by_itself(
    is_vouched_first: bool,
) -> None:
    """One man's word made the person up, approved 499 yuan and would open as much again."""
    applicant = Applicant()
    first = applicant.ask(1, 49_900, channel="hotline")
    if is_vouched_first:
        vouch = VouchForPerson(request_id=first.id, by="a", vouching=SEEN["vouching"])
        applicant.handle(COMMANDS[VouchForPerson], make_command(vouch))
    assert applicant.approve(first, "village", **({} if is_vouched_first else SEEN)) == ""
    sms = {"source": "/callbacks/tencent", "channel": "sms", "category": "supplies"}
    second = applicant.ask(2, 50_000, **sms)
    assert (second.state, second.waits_for) == (RequestState.RECORDED, ("person_often",))
    assert applicant.approve(second, "village") == "sighting_own", "nor does he approve it"
    vouch = VouchForPerson(request_id=second.id, by="lin", vouching=SEEN["vouching"])
    applicant.handle(COMMANDS[VouchForPerson], make_command(vouch))
    assert applicant.request(second.id).state == RequestState.OPEN, "another met the person"


def test_who_approved_on_his_own_sighting_counts_for_the_days_of_the_rules() -> None:
    """Whatever was approved of another's sighting since, which keeps the sums."""
    applicant = Applicant()
    assert applicant.approve(applicant.ask(1, 49_900, channel="hotline"), "village", **SEEN) == ""
    for number in (2, 3):
        applicant.later(days=20)
        assert applicant.approve(applicant.ask(number, 20_000), "village", approver_id="b") == ""
    sms = {"source": "/callbacks/tencent", "channel": "sms", "category": "supplies"}
    wish = applicant.ask(4, 20_000, **sms)
    vouch = VouchForPerson(request_id=wish.id, by="a", vouching=SEEN["vouching"])
    applicant.handle(COMMANDS[VouchForPerson], make_command(vouch))
    assert applicant.request(wish.id).state == RequestState.OPEN


def test_another_name_at_the_phone_opens_nothing_on_that_sighting_either() -> None:
    applicant = Applicant()
    assert applicant.approve(applicant.ask(1, 49_900, channel="hotline"), "village", **SEEN) == ""
    other = {"name": "李四", "phone": PHONE}
    second = applicant.ask(2, 50_000, channel="hotline", category="supplies", applicant=other)
    vouch = VouchForPerson(request_id=second.id, by="a", vouching=SEEN["vouching"])
    applicant.handle(COMMANDS[VouchForPerson], make_command(vouch))
    assert applicant.request(second.id).waits_for == ("person_often",)


def test_what_two_approved_keeps_nothing_small_from_opening() -> None:
    applicant = Applicant()
    assert applicant.approve(applicant.ask(1, 150_000), "village") == ""
    assert applicant.ask(2, 20_000, category="supplies").state == RequestState.OPEN


def test_who_is_joined_and_taken_apart_again_has_got_what_he_got() -> None:
    """One approver alone may do both, with another record each time."""
    applicant = Applicant()
    requests = [applicant.ask(n, 60_000) for n in range(4)]
    person_id = requests[0].person_id
    outcomes = []
    for n, each in enumerate(requests):
        other = applicant.ask(9 + n, 1, applicant={"name": f"李{n}", "phone": f"+861390013900{n}"})
        join = JoinPersons(person_id=person_id, other_id=other.person_id)
        applicant.handle(COMMANDS[JoinPersons], make_command(join))
        outcomes.append(applicant.approve(each, "village"))
        apart = SeparatePerson(person_id=person_id)
        applicant.handle(COMMANDS[SeparatePerson], make_command(apart))
    assert outcomes == ["", "", "", "level_by_sum"]


WORK = {"kind": "project", "category": "education", "text": "孩子读书需要钱，请帮帮我们一家人"}


@pytest.mark.parametrize("channel", ["web", "sms", "hotline", "spreadsheet"])
@pytest.mark.parametrize(
    ("quantity", "wrong"), [(1_900_000, "sighting_own"), (100, "sighting_missing")]
)
def test_money_for_who_asks_needs_who_met_him_though_it_came_as_a_public_work(
    channel: str, quantity: int, wrong: str
) -> None:
    """It is paid to who asks, whatever it is called."""
    applicant = Applicant()
    request = applicant.ask(1, quantity, channel=channel, **WORK)
    assert "person_unseen" in request.waits_for
    assert applicant.approve(request, "village", "town") == wrong


@pytest.mark.parametrize(
    ("channel", "last"), [("household_visit", "level_by_sum"), ("committee", "")]
)
def test_public_works_for_one_person_are_summed_and_a_committees_are_not(
    channel: str, last: str
) -> None:
    applicant = Applicant()
    requests = [applicant.ask(number, 50_000, channel=channel, **WORK) for number in range(5)]
    outcomes = [applicant.approve(each, "village") for each in requests]
    assert outcomes == ["", "", "", "", last]


def test_who_says_that_he_is_a_committee_is_none_where_nobody_trusts_his_sightings() -> None:
    applicant = Applicant()
    request = applicant.ask(1, 100, source="/channels/hotline", channel="committee", **WORK)
    assert applicant.approve(request, "village") == "sighting_missing"
