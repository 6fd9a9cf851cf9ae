"""What becomes of a donor's answer by SMS: whose it is, and what is left to a person."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.intake.model import CorrectPerson, HearDonor, Message, Speaker
from services.intake.vault.messages import Inbound, derive_earlier_id, seal_message
from services.intake.vault.prepare import seal_correction
from shared.contracts.events import (
    DonorAnswered,
    DonorReplied,
    MatchDelivered,
    MessageAnswered,
    MessageQueued,
    ReplyUnderstood,
)
from shared.contracts.events.donors import DonorOutcome
from shared.contracts.values import Channel
from shared.messaging.decision import Decision, Ref
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    EVENTS,
    PHONE,
    VAULT,
    DecisionHarness,
    make_command,
    make_event,
    make_match_event,
    make_submission,
)
from tests.intake.door import Door, reads_in_memory


@pytest.fixture(autouse=True)
def _in_memory() -> Iterator[None]:
    with reads_in_memory():
        yield


def hear(harness: DecisionHarness, phone: str, id_: str = "1", code: str = "4821") -> Decision:
    inbound = Inbound("Y4821", id_, "/callbacks/tencent", Channel.SMS, phone=phone)
    kept = seal_message(VAULT, inbound, None)
    handle(harness, kept)
    data = HearDonor(
        message_id=kept.message_id,
        point_id=kept.point_id,
        earlier_id=derive_earlier_id(VAULT, inbound),
        verdict="accept",
        code=code,
        cause="other",
    )
    return handle(harness, data)


def handle(harness: DecisionHarness, data: Any) -> Decision:
    return harness.handle(COMMANDS[type(data)], make_command(data))


def test_an_answer_is_his_whom_the_phone_reaches() -> None:
    harness = DecisionHarness()
    harness.submit(make_submission(applicant={"name": "王芳", "phone": PHONE}))
    [request] = harness.requests()
    decision = hear(harness, PHONE)
    [said] = [fact for _, fact in decision.events if isinstance(fact, DonorReplied)]
    assert (said.person_ids, said.verdict, said.code) == ((request.person_id,), "accept", "4821")
    assert said.contact_id
    assert PHONE[-8:] not in said.contact_id
    [there] = [point.id for point in harness.points()]
    assert there not in said.contact_id, "nor does it say which of the vault's it is"
    assert not any(isinstance(fact, MessageQueued) for _, fact in decision.events)
    assert not hear(harness, PHONE).events, "a provider repeats what it had no answer to"


def test_an_answer_from_a_phone_that_reaches_nobody_is_read_by_a_person() -> None:
    harness = DecisionHarness()
    decision = hear(harness, "+8613700137000")
    assert any(isinstance(fact, MessageQueued) for _, fact in decision.events)
    assert not any(isinstance(fact, DonorReplied) for _, fact in decision.events)
    [message] = [state for state in harness.states.values() if isinstance(state, Message)]
    assert harness.states[Ref(Message, message.id)] == message
    assert message.state == "unread"


def test_a_phone_that_one_of_the_staff_gave_a_donor_answers_for_nobody() -> None:
    """A collector with a phone of his own would spend another's money."""
    harness = DecisionHarness()
    harness.submit(make_submission(applicant={"name": "王芳", "phone": PHONE}))
    [request] = harness.requests()
    given = "+8613700137000"
    correction = CorrectPerson(person_id=request.person_id, phone=given, reason="换了号码")
    speaker = Speaker(source="lin", kind="staff", area=CHASHAN)
    sealed = seal_correction(VAULT, speaker, harness.person(request.person_id), correction)
    handle(harness, sealed)
    decision = hear(harness, given)
    assert not any(isinstance(fact, DonorReplied) for _, fact in decision.events)
    assert any(isinstance(fact, MessageQueued) for _, fact in decision.events)


@pytest.mark.parametrize("outcome", ["unknown", "locked"])
def test_what_opened_nothing_is_read_by_a_person(outcome: DonorOutcome) -> None:
    """“不行12345” of somebody who means the city's hotline."""
    harness = DecisionHarness()
    harness.submit(make_submission(applicant={"name": "王芳", "phone": PHONE}))
    hear(harness, PHONE)
    message = find_message(harness)
    assert message.state == "understood"
    answered = DonorAnswered(
        donor_id=message.person_id, outcome=outcome, message_id=message.id, is_quiet=True
    )
    decision = harness.handle(EVENTS[DonorAnswered], make_event(answered, message.person_id))
    assert [fact for _, fact in decision.events if isinstance(fact, MessageQueued)]
    assert find_message(harness).waits
    told = [fact for _, fact in decision.events if isinstance(fact, MessageAnswered)]
    assert [fact.full_answer for fact in told] == ["unread"], "nobody else tells him anything"
    again = harness.handle(EVENTS[DonorAnswered], make_event(answered, message.person_id))
    assert not again.events, "once"


@pytest.mark.parametrize("outcome", ["accepted", "declined", "stale"])
def test_what_was_a_donors_answer_is_not(outcome: DonorOutcome) -> None:
    harness = DecisionHarness()
    harness.submit(make_submission(applicant={"name": "王芳", "phone": PHONE}))
    hear(harness, PHONE)
    message = find_message(harness)
    answered = DonorAnswered(donor_id=message.person_id, outcome=outcome, message_id=message.id)
    harness.handle(EVENTS[DonorAnswered], make_event(answered, message.person_id))
    assert find_message(harness).state == "understood"


def find_message(harness: DecisionHarness) -> Message:
    [message] = [state for state in harness.states.values() if isinstance(state, Message)]
    return message


def test_of_a_yes_alone_matching_hears_everybody_who_is_reached() -> None:
    """So that it counts only where one is."""
    harness = DecisionHarness()
    for number, name in enumerate(("王芳", "李四")):
        harness.submit(make_submission(applicant={"name": name, "phone": PHONE}), f"m-{number}")
    decision = hear(harness, PHONE, code="")
    [fact] = [fact for _, fact in decision.events if isinstance(fact, DonorReplied)]
    assert fact.code == ""
    assert set(fact.person_ids) == {request.person_id for request in harness.requests()}


def test_a_yes_alone_where_help_waits_is_no_donors_answer() -> None:
    harness = DecisionHarness()
    harness.submit()
    [request] = harness.requests()
    harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 1))
    decision = hear(harness, PHONE, code="")
    assert any(isinstance(fact, MessageQueued) for _, fact in decision.events)
    assert not any(isinstance(fact, DonorReplied) for _, fact in decision.events)


# --- N alone, the whole way ---


async def test_no_alone_is_heard_by_matching_and_stops_nothing() -> None:
    door = Door()
    await door.write("求轮椅1辆，虎门镇，张三")
    said = await door.write("N")
    [fact] = [fact for fact in said.facts if isinstance(fact, DonorReplied)]
    assert (fact.verdict, fact.code) == ("decline", "")
    assert said.message.reading == "donor"
    assert not any(person.opted_out for person in door.persons())
    assert not any(point.opted_out for point in door.points())


async def test_no_alone_to_whether_help_arrived_is_read_by_a_person_and_stops_nothing() -> None:
    door = Door()
    first = await door.write("求轮椅1辆，虎门镇，张三")
    door.deliver(str(first.message.request_id), "M-1")
    said = await door.write("n")
    assert not any(isinstance(fact, DonorReplied | ReplyUnderstood) for fact in said.facts)
    assert (said.message.reading, said.message.waits) == ("no", True)
    assert said.answers == ["noted"]
    assert not any(point.opted_out for point in door.points())
    yes = await door.write("1")
    assert not any(isinstance(fact, ReplyUnderstood) for fact in yes.facts), "it was doubted"


@pytest.mark.parametrize("written", ["退订", "TD", "T", "不要再发"])
async def test_what_stops_notices_does_so_still(written: str) -> None:
    door = Door()
    await door.write("求轮椅1辆，虎门镇，张三")
    assert (await door.write(written)).answers == ["opted_out"]
