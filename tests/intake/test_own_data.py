"""His own data by himself: from which contact he proves that it is he, and what he may then do."""

from typing import Any

import pytest

from services.intake.channels.text import Prove, understand
from services.intake.decide.sign_ins import name_applicant
from services.intake.model import (
    ContactPoint,
    CorrectPerson,
    Person,
    Request,
    RequestState,
    SealedCorrection,
    Speaker,
    UnderstandReply,
)
from services.intake.model.request import Portion
from services.intake.own.contacts import Address, find_address, find_contact_refusal
from services.intake.own.messages import CONTACT_NOT_OWN
from services.intake.pages.applicant import describe_next, list_confirmable
from services.intake.pages.own import format_correction, is_help_coming, read_correction
from services.intake.vault.messages import make_reply
from services.intake.vault.persons import Contact, derive_point_id, is_own_phone
from services.intake.vault.prepare import seal_correction
from shared.errors import Invalid, Message
from shared.messaging.decision import Command
from shared.phone_sign_in import AskSignIn
from shared.spoken_words import HearWord, SpokenWord
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    GRID,
    PHONE,
    VAULT,
    DecisionHarness,
    get_body,
    make_command,
    make_submission,
)

OTHER_PHONE = "+8613900139000"
WEB, SMS, HOTLINE = "/web", "/callbacks/tencent", "/channels/hotline"


class OwnDataHarness(DecisionHarness):
    """Who is recorded, and what a phone that sends his code may open."""

    def ask(self, message: str, source: str = GRID, **applicant: Any) -> str:
        """The person's id."""
        named = {"name": "张三", "phone": PHONE} | applicant
        collector = None if named["phone"] else "C-1"
        asked = make_submission(applicant=named, collector_id=collector)
        item = make_command(asked, key=f"{source}|{message}")
        body = get_body(self.decide_submission(item))
        return self.request(body["request_id"]).person_id

    def refuse(self, person_id: str, phone: str = PHONE) -> Message | None:
        points = {s.id: s for s in self.states.values() if isinstance(s, ContactPoint)}
        [person] = [s for s in self.states.values() if isinstance(s, Person) and s.id == person_id]
        own = {id_: points[id_] for id_ in person.points}
        people = {s.id: s for s in self.states.values() if isinstance(s, Person)}
        return find_contact_refusal(VAULT, person, own, derive_point_id(VAULT, phone=phone), people)

    def sign_in(self, person_id: str) -> None:
        """By the code that his phone was sent."""
        point_id = derive_point_id(VAULT, phone=PHONE)
        name = name_applicant(point_id)
        ask = COMMANDS[AskSignIn], Command(AskSignIn(person_id=person_id), "t-1", name)
        self.handle(*ask)
        [word] = [s for s in self.states.values() if isinstance(s, SpokenWord)]
        heard = HearWord(about=person_id, word_id=word.id, is_right=True)
        self.handle(COMMANDS[HearWord], Command(heard, principal=name))


def test_a_phone_that_is_said_to_be_his_own_proves_him() -> None:
    harness = OwnDataHarness()
    assert harness.refuse(harness.ask("1", WEB, contact_of="own")) is None


def test_a_phone_that_he_wrote_from_himself_proves_him() -> None:
    harness = OwnDataHarness()
    assert harness.refuse(harness.ask("1", SMS)) is None


@pytest.mark.parametrize("whose", ["collector", "family", "guardian", None])
def test_a_phone_of_another_or_of_nobody_known_proves_nobody(whose: str | None) -> None:
    harness = OwnDataHarness()
    assert harness.refuse(harness.ask("1", contact_of=whose)) is CONTACT_NOT_OWN


def test_a_phone_that_reaches_a_stranger_too_proves_nobody() -> None:
    harness = OwnDataHarness()
    first = harness.ask("1", contact_of="own")
    harness.ask("2", name="李四")
    assert harness.refuse(first) is CONTACT_NOT_OWN


@pytest.mark.parametrize("source", [GRID, SMS])
@pytest.mark.parametrize("is_later", [False, True])
def test_who_only_types_a_phone_takes_it_from_nobody_who_showed_more(
    source: str, *, is_later: bool
) -> None:
    """By a message from it, or by who recorded him; whichever came first."""
    harness = OwnDataHarness()
    if not is_later:
        harness.ask("1", WEB, name="李四", contact_of="own")
    own = harness.ask("2", source, contact_of="own")
    typing = harness.ask("3", WEB, name="李四", contact_of="own")
    assert harness.refuse(own) is None
    assert harness.refuse(typing) is CONTACT_NOT_OWN


def test_of_two_who_only_typed_a_phone_it_is_certainly_nobodys_until_a_code_is_entered() -> None:
    harness = OwnDataHarness()
    first = harness.ask("1", WEB, contact_of="own")
    harness.sign_in(first)
    second = harness.ask("2", WEB, name="李四", contact_of="own")
    assert harness.refuse(first) is None
    assert harness.refuse(second) is CONTACT_NOT_OWN
    third = OwnDataHarness()
    both = [third.ask(name, WEB, name=name, contact_of="own") for name in ("张三", "李四")]
    assert [third.refuse(each) for each in both] == [CONTACT_NOT_OWN, CONTACT_NOT_OWN]


def test_two_who_both_wrote_from_a_phone_are_still_told_apart_by_nobody() -> None:
    harness = OwnDataHarness()
    first = harness.ask("1", contact_of="own")
    harness.sign_in(first)
    harness.ask("2", SMS, name="李四")
    assert harness.refuse(first) is CONTACT_NOT_OWN


def test_his_own_phone_that_also_reaches_his_mother_proves_him() -> None:
    harness = OwnDataHarness()
    first = harness.ask("1", contact_of="own")
    mother = harness.ask("2", name="李四", contact_of="family")
    assert harness.refuse(first) is None
    assert harness.refuse(mother) is CONTACT_NOT_OWN


def test_a_phone_that_is_none_of_his_proves_nobody() -> None:
    harness = OwnDataHarness()
    first = harness.ask("1", contact_of="own")
    assert harness.refuse(first, OTHER_PHONE) is CONTACT_NOT_OWN


def test_who_knows_his_id_number_and_writes_from_another_phone_proves_nobody() -> None:
    """Nor does he keep the person from his own phone."""
    number = "441999194910011238"
    harness = OwnDataHarness()
    first = harness.ask("1", contact_of="own", id_number=number)
    assert harness.ask("2", SMS, phone=OTHER_PHONE, id_number=number) == first
    assert harness.refuse(first, OTHER_PHONE) is CONTACT_NOT_OWN
    assert harness.refuse(first) is None


def test_a_channel_that_knows_name_and_id_number_gives_him_no_phone_that_speaks() -> None:
    """A hotline's clerk with a second phone would read all that is known of him."""
    number = "441999194910011238"
    harness = OwnDataHarness()
    first = harness.ask("1", phone=None, id_number=number)
    assert harness.ask("2", HOTLINE, phone=OTHER_PHONE, id_number=number) == first
    assert harness.refuse(first, OTHER_PHONE) is CONTACT_NOT_OWN
    assert harness.ask("3", SMS, phone=OTHER_PHONE) == first
    assert harness.refuse(first, OTHER_PHONE) is CONTACT_NOT_OWN


@pytest.mark.parametrize("whose", ["collector", "family"])
def test_nobody_makes_anothers_phone_his_own_by_typing_it_into_the_public_page(whose: str) -> None:
    harness = OwnDataHarness()
    first = harness.ask("1", contact_of=whose)
    assert harness.ask("2", WEB, contact_of="own") == first
    assert harness.refuse(first) is CONTACT_NOT_OWN
    [point] = [s for s in harness.states.values() if isinstance(s, ContactPoint)]
    link = point.find_link(first)
    assert link is not None
    assert link.whose == whose


def test_a_phone_that_one_of_the_staff_gave_a_known_person_is_not_certainly_his() -> None:
    """A collector would sign in as any donor by a phone of his own."""
    harness = OwnDataHarness()
    donor = harness.ask("1", "/partners/chamber", phone=PHONE)
    correction = CorrectPerson(person_id=donor, phone=OTHER_PHONE, reason="换号")
    proven = []
    for name in ("lin", "mei"):
        speaker = Speaker(source=name, kind="staff", area=CHASHAN)
        sealed = seal_correction(VAULT, speaker, harness.person(donor), correction)
        harness.handle(COMMANDS[SealedCorrection], make_command(sealed))
        [point] = [p for p in harness.points() if p.id == derive_point_id(VAULT, phone=OTHER_PHONE)]
        person = harness.person(donor)
        proven.append(is_own_phone(VAULT, person, point, OTHER_PHONE, lambda _: False))
    reply = make_reply(VAULT, "Y-1", "received", phone=OTHER_PHONE)
    harness.handle(COMMANDS[UnderstandReply], Command(reply, principal=SMS))
    [point] = [p for p in harness.points() if p.id == derive_point_id(VAULT, phone=OTHER_PHONE)]
    proven.append(is_own_phone(VAULT, harness.person(donor), point, OTHER_PHONE, lambda _: False))
    assert proven == [False, False, True], "two say whose it is, and it spoke"


# --- the code, and what it opens ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "MYSELF 12345678",
        "myself 12345678.",
        "Me 12345678",
        "本人 12345678",
        "本人12345678。",
        "本人：１２３４５６７８",
    ],
)
def test_the_code_is_read_as_a_person_sends_it(text: str) -> None:
    assert understand(text) == Prove("12345678")


@pytest.mark.parametrize(
    "text",
    [
        "MYSELF 4821",
        "me too 12345678",
        "本人 1234567",
        "本人张三 12345678",
        "本人 123456789",
        "本人",
    ],
)
def test_what_is_no_code_is_read_as_before(text: str) -> None:
    assert not isinstance(understand(text), Prove)


@pytest.mark.parametrize(
    ("stage", "comes"), [("committed", True), ("delivered", True), ("confirmed", False)]
)
def test_help_comes_until_it_is_confirmed(stage: Any, *, comes: bool) -> None:
    fields: dict[str, Any] = {"matches": {"M-1": Portion(quantity=1, stage=stage)}}
    assert is_help_coming([Request.model_construct(**fields)]) is comes


def test_a_correction_says_what_changes_and_that_a_new_phone_is_unproven() -> None:
    lines = read_correction({"name": "张珊", "phone": "139 0013 9000", "address": " ", "x": "y"})
    assert lines == {"name": "张珊", "phone": OTHER_PHONE}
    text = format_correction("R-1", lines)
    assert "姓名改为“张珊”；手机改为“+8613900139000”" in text
    assert "先打通并核实" in text
    assert "核实" not in format_correction("R-1", {"name": "张珊"})


def test_a_wrong_phone_is_said_of_its_field() -> None:
    with pytest.raises(Invalid) as refused:
        read_correction({"phone": "0769"})
    assert [problem.field for problem in refused.value.problems] == ["phone"]


def test_what_he_asks_for_stands_under_the_contact_he_proved_and_no_other() -> None:
    """A phone beside his WeChat account may be one that a third party named."""
    contact = Contact(name="张三", phone=PHONE, openid="o-1")
    by_phone, by_account = derive_point_id(VAULT, phone=PHONE), derive_point_id(VAULT, openid="o-1")
    assert find_address(VAULT, contact, by_phone) == Address(phone=PHONE)
    assert find_address(VAULT, contact, by_account) == Address(openid="o-1")
    assert find_address(VAULT, contact, derive_point_id(VAULT, phone=OTHER_PHONE)) is None


@pytest.mark.parametrize(("source", "is_his"), [(WEB, False), (SMS, True), (GRID, True)])
def test_who_typed_it_on_the_public_page_does_not_say_that_the_help_arrived(
    source: str, *, is_his: bool
) -> None:
    """Else who brings it asks in the person's name, and confirms by the link that he got."""
    harness = OwnDataHarness()
    person_id = harness.ask("1", source, contact_of="own")
    [asked] = [request for request in harness.requests() if request.person_id == person_id]
    brought = asked.model_copy(
        update={
            "state": RequestState.OPEN,
            "matches": {"M-1": Portion(quantity=1, stage="delivered")},
        }
    )
    assert bool(list_confirmable(brought)) is is_his
    assert ("在下面" in describe_next(brought, 5)[0]) is is_his
