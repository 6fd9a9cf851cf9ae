"""A person is no phone: whom a message means, whom an answer is of, what an ID number joins."""

from typing import Any

import pytest

from services.intake.channels.text import NAMELESS
from services.intake.model import (
    CorrectPerson,
    ErasePerson,
    KeepMessage,
    RegisterParty,
    SealedCorrection,
    Speaker,
    UnderstandReply,
)
from services.intake.settings import IntakeSettings
from services.intake.vault.messages import Inbound, make_reply, seal_message
from services.intake.vault.persons import derive_point_id, open_contact
from services.intake.vault.prepare import (
    prepare_party,
    seal_correction,
)
from shared.contracts.events import MatchDelivered
from shared.contracts.values import Channel
from shared.errors import Invalid
from shared.id_numbers import find_id_problem
from shared.messaging.decision import Command
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    EVENTS,
    PHONE,
    VAULT,
    DecisionHarness,
    find_credential,
    get_body,
    list_facts,
    make_command,
    make_match_event,
    make_submission,
)

OTHER_PHONE = "+8613900139000"
# Of nobody: the region of a county that does not exist.
ID_NUMBER, OTHER_ID = "441999194910011238", "441999195505055557"
SMS, GRID, HOTLINE = "/callbacks/tencent", "/channels/grid", "/channels/hotline"
GOODS: dict[str, Any] = {"need": {"unit": "床", "quantity": 1, "item": "棉被"}}


class IdentityHarness(DecisionHarness):
    """What comes in by any door, and whose it is."""

    last: dict[str, Any]

    def ask(self, message: str, source: str = GRID, *, need: Any = GOODS, **applicant: Any) -> str:
        """The person's id."""
        applicant = {"name": "王芳"} | applicant
        place = {"area": {"town_code": CHASHAN, "village_code": "441900103001"}}
        asked = make_submission(applicant=applicant, collector_id="C-1", **place | need)
        item = make_command(asked, key=f"{source}|{message}")
        self.last = get_body(self.decide_submission(item))
        return self.request(self.last["request_id"]).person_id

    def register(self, speaks_as: str, **party: Any) -> str:
        command = make_command(RegisterParty.model_validate(party), key=f"{speaks_as}|p")
        item = prepare_party(VAULT, find_credential, command)
        return str(get_body(self.handle(COMMANDS[RegisterParty], item))["person_id"])

    def deliver(self, match_id: str) -> None:
        """Of the last request."""
        request = self.request(self.last["request_id"])
        event = make_match_event(MatchDelivered, request, 1, match_id)
        self.handle(EVENTS[MatchDelivered], event)

    def answer(self, phone: str, id_: str = "Y-1", source: str = SMS) -> dict[str, Any]:
        reply = make_reply(VAULT, id_, "received", phone=phone, openid=None)
        return get_body(self.handle(COMMANDS[UnderstandReply], Command(reply, principal=source)))

    def correct(self, person_id: str, by: str, phone: str) -> None:
        """Of his phone, by one of the staff who looked into it."""
        correction = CorrectPerson(person_id=person_id, phone=phone, reason="换了号码")
        speaker = Speaker(source=f"/desk/{by}", kind="staff", area=CHASHAN, holder=by)
        sealed = seal_correction(VAULT, speaker, self.person(person_id), correction)
        self.handle(COMMANDS[SealedCorrection], make_command(sealed))

    def write(self, phone: str, id_: str, source: str = SMS) -> None:
        """Whatever, by SMS: kept before anybody knows what it means."""
        inbound = Inbound("你好", id_, source, Channel.SMS, phone=phone)
        kept = seal_message(VAULT, inbound, None)
        self.handle(COMMANDS[KeepMessage], Command(kept, principal=source))

    def has_voice(self, person_id: str, phone: str) -> bool:
        [point] = [p for p in self.points() if p.id == derive_point_id(VAULT, phone=phone)]
        link = point.find_link(person_id)
        return link is not None and link.may_answer and not link.entered_by

    def reasons(self) -> list[str]:
        return [reason["code"] for reason in self.last.get("waits_for", ())]


def test_two_names_at_one_phone_are_two_persons_with_a_wish_each() -> None:
    harness = IdentityHarness()
    first = harness.ask("1", name="张三", phone=PHONE)
    second = harness.ask("2", name="李四", phone=PHONE)
    assert (len(harness.requests()), first != second) == (2, True)
    names = [open_contact(VAULT, harness.person(id_)).name for id_ in (first, second)]
    assert names == ["张三", "李四"]
    (point,) = harness.points()
    assert [link.person_id for link in point.links] == [first, second]


def test_two_of_one_name_in_a_village_without_a_phone_are_two_persons() -> None:
    harness = IdentityHarness()
    assert harness.ask("1") != harness.ask("2", source="/channels/other")
    assert {request.state for request in harness.requests()} == {"open"}


def test_names_alone_open_no_cap_of_their_own() -> None:
    """Neither a fresh name at a phone, nor a fresh person of one name in a village."""
    harness = IdentityHarness()
    rules = IntakeSettings().rules
    for n in range(rules.person_openings_max + 1):
        harness.ask(f"p{n}", SMS, name=f"王{n}号", phone=PHONE)
    assert harness.reasons() == ["person_often"], "nobody has met any of them"
    for n in range(rules.person_openings_max + 1):
        harness.ask(f"n{n}", "/channels/unknown")
    assert harness.reasons() == ["person_often"]
    for n in range(rules.person_openings_max + 1):
        harness.ask(f"i{n}", SMS, name=f"李{n}号", phone=f"+861390013900{n}", id_number=ID_NUMBER)
    assert harness.reasons() == ["person_often"], "nor a fresh name beside an ID number"


def test_a_family_that_was_met_has_a_cap_each_and_one_for_its_phone() -> None:
    harness = IdentityHarness()
    for n, reasons in enumerate(([], [], [], [], [], ["contact_often"])):
        harness.ask(f"{n}", name=f"王{n}号", phone=PHONE, need={})
        assert harness.reasons() == reasons


def test_the_same_id_number_and_name_are_one_person_at_any_phone() -> None:
    harness = IdentityHarness()
    person = harness.ask("1", phone=PHONE, id_number=ID_NUMBER)
    assert harness.ask("2", phone=OTHER_PHONE, id_number=ID_NUMBER.lower()) == person
    assert harness.ask("3", id_number=ID_NUMBER) == person
    assert harness.ask("4", name="李四", id_number=ID_NUMBER) != person, "a question to staff"
    assert open_contact(VAULT, harness.person(person)).id_number == ID_NUMBER


def test_two_of_one_name_at_a_phone_are_two_where_their_id_numbers_differ() -> None:
    harness = IdentityHarness()
    first = harness.ask("1", phone=PHONE, id_number=ID_NUMBER)
    second = harness.ask("2", phone=PHONE, id_number=OTHER_ID)
    assert first != second == harness.ask("3", phone=PHONE, id_number=OTHER_ID)


def test_a_related_party_with_a_second_phone_is_the_person_that_finance_declared() -> None:
    harness = IdentityHarness()
    declared = harness.register("city", name="王芳", phone=PHONE, id_number=ID_NUMBER)
    assert harness.ask("1", phone=OTHER_PHONE, id_number=ID_NUMBER) == declared


def test_no_third_party_learns_by_an_id_number_whose_it_is() -> None:
    harness = IdentityHarness()
    person = harness.ask("1", phone=PHONE, id_number=ID_NUMBER)
    party = {"name": "王芳", "id_number": ID_NUMBER}
    assert harness.register("/partners/chamber", **party, phone=OTHER_PHONE) != person
    assert harness.register("/partners/chamber", **party) != person


def test_a_phone_that_a_channel_adds_by_an_id_number_answers_for_nothing_of_before() -> None:
    harness = IdentityHarness()
    harness.ask("1", phone=PHONE, id_number=ID_NUMBER)
    harness.deliver("M-1")
    harness.ask("2", "/channels/unknown", phone=OTHER_PHONE, id_number=ID_NUMBER, need={})
    assert harness.reasons() == ["person_unseen"], "nor is who was met the one who now asks"
    assert harness.answer(OTHER_PHONE) == {"meaning": "contact_unproven"}
    assert harness.answer(PHONE, "Y-2") == {"meaning": "received", "match_id": "M-1"}


def test_who_records_does_not_answer_by_his_own_phone() -> None:
    harness = IdentityHarness()
    harness.ask("1", phone=PHONE, contact_of="collector")
    harness.deliver("M-1")
    assert harness.answer(PHONE) == {"meaning": "contact_unproven"}


def test_one_answer_of_a_phone_where_two_wait_confirms_nothing() -> None:
    harness = IdentityHarness()
    for number, name in enumerate(("张三", "李四")):
        harness.ask(name, name=name, phone=PHONE)
        harness.deliver(f"M-{number}")
    assert harness.answer(PHONE) == {"meaning": "which", "references": ["M-0", "M-1"]}
    assert [len(harness.person(r.person_id).awaiting) for r in harness.requests()] == [1, 1]


def test_who_writes_without_a_name_is_whom_his_phone_reaches_if_it_is_one() -> None:
    harness = IdentityHarness()
    nameless = harness.ask("1", SMS, name=NAMELESS, phone=PHONE)
    assert harness.ask("2", SMS, name="张三", phone=PHONE) == nameless, "now he says it"
    assert harness.ask("3", SMS, name=NAMELESS, phone=PHONE) == nameless
    harness.ask("4", GRID, name="李四", phone=PHONE)
    assert harness.ask("5", SMS, name=NAMELESS, phone=PHONE) == nameless, "it is his own"


def test_erasing_one_of_two_at_a_phone_leaves_the_other_whole() -> None:
    harness = IdentityHarness()
    first = harness.ask("1", name="张三", phone=PHONE, id_number=ID_NUMBER)
    second = harness.ask("2", name="李四", phone=PHONE)
    harness.deliver("M-1")
    erase = make_command(ErasePerson(person_id=first))
    erased = harness.handle(COMMANDS[ErasePerson], erase)
    assert list_facts(erased) == ["RequestWithdrawn", "PersonErased"]
    contact = open_contact(VAULT, harness.person(second))
    assert (contact.name, contact.phone) == ("李四", PHONE)
    assert harness.answer(PHONE) == {"meaning": "received", "match_id": "M-1"}
    again = harness.ask("3", name="张三", phone=OTHER_PHONE, id_number=ID_NUMBER)
    assert again != first, "the number was forgotten"


def test_what_an_erased_persons_text_had_in_common_with_others_is_gone() -> None:
    harness = IdentityHarness()
    words = GOODS | {"text": "家里老人瘫痪，求一辆轮椅"}
    person_id = harness.ask("1", name="张三", phone=PHONE, need=words)
    (request,) = harness.requests()
    assert request.bands
    assert request.marks
    harness.handle(COMMANDS[ErasePerson], make_command(ErasePerson(person_id=person_id)))
    (request,) = harness.requests()
    assert (request.bands, request.marks) == ((), b"")


def test_what_staff_correct_counts_first_and_everything_said_stays() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", SMS, name="王方", phone=PHONE, id_number=ID_NUMBER)
    correction = CorrectPerson(
        person_id=person_id, name="王芳", phone=OTHER_PHONE, reason="看过身份证"
    )
    for area, status in (("441900104", 403), (CHASHAN, 200)):
        speaker = Speaker(source="lin", kind="staff", area=area)
        sealed = seal_correction(VAULT, speaker, harness.person(person_id), correction)
        answer = harness.handle(COMMANDS[SealedCorrection], make_command(sealed)).answer
        assert answer is not None
        assert answer.status == status
    person = harness.person(person_id)
    contact = open_contact(VAULT, person)
    assert (contact.name, contact.phone) == ("王芳", OTHER_PHONE)
    assert contact.id_number == ID_NUMBER
    assert len(person.registrations) == 2
    assert harness.ask("2", SMS, phone=OTHER_PHONE) == person_id
    assert harness.ask("3", SMS, name="王方", phone=PHONE) != person_id, "that phone is not his"


@pytest.mark.parametrize(
    ("area", "wrong"), [("", "id_number_taken"), (CHASHAN, "id_number_elsewhere")]
)
def test_whose_an_id_number_is_only_those_read_who_may_read_of_him(area: str, wrong: str) -> None:
    harness = IdentityHarness()
    there = GOODS | {"area": {"town_code": "441900104"}}
    holder = harness.ask("1", name="王芳", phone=PHONE, id_number=ID_NUMBER, need=there)
    person_id = harness.ask("2", name="张三", phone=OTHER_PHONE)
    correction = CorrectPerson(
        person_id=person_id, name="王芳", id_number=ID_NUMBER, reason="看过身份证"
    )
    speaker = Speaker(source="lin", kind="staff", area=area)
    sealed = seal_correction(VAULT, speaker, harness.person(person_id), correction)
    answer = harness.handle(COMMANDS[SealedCorrection], make_command(sealed)).answer
    assert answer is not None
    assert answer.body["problems"][0]["code"] == wrong
    assert (holder in repr(answer.body)) is (area == "")


def test_a_phone_that_staff_put_in_while_help_is_under_way_confirms_nothing() -> None:
    """A collector with a phone of his own would have what never came paid."""
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE)
    harness.deliver("M-1")
    correction = CorrectPerson(person_id=person_id, phone=OTHER_PHONE, reason="换了号码")
    speaker = Speaker(source="lin", kind="staff", area=CHASHAN)
    sealed = seal_correction(VAULT, speaker, harness.person(person_id), correction)
    harness.handle(COMMANDS[SealedCorrection], make_command(sealed))
    harness.answer(OTHER_PHONE)
    assert harness.person(person_id).awaiting == ("M-1",)
    assert harness.ask("2", SMS, phone=OTHER_PHONE) == person_id
    harness.answer(OTHER_PHONE, "Y-2")
    assert harness.person(person_id).awaiting == ("M-1",), "who knows the name can write it"
    harness.correct(person_id, "mei", OTHER_PHONE)
    assert not harness.has_voice(person_id, OTHER_PHONE), "two of the staff speak for nobody"
    harness.answer(OTHER_PHONE, "Y-3", source=HOTLINE)
    assert harness.person(person_id).awaiting == ("M-1",), "it was not the phone that said it"
    harness.answer(OTHER_PHONE, "Y-4")
    assert harness.has_voice(person_id, OTHER_PHONE), "the phone spoke, and two say whose it is"


def test_a_phone_that_came_with_an_id_number_neither_answers_nor_takes_his_notices() -> None:
    harness = IdentityHarness()
    person_id = harness.ask("1", phone=PHONE, id_number=ID_NUMBER)
    harness.deliver("M-1")
    assert harness.ask("2", HOTLINE, phone=OTHER_PHONE, id_number=ID_NUMBER) == person_id
    for n, words in enumerate(({}, {"id_number": ID_NUMBER})):
        assert harness.ask(f"s{n}", SMS, phone=OTHER_PHONE, **words) == person_id
        harness.answer(OTHER_PHONE, f"Y-{n}")
        assert harness.person(person_id).awaiting == ("M-1",)
        assert open_contact(VAULT, harness.person(person_id)).phone == PHONE
    harness.answer(PHONE, "Y-own")
    assert harness.person(person_id).awaiting == ()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (ID_NUMBER, None),
        ("441999491001123", "id_number_old"),
        (ID_NUMBER[:-1] + "X", "id_number_wrong"),
        ("441999194913011236", "id_number_wrong"),
    ],
)
def test_an_id_number_is_checked(number: str, code: str | None) -> None:
    message = find_id_problem(number)
    assert (message.code if message else None) == code
    if code:
        with pytest.raises(Invalid) as refused:
            IdentityHarness().ask("1", phone=PHONE, id_number=number)
        assert refused.value.problems[0].code == code
        with pytest.raises(Invalid):
            IdentityHarness().register("city", name="王芳", id_number=number)


def test_a_message_of_before_id_numbers_is_the_same_message() -> None:
    said = make_submission().model_dump_json()
    assert "id_number" not in said
    assert "contact_of" not in said
