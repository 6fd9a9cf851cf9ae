"""Who comes in: credentials, record signatures and links, with the invariants that hold them."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.credentials import FIRST, issue_first
from shared.contracts import topics
from shared.errors import Invalid
from shared.link_tokens import LinkToken
from shared.moments import milliseconds
from shared.security import (
    PUBLISHES,
    Credential,
    Keyring,
    Role,
    Unauthenticated,
    create_root_key,
    issue,
    publisher_key,
    read_register,
    revoke,
    revoke_publisher,
    rotate_publisher,
    sign_record,
)
from tests.support.eventually import eventually

NOW = datetime(2022, 1, 20, 8, 0, tzinfo=UTC)
# What Identifier allows is what subjects are made of.
SUBJECTS = st.from_regex(r"\A[A-Za-z0-9_.:/@+-]{1,60}\Z")
PURPOSES = st.sampled_from(("donor", "confirm", "request"))
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    create_root_key(tmp_path)
    issue_first(tmp_path)
    return tmp_path


@pytest.fixture
def keyring(house: Path) -> Keyring:
    return Keyring(house)


def token(house: Path, id_: str) -> str:
    return (house / f"{id_}.token").read_text().strip()


# --- credentials ---


def test_a_first_start_issues_every_credential_once(house: Path, keyring: Keyring) -> None:
    for expected in FIRST:
        found = keyring.authenticate(token(house, expected.id))
        assert (found.id, found.roles, found.source) == (
            expected.id,
            expected.roles,
            expected.source,
        )
    before = {file.name: file.read_bytes() for file in house.iterdir()}
    issue_first(house)
    assert {file.name: file.read_bytes() for file in house.iterdir()} == before


def test_every_role_has_somebody_at_a_first_start() -> None:
    assert {role for credential in FIRST for role in credential.roles} == set(Role)


def test_a_later_start_brings_nobody_back(house: Path) -> None:
    revoke(house / "credentials.json", "bank")
    issue_first(house)
    with pytest.raises(Unauthenticated):
        Keyring(house).authenticate(token(house, "bank"))


def test_the_register_holds_no_secret_and_no_file_is_for_others(house: Path) -> None:
    register = (house / "credentials.json").read_text()
    for file in house.glob("*.token"):
        _, _, secret = file.read_text().strip().rpartition("_")
        assert len(bytes.fromhex(secret)) == 32
        assert secret not in register
        assert hashlib.sha256(secret.encode()).hexdigest() in register
    for file in (*house.glob("*.token"), house / "root.key", house / "credentials.json"):
        assert file.stat().st_mode & 0o077 == 0, file


@quick
@given(
    at=st.integers(min_value=0, max_value=200),
    put=st.characters(min_codepoint=33, max_codepoint=126),
)
def test_a_bearer_with_one_character_changed_is_refused(
    house: Path, keyring: Keyring, at: int, put: str
) -> None:
    good = token(house, "operator")
    place = at % len(good)
    forged = good[:place] + put + good[place + 1 :]
    if forged == good:
        assert keyring.authenticate(forged).id == "operator"
    else:
        with pytest.raises(Unauthenticated):
            keyring.authenticate(forged)


@pytest.mark.parametrize("bearer", ["", "gj", "gj_", "gj_operator", "gj_operator_", "x_operator_1"])
def test_what_is_no_bearer_is_refused(keyring: Keyring, bearer: str) -> None:
    with pytest.raises(Unauthenticated):
        keyring.authenticate(bearer)


def test_nobody_comes_in_with_the_secret_of_another(house: Path, keyring: Keyring) -> None:
    _, _, secret = token(house, "auditor").rpartition("_")
    with pytest.raises(Unauthenticated):
        keyring.authenticate(f"gj_operator_{secret}")


async def test_a_revoked_credential_is_refused_within_a_second(
    house: Path, keyring: Keyring
) -> None:
    bearer = token(house, "partner")
    keyring.authenticate(bearer)
    assert revoke(house / "credentials.json", "partner")
    await eventually(lambda: _refused(keyring, bearer), bool, within_s=1)


async def test_a_replaced_secret_ends_within_a_second(house: Path, keyring: Keyring) -> None:
    old = token(house, "partner")
    keyring.authenticate(old)
    fresh = issue(house / "credentials.json", keyring.authenticate(old))
    await eventually(lambda: _refused(keyring, old), bool, within_s=1)
    assert keyring.authenticate(fresh).id == "partner"


async def _refused(keyring: Keyring, bearer: str) -> bool:
    try:
        keyring.authenticate(bearer)
    except Unauthenticated:
        return True
    return False


def test_revoking_somebody_unknown_says_so(house: Path) -> None:
    register = house / "credentials.json"
    before = read_register(register)
    assert not revoke(register, "nobody")
    assert read_register(register) == before


@pytest.mark.parametrize(
    ("area", "sees"),
    [("", True), ("441900103", True), ("441900103001", True), ("441900104", False)],
)
def test_a_credential_sees_its_own_area_only(area: str, sees: bool) -> None:
    here = Credential(id="c", secret_sha256="", roles=frozenset({Role.COLLECTOR}), area=area)
    assert here.sees("441900103", "441900103001") is sees
    assert not here.sees("441900105") or area == ""


def test_a_village_does_not_see_what_is_only_known_of_its_town() -> None:
    village = Credential(id="c", secret_sha256="", roles=frozenset(), area="441900103001")
    assert not village.sees("441900103")


# --- whose it is, and until when ---


def test_the_credentials_of_one_human_act_as_one_principal() -> None:
    alone = Credential(id="fin-1", secret_sha256="", roles=frozenset())
    assert alone.principal == "fin-1"
    assert alone.model_copy(update={"holder": "staff-7"}).principal == "staff-7"


def test_a_name_of_a_person_is_no_holder() -> None:
    """It stands on the ledger: a staff number."""
    with pytest.raises(ValueError, match="holder"):
        Credential(id="c", secret_sha256="", roles=frozenset(), holder="王五")


def test_a_new_secret_leaves_the_holder(house: Path) -> None:
    register = house / "credentials.json"
    maker = Credential(
        id="m", secret_sha256="", roles=frozenset({Role.FINANCE_MAKER}), holder="staff-7"
    )
    issue(register, maker)
    bearer = issue(register, maker.model_copy(update={"holder": ""}))
    assert Keyring(house).authenticate(bearer).principal == "staff-7"


def test_an_expired_credential_neither_comes_in_nor_publishes(house: Path) -> None:
    source, topic, ends = "/channels/school", topics.REQUESTS_INBOUND, NOW + timedelta(days=30)
    school = Credential(
        id="school",
        secret_sha256="",
        roles=frozenset({Role.CHANNEL}),
        source=source,
        expires_at=ends,
    )
    bearer = issue(house / "credentials.json", school)
    before = Keyring(house, clock=lambda: ends - timedelta(microseconds=1))
    signature = before.sign_record(source, topic, b"{}")
    assert before.authenticate(bearer).id == "school"
    before.check_record(source, topic, b"{}", signature)
    after = Keyring(house, clock=lambda: ends)
    with pytest.raises(Unauthenticated):
        after.authenticate(bearer)
    _refuses(after, source, topic, b"{}", signature, "source_not_allowed")


def test_a_register_of_before_goes_on(house: Path) -> None:
    """Without holder, end and publisher keys in it."""
    register = house / "credentials.json"
    rows = json.loads(register.read_text())
    for row in rows:
        for field in ("holder", "expires_at", "publisher_keys"):
            del row[field]
    register.write_text(json.dumps(rows))
    keyring = Keyring(house)
    assert keyring.authenticate(token(house, "bank")).principal == "bank"
    key = publisher_key((house / "root.key").read_bytes(), "/bank/demo")
    assert keyring.find_publisher_key("/bank/demo") == key
    signature = sign_record(key, topics.DONATIONS_INBOUND, b"{}")
    keyring.check_record("/bank/demo", topics.DONATIONS_INBOUND, b"{}", signature)


# --- publisher keys ---

VILLAGE, INBOUND = "/channels/village", topics.REQUESTS_INBOUND


def test_replacing_a_credential_ends_its_publisher_key_unless_it_stays(house: Path) -> None:
    register = house / "credentials.json"
    village = next(c for c in FIRST if c.source == VILLAGE)
    old = Keyring(house).sign_record(VILLAGE, INBOUND, b"{}")
    issue(register, village, keeps_publisher_keys=True)
    Keyring(house).check_record(VILLAGE, INBOUND, b"{}", old)
    issue(register, village)
    replaced = Keyring(house)
    _refuses(replaced, VILLAGE, INBOUND, b"{}", old, "signature_wrong")
    key = replaced.find_publisher_key(VILLAGE)
    assert key is not None
    replaced.check_record(VILLAGE, INBOUND, b"{}", sign_record(key, INBOUND, b"{}"))


def test_two_keys_are_valid_while_one_takes_over(house: Path) -> None:
    ends = NOW + timedelta(hours=24)
    old = Keyring(house).sign_record(VILLAGE, INBOUND, b"{}")
    assert rotate_publisher(house / "credentials.json", VILLAGE, ends)
    during = Keyring(house, clock=lambda: ends - timedelta(microseconds=1))
    new = during.sign_record(VILLAGE, INBOUND, b"{}")
    assert new != old
    for signature in (old, new):
        during.check_record(VILLAGE, INBOUND, b"{}", signature)
    after = Keyring(house, clock=lambda: ends)
    after.check_record(VILLAGE, INBOUND, b"{}", new)
    _refuses(after, VILLAGE, INBOUND, b"{}", old, "signature_wrong")


def test_a_second_rotation_gives_no_key_more_time(house: Path) -> None:
    register, soon = house / "credentials.json", NOW + timedelta(hours=1)
    old = Keyring(house).sign_record(VILLAGE, INBOUND, b"{}")
    rotate_publisher(register, VILLAGE, soon)
    rotate_publisher(register, VILLAGE, soon + timedelta(hours=9))
    _refuses(Keyring(house, clock=lambda: soon), VILLAGE, INBOUND, b"{}", old, "signature_wrong")


def test_keys_of_one_publisher_are_revoked_alone(house: Path) -> None:
    register = house / "credentials.json"
    hotline = Keyring(house).sign_record("/channels/hotline", INBOUND, b"{}")
    old = Keyring(house).sign_record(VILLAGE, INBOUND, b"{}")
    assert revoke_publisher(register, VILLAGE)
    keyring = Keyring(house)
    _refuses(keyring, VILLAGE, INBOUND, b"{}", old, "source_not_allowed")
    assert keyring.find_publisher_key(VILLAGE) is None
    assert keyring.authenticate(token(house, "channel-village")).source == VILLAGE
    keyring.check_record("/channels/hotline", INBOUND, b"{}", hotline)
    rotate_publisher(register, VILLAGE, NOW)
    again = Keyring(house)
    again.check_record(VILLAGE, INBOUND, b"{}", again.sign_record(VILLAGE, INBOUND, b"{}"))
    _refuses(again, VILLAGE, INBOUND, b"{}", old, "signature_wrong")


def test_changing_the_keys_of_an_unknown_source_says_so(house: Path) -> None:
    register = house / "credentials.json"
    before = read_register(register)
    assert not revoke_publisher(register, "/nobody")
    assert not rotate_publisher(register, "/nobody", NOW)
    assert read_register(register) == before


# --- records ---


@quick
@given(source=st.sampled_from([c.source for c in FIRST if c.source]), value=st.binary())
def test_a_record_signed_by_its_source_is_taken(
    house: Path, keyring: Keyring, source: str, value: bytes
) -> None:
    topic = _topic_of(source)
    key = publisher_key((house / "root.key").read_bytes(), source)
    keyring.check_record(source, topic, value, sign_record(key, topic, value))


def _topic_of(source: str) -> str:
    (role,) = next(c.roles for c in FIRST if c.source == source)
    return PUBLISHES[role]


@quick
@given(value=st.binary(), other=st.binary(), signature=st.binary(max_size=80))
def test_a_forged_record_is_refused(
    keyring: Keyring, value: bytes, other: bytes, signature: bytes
) -> None:
    source, topic = "/channels/village", topics.REQUESTS_INBOUND
    good = keyring.sign_record(source, topic, value)
    _refuses(keyring, source, topic, value, None, "signature_wrong")
    _refuses(keyring, source, topic, value, signature, "signature_wrong")
    if other != value:
        _refuses(keyring, source, topic, other, good, "signature_wrong")
    foreign = keyring.sign_record("/channels/hotline", topic, value)
    _refuses(keyring, source, topic, value, foreign, "signature_wrong")


@pytest.mark.parametrize(
    "source", ["/channels/village", "/bank/demo", "/nobody", "/outside", "intake", ""]
)
@pytest.mark.parametrize("topic", [topic.name for topic in topics.TOPICS])
def test_a_foreign_source_writes_on_its_own_topic_alone(
    keyring: Keyring, source: str, topic: str
) -> None:
    allowed = {
        "/channels/village": {topics.REQUESTS_INBOUND},
        "/bank/demo": {topics.DONATIONS_INBOUND},
    }.get(source, set())
    good = keyring.sign_record(source, topic, b"{}")
    if topic in allowed:
        keyring.check_record(source, topic, b"{}", good)
    else:
        _refuses(keyring, source, topic, b"{}", good, "source_not_allowed")


def test_a_signature_is_what_openssl_computes() -> None:
    """`printf 'T\\nV' | openssl dgst -sha256 -mac hmac -macopt hexkey:00..00`."""
    signature = sign_record(bytes(32), "T", b"V")
    assert signature == b"f82bae0706326973a56059109c0008c97be8ffeb05f688808ebd8cd1d0abf9eb"


async def test_a_revoked_source_writes_no_more_within_a_second(
    house: Path, keyring: Keyring
) -> None:
    source, topic = "/channels/village", topics.REQUESTS_INBOUND
    good = keyring.sign_record(source, topic, b"{}")
    keyring.check_record(source, topic, b"{}", good)
    revoke(house / "credentials.json", "channel-village")

    async def refused() -> bool:
        try:
            keyring.check_record(source, topic, b"{}", good)
        except Invalid:
            return True
        return False

    await eventually(refused, bool, within_s=1)


def _refuses(
    keyring: Keyring, source: str, topic: str, value: bytes, signature: bytes | None, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        keyring.check_record(source, topic, value, signature)
    assert [problem.code for problem in refused.value.problems] == [code]


# --- links ---


@quick
@given(purpose=PURPOSES, subject=SUBJECTS, lives_s=st.integers(1, 10**8))
def test_a_link_opens_until_it_expires(
    keyring: Keyring, purpose: str, subject: str, lives_s: int
) -> None:
    ends = NOW + timedelta(seconds=lives_s)
    link = keyring.make_link(purpose, subject, ends)
    assert keyring.open_link(purpose, link, NOW).subject == subject
    assert keyring.open_link(purpose, link, ends - timedelta(microseconds=1)).subject == subject
    for late in (ends, ends + timedelta(days=1)):
        with pytest.raises(Unauthenticated):
            keyring.open_link(purpose, link, late)


def test_a_link_says_when_and_for_whom_it_was_made(keyring: Keyring) -> None:
    ends = NOW + timedelta(hours=1)
    link = keyring.make_link("donor", "M-1", ends, NOW, holder="P-1")
    opened = keyring.open_link("donor", link, NOW)
    assert opened.holder == "P-1"
    assert opened.made_ms == milliseconds(NOW)
    assert keyring.open_link("donor", f"{link}=", NOW).id == opened.id
    later = keyring.make_link("donor", "M-1", ends, NOW + timedelta(seconds=1), holder="P-1")
    assert keyring.read_link(later).id != opened.id


def test_a_link_that_was_sent_before_links_said_so_opens(keyring: Keyring) -> None:
    older = LinkToken("donor", "M-1", int((NOW + timedelta(hours=1)).timestamp()))
    opened = keyring.open_link("donor", older.seal(keyring.derive_key("links")), NOW)
    assert (opened.subject, opened.made_ms, opened.holder) == ("M-1", 0, "")


@quick
@given(subject=SUBJECTS, purpose=PURPOSES, other=PURPOSES)
def test_a_link_is_for_one_purpose(
    keyring: Keyring, subject: str, purpose: str, other: str
) -> None:
    link = keyring.make_link(purpose, subject, NOW + timedelta(hours=1))
    if other != purpose:
        with pytest.raises(Unauthenticated):
            keyring.open_link(other, link, NOW)


@quick
@given(at=st.integers(0, 500), put=st.sampled_from("ABCXYZabcxyz0189-_=.% ü"))
def test_a_link_with_one_character_changed_does_not_speak_of_anything_else(
    keyring: Keyring, at: int, put: str
) -> None:
    link = keyring.make_link("donor", "M-1", NOW + timedelta(hours=1))
    place = at % len(link)
    try:
        opened = keyring.open_link("donor", link[:place] + put + link[place + 1 :], NOW)
    except Unauthenticated:
        return
    assert opened == keyring.read_link(link)  # base64 has spellings that mean the same bytes


@quick
@given(st.one_of(st.text(), st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode())))
def test_what_is_no_link_is_refused(keyring: Keyring, text: str) -> None:
    with pytest.raises(Unauthenticated):
        keyring.open_link("donor", text, NOW)


@quick
@given(body=st.sampled_from([[], ["donor"], ["donor", "M-1", "later"], {}, 1, None]))
def test_a_link_of_another_house_is_refused(
    tmp_path_factory: pytest.TempPathFactory, keyring: Keyring, body: object
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    create_root_key(elsewhere)
    issue_first(elsewhere)
    theirs = Keyring(elsewhere).make_link("donor", "M-1", NOW + timedelta(hours=1))
    unsigned = base64.urlsafe_b64encode(bytes(16) + json.dumps(body).encode()).decode()
    for forged in (theirs, unsigned):
        with pytest.raises(Unauthenticated):
            keyring.open_link("donor", forged, NOW)
