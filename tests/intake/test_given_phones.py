"""A phone that staff gave a known person: by what it becomes his, and by what it does not."""

from typing import Literal

import pytest

from services.intake.model import (
    WECHAT_SOURCE,
    AnswerMeaning,
    BindOpenid,
    CorrectPerson,
    ErasePerson,
    RegisterParty,
    SealedCorrection,
    Speaker,
    UnderstandReply,
)
from services.intake.person_views import describe_notice_contact
from services.intake.vault.messages import make_reply
from services.intake.vault.persons import (
    choose_phone,
    derive_point_id,
    list_notice_points,
    seal_openid,
)
from services.intake.vault.prepare import make_binding, seal_correction, seal_party
from shared.messaging.decision import Command, Decision
from tests.intake.builders import CHASHAN, COMMANDS, PHONE, VAULT, make_command
from tests.intake.test_decide_identities import (
    HOTLINE,
    ID_NUMBER,
    OTHER_PHONE,
    SMS,
    IdentityHarness,
)

THIRD_PHONE = "+8613700137000"
MONEY = {"need": {"unit": "fen", "quantity": 300_00}}


def test_a_phone_that_a_colleague_types_again_is_no_more_the_persons() -> None:
    """He may only have read it on the record, which the collector wrote."""
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    harness.correct(person_id, "lin", OTHER_PHONE)
    for by in ("mei", "chen"):
        party = RegisterParty(name="王芳", phone=OTHER_PHONE)
        speaker = Speaker(source=f"/desk/{by}", kind="staff", area=CHASHAN, holder=by)
        harness.handle(COMMANDS[RegisterParty], make_command(seal_party(VAULT, speaker, party)))
    harness.answer(OTHER_PHONE, "w-1")
    assert not harness.has_voice(person_id, OTHER_PHONE)


@pytest.mark.parametrize(
    ("acts", "speaks"),
    [
        (("lin", "answer"), False),
        (("lin", "lin", "answer"), False),
        (("lin", "answer", "mei"), False),
        (("lin", "mei"), False),
        (("lin", "mei", "answer"), True),
    ],
)
def test_a_given_phone_speaks_after_two_looked_into_it_and_it_spoke(
    acts: tuple[str, ...], speaks: bool
) -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    for n, act in enumerate(acts):
        if act == "answer":
            harness.answer(OTHER_PHONE, f"w-{n}")
        else:
            harness.correct(person_id, act, OTHER_PHONE)
    assert harness.has_voice(person_id, OTHER_PHONE) is speaks


def test_who_writes_and_corrects_alone_gives_nobody_a_phone() -> None:
    """By name and ID number from his own phone first, then as one of the staff."""
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE, id_number=ID_NUMBER)
    assert harness.ask("2", SMS, phone=OTHER_PHONE, id_number=ID_NUMBER) == person_id
    for n in range(2):
        harness.correct(person_id, "lin", OTHER_PHONE)
        harness.answer(OTHER_PHONE, f"w-{n}")
    assert not harness.has_voice(person_id, OTHER_PHONE)
    harness.correct(person_id, "mei", OTHER_PHONE)
    harness.answer(OTHER_PHONE, "w-last")
    assert harness.has_voice(person_id, OTHER_PHONE)


def test_what_a_hotline_notes_of_a_call_is_no_message_from_that_phone() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    for by in ("lin", "mei"):
        harness.correct(person_id, by, OTHER_PHONE)
    harness.answer(OTHER_PHONE, "t-1", source=HOTLINE)
    assert not harness.has_voice(person_id, OTHER_PHONE)


@pytest.mark.parametrize("words", ["opted_out", "resumed", "no"])
def test_a_strangers_words_make_no_phone_the_persons(words: AnswerMeaning) -> None:
    """Two corrections to a number that was mistyped, and its owner complains."""
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    for by in ("lin", "mei"):
        harness.correct(person_id, by, OTHER_PHONE)
    harness.write(OTHER_PHONE, "w-1")
    reply = make_reply(VAULT, "Y-1", words, phone=OTHER_PHONE)
    harness.handle(COMMANDS[UnderstandReply], Command(reply, principal=SMS))
    assert not harness.has_voice(person_id, OTHER_PHONE)
    harness.answer(OTHER_PHONE, "Y-2")
    assert harness.has_voice(person_id, OTHER_PHONE)


def test_a_yes_behind_a_complaint_that_nobody_read_makes_no_phone_the_persons() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    harness.deliver("M-1")
    for by in ("lin", "mei"):
        harness.correct(person_id, by, OTHER_PHONE)
    harness.write(OTHER_PHONE, "w-1")
    harness.answer(OTHER_PHONE)
    assert not harness.has_voice(person_id, OTHER_PHONE)
    assert harness.person(person_id).awaiting == ("M-1",)


def test_the_yes_that_makes_it_the_persons_counts() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    harness.deliver("M-1")
    for by in ("lin", "mei"):
        harness.correct(person_id, by, OTHER_PHONE)
    assert harness.answer(OTHER_PHONE)["meaning"] == "received"
    assert not harness.person(person_id).awaiting


OPENID, OTHER_OPENID = "oTEST_own", "oTEST_other"


def bind(harness: IdentityHarness, openid: str, phone: str) -> None:
    point_id = derive_point_id(VAULT, openid=openid)
    binding = make_binding(VAULT, phone, seal_openid(VAULT, openid), point_id)
    harness.handle(COMMANDS[BindOpenid], make_command(binding))


def test_a_given_phone_is_his_by_the_account_that_was_his_before() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", WECHAT_SOURCE, wechat_openid=OPENID)
    harness.correct(person_id, "lin", OTHER_PHONE)
    bind(harness, OPENID, OTHER_PHONE)
    assert harness.has_voice(person_id, OTHER_PHONE)


def test_a_given_phone_gives_no_account_to_the_person() -> None:
    """A collector with a phone and an account of his own would get what is the person's."""
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    harness.correct(person_id, "lin", OTHER_PHONE)
    bind(harness, OTHER_OPENID, OTHER_PHONE)
    person = harness.person(person_id)
    assert (person.openid, person.openid_verified) == (None, False)
    assert not harness.has_voice(person_id, OTHER_PHONE)


def test_an_account_of_his_own_gives_no_voice_to_a_given_phone() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", WECHAT_SOURCE, wechat_openid=OPENID)
    harness.deliver("M-1")
    harness.correct(person_id, "lin", OTHER_PHONE)
    harness.answer(OTHER_PHONE)
    assert harness.person(person_id).awaiting == ("M-1",)


# --- where notices go -----------------------------------------------------------------------------


def find_phone(harness: IdentityHarness, person_id: str, *, is_donor: bool = True) -> str | None:
    points = {point.id: point for point in harness.points()}
    return choose_phone(VAULT, harness.person(person_id), points, is_donor=is_donor)


def test_proposals_go_to_the_phone_of_before_until_the_new_one_is_the_donors() -> None:
    """A collector who corrects it would read their numbers, and answer them."""
    harness = IdentityHarness()
    donor = harness.ask("1", phone=PHONE)
    harness.correct(donor, "lin", OTHER_PHONE)
    assert find_phone(harness, donor) == PHONE
    assert find_phone(harness, donor, is_donor=False) == OTHER_PHONE, "who asks hears there"
    harness.correct(donor, "lin", THIRD_PHONE)
    assert find_phone(harness, donor) == PHONE, "what was only given is no phone of before"
    harness.correct(donor, "mei", THIRD_PHONE)
    assert find_phone(harness, donor) == PHONE
    harness.answer(THIRD_PHONE, "w-1")
    assert find_phone(harness, donor) == THIRD_PHONE
    assert PHONE not in repr(harness.person(donor))


def test_a_phone_of_before_that_wants_no_notices_gets_none() -> None:
    """It may be a stranger's by now. Only the points that are loaded for a notice are known."""
    harness = IdentityHarness()
    donor = harness.ask("1", phone=PHONE)
    harness.correct(donor, "lin", OTHER_PHONE)
    reply = make_reply(VAULT, "Y-1", "opted_out", phone=PHONE, openid=None)
    harness.handle(COMMANDS[UnderstandReply], make_command(reply))
    person = harness.person(donor)
    loaded = list_notice_points(VAULT, person)
    points = {point.id: point for point in harness.points() if point.id in loaded}
    contact = describe_notice_contact(VAULT, person, points, is_donor=True)
    assert (contact["phone"], contact["opted_out"]) == (PHONE, True)
    asker = describe_notice_contact(VAULT, person, points, is_donor=False)
    assert (asker["phone"], asker["opted_out"]) == (OTHER_PHONE, False)


def test_a_hotlines_number_is_no_phone_of_whom_it_calls_for() -> None:
    """She was recorded without any phone, and the hotline knows her ID number."""
    harness = IdentityHarness()
    person_id = harness.ask("1", id_number=ID_NUMBER)
    assert harness.ask("2", HOTLINE, phone=OTHER_PHONE, id_number=ID_NUMBER) == person_id
    assert find_phone(harness, person_id, is_donor=False) is None
    harness.correct(person_id, "lin", OTHER_PHONE)
    assert find_phone(harness, person_id, is_donor=False) == OTHER_PHONE


def test_who_corrects_a_name_says_nothing_of_the_phone() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    harness.correct(person_id, "lin", OTHER_PHONE)
    correction = CorrectPerson(person_id=person_id, name="王方", reason="看过身份证")
    speaker = Speaker(source="/desk/mei", kind="staff", area=CHASHAN, holder="mei")
    sealed = seal_correction(VAULT, speaker, harness.person(person_id), correction)
    harness.handle(COMMANDS[SealedCorrection], make_command(sealed))
    harness.answer(OTHER_PHONE, "w-1")
    assert not harness.has_voice(person_id, OTHER_PHONE)
    assert find_phone(harness, person_id) == PHONE


def test_what_was_his_phone_goes_with_him() -> None:
    harness = IdentityHarness()
    donor = harness.ask("1", phone=PHONE)
    harness.correct(donor, "lin", OTHER_PHONE)
    harness.handle(COMMANDS[ErasePerson], make_command(ErasePerson(person_id=donor)))
    assert find_phone(harness, donor) is None


def test_a_slip_that_is_taken_back_costs_nobody_the_own_phone() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", SMS, phone=PHONE)
    harness.correct(person_id, "lin", OTHER_PHONE)
    assert not harness.has_voice(person_id, OTHER_PHONE)
    harness.correct(person_id, "lin", PHONE)
    assert harness.has_voice(person_id, PHONE)


def test_who_has_a_new_phone_of_his_own_gets_the_former_back_by_nobody_alone() -> None:
    """It may be another's by now."""
    harness = IdentityHarness()
    person_id = harness.ask("1", SMS, phone=PHONE)
    for by in ("lin", "mei"):
        harness.correct(person_id, by, OTHER_PHONE)
    harness.answer(OTHER_PHONE)
    assert harness.has_voice(person_id, OTHER_PHONE)
    harness.correct(person_id, "chen", PHONE)
    assert not harness.has_voice(person_id, PHONE)


def test_what_a_given_phone_asks_for_stands_on_no_meeting_of_the_persons() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE, need=MONEY)
    assert harness.request(harness.last["request_id"]).sighting is not None
    harness.correct(person_id, "lin", OTHER_PHONE)
    assert harness.ask("2", SMS, phone=OTHER_PHONE, need=MONEY) == person_id
    asked = harness.request(harness.last["request_id"])
    assert (asked.state, asked.sighting) == ("recorded", None)


@pytest.mark.parametrize("meaning", ["opted_out", "resumed"])
def test_a_given_phone_stops_and_starts_no_notices_of_the_persons(
    meaning: Literal["opted_out", "resumed"],
) -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    harness.correct(person_id, "lin", OTHER_PHONE)
    before = harness.person(person_id).model_copy(update={"opted_out": meaning == "resumed"})
    harness.save(Decision((before,)))
    reply = make_reply(VAULT, "Y-1", meaning, phone=OTHER_PHONE, openid=None)
    harness.handle(COMMANDS[UnderstandReply], make_command(reply))
    assert harness.person(person_id).opted_out is before.opted_out
