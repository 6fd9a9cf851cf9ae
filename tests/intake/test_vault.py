"""The vault: what is sealed is read back by whoever has the key, and by nobody once it is gone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake import person_views, views
from services.intake.channels.text import NAMELESS
from services.intake.decide.persons import with_awaited
from services.intake.model import (
    CONTACT,
    SMS_SOURCE,
    WECHAT_SOURCE,
    BindOpenid,
    ContactPoint,
    ErasePerson,
    ForgetOpenid,
    Person,
    RegisterParty,
    UnderstandReply,
    WithdrawRequest,
)
from services.intake.model import OPENID as OPENID_RECORD
from services.intake.vault.messages import make_reply
from services.intake.vault.persons import (
    derive_earlier_person_id,
    derive_point_id,
    open_contact,
    open_text,
    seal_openid,
)
from services.intake.vault.prepare import make_binding, prepare_party
from shared.contracts.events import MatchConfirmed, MatchDelivered, RequestSubmitted
from shared.messaging.decision import Decision
from shared.messaging.sealing import UnreadableError
from tests.intake.builders import (
    COMMANDS,
    EVENTS,
    PHONE,
    VAULT,
    DecisionHarness,
    find_credential,
    get_body,
    make_command,
    make_match_event,
    make_submission,
)
from tests.support.sealing import make_vault

OPENID = "oABC_123"
BOTH = {"name": "张三", "phone": PHONE, "wechat_openid": OPENID}
CHAMBER, CLUB = "/partners/chamber", "/partners/club"


def erase(harness: DecisionHarness, person_id: str) -> None:
    harness.handle(COMMANDS[ErasePerson], make_command(ErasePerson(person_id=person_id)))


def register(harness: DecisionHarness, speaks_as: str = CHAMBER, **party: str) -> str:
    return str(get_body(state(harness, speaks_as, **party))["person_id"])


def state(harness: DecisionHarness, speaks_as: str, **party: str) -> Decision:
    """What becomes of what somebody says of a person in `POST /parties`."""
    command = make_command(RegisterParty.model_validate(party), key=f"{speaks_as}|p-1")
    item = prepare_party(VAULT, find_credential, command)
    return harness.handle(COMMANDS[RegisterParty], item)


def unfollow(harness: DecisionHarness) -> None:
    forget = ForgetOpenid(
        point_id=derive_point_id(VAULT, openid=OPENID),
        earlier_id=derive_earlier_person_id(VAULT, "", None, OPENID, ""),
    )
    harness.handle(COMMANDS[ForgetOpenid], make_command(forget))


def write_from_wechat(harness: DecisionHarness, message: str = "m-9", **changed: Any) -> str:
    """A request of the person's own, from his openid; returns the person's id."""
    changed = {"applicant": {"name": "张三", "wechat_openid": OPENID}} | changed
    key = f"{WECHAT_SOURCE}|{message}"
    decision = harness.decide_submission(make_command(make_submission(**changed), key=key))
    return harness.request(get_body(decision)["request_id"]).person_id


def bind(harness: DecisionHarness, phone: str = PHONE, openid: str = OPENID) -> str:
    """The person sends the code of his WeChat from his phone; returns the person's id."""
    point_id = derive_point_id(VAULT, openid=openid)
    command = make_binding(VAULT, phone, seal_openid(VAULT, openid), point_id)
    decision = harness.handle(COMMANDS[BindOpenid], make_command(command))
    (person,) = [state for state in decision.states if isinstance(state, Person)]
    return person.id


@given(st.binary(max_size=500), st.text(max_size=20))
def test_what_is_sealed_comes_back(content: bytes, record: str) -> None:
    sealed = VAULT.seal(record, content)
    assert VAULT.open(record, sealed.cipher, sealed.key) == content
    assert len(content) < 4 or content not in sealed.cipher


def test_the_same_content_is_never_the_same_cipher() -> None:
    assert VAULT.seal("contact", b"x").cipher != VAULT.seal("contact", b"x").cipher


def test_another_vault_another_record_or_a_changed_byte_opens_nothing() -> None:
    sealed = VAULT.seal("contact", b"secret")
    changed = bytes([sealed.cipher[0] ^ 1]) + sealed.cipher[1:]
    for vault, record, cipher in (
        (make_vault(b"o" * 32), "contact", sealed.cipher),
        (VAULT, "openid", sealed.cipher),
        (VAULT, "contact", changed),
        (VAULT, "contact", b""),
    ):
        with pytest.raises(UnreadableError):
            vault.open(record, cipher, sealed.key)


def test_contact_and_text_are_read_back() -> None:
    harness = DecisionHarness()
    id_ = get_body(harness.submit(make_submission(applicant=BOTH)))["request_id"]
    request = harness.request(id_)
    person = harness.person(request.person_id)
    contact = open_contact(VAULT, person)
    assert (contact.name, contact.phone, contact.openid) == ("张三", PHONE, None)
    bind(harness)
    contact = open_contact(VAULT, harness.person(request.person_id))
    assert (contact.name, contact.phone, contact.openid) == ("张三", PHONE, OPENID)
    assert open_text(VAULT, person, request) == "想要一床新棉被"


def test_erasing_a_person_leaves_nothing_to_read_and_breaks_nothing() -> None:
    harness = DecisionHarness()
    id_ = get_body(harness.submit(make_submission(applicant=BOTH)))["request_id"]
    request = harness.request(id_)
    erase(harness, request.person_id)
    person = harness.person(request.person_id)
    assert person.keys == {}
    assert person_views.describe_contact(VAULT, person.id, person) == {
        "person_id": person.id,
        "phone": None,
        "openid": None,
        "opted_out": False,
        "wechat_opted_out": False,
        "account_id": None,
        "erased": True,
        "point_id": None,
        "channel": None,
        "language": "zh",
    }
    assert views.describe_personal(VAULT, request, person)["text"] is None
    assert harness.request(id_).state == "withdrawn", "nobody could help with it"
    harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 20_000))
    late = make_match_event(MatchConfirmed, request, 20_000)
    assert harness.handle(EVENTS[MatchConfirmed], late).events == ()


def test_an_erased_persons_old_texts_stay_unreadable_when_they_come_again() -> None:
    harness = DecisionHarness()
    first = harness.request(get_body(harness.submit(message="m-1"))["request_id"])
    harness.handle(COMMANDS[WithdrawRequest], make_command(WithdrawRequest(request_id=first.id)))
    erase(harness, first.person_id)
    second = harness.request(get_body(harness.submit(message="m-2"))["request_id"])
    person = harness.person(first.person_id)
    assert second.person_id == first.person_id
    assert not person.erased
    assert open_text(VAULT, person, first) is None
    assert open_text(VAULT, person, second) == "想要一床新棉被"


def test_unfollowing_forgets_the_openid_and_keeps_the_phone() -> None:
    harness = DecisionHarness()
    person = bind(harness)
    unfollow(harness)
    contact = open_contact(VAULT, harness.person(person))
    assert (contact.phone, contact.openid) == (PHONE, None)


def test_unfollowing_erases_whom_we_know_by_openid_alone() -> None:
    for named_by_himself in (True, False):
        harness = DecisionHarness()
        person = (
            write_from_wechat(harness)
            if named_by_himself
            else register(harness, name="张三", wechat_openid=OPENID)
        )
        unfollow(harness)
        assert harness.person(person).erased


def test_the_same_name_at_a_phone_is_the_same_person_whoever_brings_it() -> None:
    harness = DecisionHarness()
    party = register(harness, name="张三", phone=PHONE)
    assert register(harness, CLUB, name=" 张　三", phone=PHONE) == party
    request = harness.request(get_body(harness.submit())["request_id"])
    assert request.person_id == party
    other = register(harness, name="茶园公司", phone=PHONE)
    assert register(harness, name="茶园有限公司", phone=PHONE) not in (party, other)
    assert name_of(harness, party) == "张三"


# --- whose word binds a contact ---


def test_a_partner_that_was_there_first_binds_no_wechat_to_a_victims_phone() -> None:
    """Before the phone is known: neither then, nor once the victim asks for help."""
    harness = DecisionHarness()
    victim = register(harness, **BOTH | {"wechat_openid": "oTHIEF_1"})
    asked = make_submission(applicant={"name": "张三", "phone": PHONE})
    request = harness.request(get_body(harness.submit(asked))["request_id"])
    assert request.person_id == victim
    harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 1, "M-1"))
    contact = open_contact(VAULT, harness.person(victim))
    assert (contact.phone, contact.openid) == (PHONE, None)
    assert answer(harness, "Y-1", openid="oTHIEF_1") == "nothing_awaited"
    assert harness.person(victim).awaiting == ("M-1",)
    assert answer(harness, "Y-2", phone=PHONE) == "received"


def answer(
    harness: DecisionHarness, id_: str, *about: str, phone: str = "", openid: str = ""
) -> str:
    """What “收到” from that phone or openid comes to."""
    reply = make_reply(
        VAULT, id_, "received", phone=phone or None, openid=openid or None, references=about
    )
    return str(get_body(harness.handle(COMMANDS[UnderstandReply], make_command(reply)))["meaning"])


def test_no_third_party_binds_or_replaces_an_openid() -> None:
    harness = DecisionHarness()
    victim = bind(harness)
    thief = BOTH | {"wechat_openid": "oTHIEF_1"}
    for speaks_as in (CHAMBER, "/channels/grid", "chashan", "city"):
        assert register(harness, speaks_as, **thief) == victim
    harness.submit(make_submission(applicant=thief))
    assert open_contact(VAULT, harness.person(victim)).openid == OPENID
    brought = register(harness, name="李四", phone="+8613900139000", wechat_openid=OPENID)
    assert open_contact(VAULT, harness.person(brought)).openid is None


def test_who_writes_from_wechat_is_reached_there_and_answers_there() -> None:
    harness = DecisionHarness()
    person = register(harness, name="张三", wechat_openid=OPENID)
    assert open_contact(VAULT, harness.person(person)).openid is None, "a third party named it"
    assert write_from_wechat(harness) == person
    assert open_contact(VAULT, harness.person(person)).openid == OPENID


def test_a_bound_wechat_is_the_phones_person_afterwards_and_answers_for_both() -> None:
    harness = DecisionHarness()
    before = write_from_wechat(harness, "m-1")
    person = bind(harness)
    assert write_from_wechat(harness, "m-2", category="meals") == person == before
    assert open_contact(VAULT, harness.person(person)).phone == PHONE
    for number, request in enumerate(harness.requests(), 1):
        event = make_match_event(MatchDelivered, request, 1, f"M-{number}")
        harness.handle(EVENTS[MatchDelivered], event)
    assert answer(harness, "Y-0", openid=OPENID) == "which"
    assert [answer(harness, f"Y-{n}", f"M-{n}", openid=OPENID) for n in (1, 2)] == [
        "received",
        "received",
    ]
    assert answer(harness, "Y-3", openid=OPENID) == "nothing_awaited"
    assert harness.person(person).awaiting == ()


def test_who_was_forgotten_is_reached_again_once_they_write_themselves() -> None:
    harness = DecisionHarness()
    person = bind(harness)
    unfollow(harness)
    harness.submit(make_submission(applicant=BOTH, category="meals"))
    assert open_contact(VAULT, harness.person(person)).openid is None
    assert write_from_wechat(harness) != person, "nothing of the account was remembered"
    assert bind(harness) == person
    assert open_contact(VAULT, harness.person(person)).openid == OPENID


def test_a_phone_that_a_giver_alone_names_gets_notices_and_confirms_nothing() -> None:
    harness = DecisionHarness()
    person = register(harness, name="张三", phone=PHONE)
    harness.save(Decision(states=(with_awaited(harness.person(person), "M-1"),)))
    assert open_contact(VAULT, harness.person(person)).phone == PHONE
    assert answer(harness, "Y-1", phone=PHONE) == "contact_unproven"
    assert harness.person(person).awaiting == ("M-1",)
    bind(harness)
    assert answer(harness, "Y-2", phone=PHONE) == "received"


def test_of_persons_of_before_only_those_known_by_it_are_reached_by_their_openid() -> None:
    phone_person = derive_earlier_person_id(VAULT, "", PHONE, None, "")
    openid_person = derive_earlier_person_id(VAULT, "", None, OPENID, "")
    sealed = seal_openid(VAULT, OPENID)
    contact = VAULT.seal(CONTACT, json.dumps({"name": "张三", "phone": PHONE}).encode())
    keys = {OPENID_RECORD: sealed.key, CONTACT: contact.key}
    harness = DecisionHarness(
        *(
            Person(id=id_, openid=sealed.cipher, contact=contact.cipher, keys=keys)
            for id_ in (phone_person, openid_person)
        ),
        ContactPoint(id=derive_point_id(VAULT, openid=OPENID), person_id=phone_person),
    )
    seen = open_contact(VAULT, harness.person(phone_person))
    assert (seen.name, seen.phone, seen.openid) == ("张三", PHONE, None)
    assert open_contact(VAULT, harness.person(openid_person)).openid == OPENID
    assert write_from_wechat(harness) == openid_person, "a third party may have bound the other"


# --- whose word on a name counts ---


def test_a_later_name_at_a_phone_is_another_person_whoever_says_it() -> None:
    harness = DecisionHarness()
    person = register(harness, CLUB, name="阿三", phone=PHONE)
    for speaks_as in (CLUB, CHAMBER, "/channels/grid", "chashan", "city"):
        assert register(harness, speaks_as, name="别人", phone=PHONE) != person
    written = make_command(make_sms_request("张三丰"), key=f"{SMS_SOURCE}|m-1")
    id_ = get_body(harness.decide_submission(written))["request_id"]
    assert harness.request(id_).person_id != person
    assert name_of(harness, person) == "阿三"
    assert len(harness.person(person).registrations) == 1
    (point,) = harness.points()
    assert len(point.links) == 3


def name_of(harness: DecisionHarness, person_id: str) -> str | None:
    return open_contact(VAULT, harness.person(person_id)).name


def make_sms_request(name: str) -> RequestSubmitted:
    return make_submission(applicant={"name": name, "phone": PHONE})


def test_who_writes_without_a_name_keeps_the_one_that_others_gave() -> None:
    harness = DecisionHarness()
    person = register(harness, name="张三", phone=PHONE)
    harness.decide_submission(make_command(make_sms_request(NAMELESS), key=f"{SMS_SOURCE}|m-1"))
    assert name_of(harness, person) == "张三"
    assert harness.person(person).may_answer


def test_ids_cannot_be_tried_without_the_key() -> None:
    party = register(DecisionHarness(), name="张三", phone=PHONE)
    other = prepare_party(
        make_vault(b"o" * 32),
        find_credential,
        make_command(RegisterParty(name="张三", phone=PHONE)),
    ).data.naming.person_id
    assert party.startswith("P-")
    assert other != party
