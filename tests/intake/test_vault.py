"""The vault: what is sealed is read back by whoever has the key, and by nobody once it is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake import views
from services.intake.events import build_commands, build_events
from services.intake.model import (
    WECHAT_SOURCE,
    ErasePerson,
    ForgetOpenid,
    RegisterParty,
    WithdrawRequest,
)
from services.intake.vault.persons import open_contact, open_text
from services.intake.vault.prepare import prepare_party
from shared.contracts.events import MatchConfirmed, MatchDelivered
from shared.messaging.sealing import UnreadableError
from tests.intake.builders import (
    PHONE,
    RULES,
    VAULT,
    DecisionHarness,
    get_body,
    make_command,
    make_match_event,
    make_submission,
)
from tests.support.sealing import make_vault

EVENTS = build_events(VAULT, RULES)
COMMANDS = build_commands(VAULT, RULES)
OPENID = "oABC_123"
BOTH = {"name": "张三", "phone": PHONE, "wechat_openid": OPENID}


def erase(harness: DecisionHarness, person_id: str) -> None:
    harness.handle(COMMANDS[ErasePerson], make_command(ErasePerson(person_id=person_id)))


def register(harness: DecisionHarness, **party: str) -> str:
    item = prepare_party(VAULT, make_command(RegisterParty.model_validate(party)))
    return str(get_body(harness.handle(COMMANDS[RegisterParty], item))["person_id"])


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
    assert (contact.name, contact.phone, contact.openid) == ("张三", PHONE, OPENID)
    assert open_text(VAULT, person, request) == "想要一床新棉被"


def test_erasing_a_person_leaves_nothing_to_read_and_breaks_nothing() -> None:
    harness = DecisionHarness()
    id_ = get_body(harness.submit(make_submission(applicant=BOTH)))["request_id"]
    request = harness.request(id_)
    erase(harness, request.person_id)
    person = harness.person(request.person_id)
    assert person.keys == {}
    assert views.describe_contact(VAULT, person.id, person) == {
        "person_id": person.id,
        "phone": None,
        "openid": None,
        "opted_out": False,
        "erased": True,
    }
    assert views.describe_personal(VAULT, request, person)["text"] is None
    harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 20_000))
    closing = harness.handle(
        EVENTS[MatchConfirmed], make_match_event(MatchConfirmed, request, 20_000)
    )
    assert [type(fact).__name__ for _, fact in closing.events] == ["RequestClosed"]


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
    harness.submit(make_submission(applicant=BOTH))
    (handle,) = harness.handles()
    harness.handle(COMMANDS[ForgetOpenid], make_command(ForgetOpenid(handle_id=handle.id)))
    contact = open_contact(VAULT, harness.person(handle.person_id))
    assert (contact.phone, contact.openid) == (PHONE, None)


def test_unfollowing_erases_whom_we_know_by_openid_alone() -> None:
    harness = DecisionHarness()
    harness.submit(make_submission(applicant={"name": "张三", "wechat_openid": OPENID}))
    (handle,) = harness.handles()
    harness.handle(COMMANDS[ForgetOpenid], make_command(ForgetOpenid(handle_id=handle.id)))
    assert harness.person(handle.person_id).erased


def test_the_same_phone_is_the_same_person_whoever_brings_it() -> None:
    harness = DecisionHarness()
    party = register(harness, name="茶园公司", phone=PHONE)
    assert register(harness, name="茶园有限公司", phone=PHONE) == party
    request = harness.request(get_body(harness.submit())["request_id"])
    assert request.person_id == party


def test_an_openid_seen_with_a_phone_is_that_person_afterwards() -> None:
    harness = DecisionHarness()
    first = harness.request(get_body(harness.submit(make_submission(applicant=BOTH)))["request_id"])
    by_wechat = make_submission(applicant={"name": "张", "wechat_openid": OPENID}, category="meals")
    second = harness.request(get_body(harness.submit(by_wechat, message="m-2"))["request_id"])
    assert second.person_id == first.person_id
    assert open_contact(VAULT, harness.person(first.person_id)).phone == PHONE


def test_a_third_party_gives_no_known_person_its_own_openid() -> None:
    harness = DecisionHarness()
    victim = register(harness, name="张三", phone=PHONE)
    assert register(harness, **BOTH) == victim
    harness.submit(make_submission(applicant=BOTH))
    assert open_contact(VAULT, harness.person(victim)).openid is None
    assert harness.handles() == []


def test_a_third_party_replaces_no_openid() -> None:
    harness = DecisionHarness()
    victim = register(harness, **BOTH)
    register(harness, **BOTH | {"wechat_openid": "oTHIEF_1"})
    harness.submit(make_submission(applicant=BOTH | {"wechat_openid": "oTHIEF_1"}))
    assert open_contact(VAULT, harness.person(victim)).openid == OPENID
    assert [handle.person_id for handle in harness.handles()] == [victim]


def test_a_third_party_moves_no_openid_to_a_person_it_brings_in() -> None:
    harness = DecisionHarness()
    victim = register(harness, **BOTH)
    brought = register(harness, name="李四", phone="+8613900139000", wechat_openid=OPENID)
    assert brought != victim
    assert open_contact(VAULT, harness.person(brought)).openid is None
    assert [handle.person_id for handle in harness.handles()] == [victim]


def test_who_was_forgotten_is_reached_again_once_they_write_themselves() -> None:
    harness = DecisionHarness()
    harness.submit(make_submission(applicant=BOTH))
    (handle,) = harness.handles()
    harness.handle(COMMANDS[ForgetOpenid], make_command(ForgetOpenid(handle_id=handle.id)))
    asked = make_submission(applicant={"name": "张三", "wechat_openid": OPENID}, category="meals")
    harness.submit(asked, message="m-2")
    assert open_contact(VAULT, harness.person(handle.person_id)).openid is None
    harness.decide_submission(make_command(asked, key=f"{WECHAT_SOURCE}|m-3"))
    assert open_contact(VAULT, harness.person(handle.person_id)).openid == OPENID


def test_ids_cannot_be_tried_without_the_key() -> None:
    party = register(DecisionHarness(), name="张三", phone=PHONE)
    other = prepare_party(
        make_vault(b"o" * 32), make_command(RegisterParty(name="张三", phone=PHONE))
    ).data.person_id
    assert party.startswith("P-")
    assert other != party
