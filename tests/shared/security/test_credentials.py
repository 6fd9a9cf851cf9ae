"""Credentials: who comes in, whose it is, and until when."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.credentials import FIRST, issue_first
from shared.contracts import topics
from shared.security import (
    Credential,
    Keyring,
    Role,
    Unauthenticated,
    derive_publisher_key,
    issue,
    read_register,
    revoke,
    sign_record,
)
from tests.shared.security.callers import NOW, check_refused, quick, token
from tests.support.eventually import eventually


def test_a_first_start_issues_every_credential_once(stack: Path, keyring: Keyring) -> None:
    for expected in FIRST:
        found = keyring.authenticate(token(stack, expected.id))
        assert (found.id, found.roles, found.source) == (
            expected.id,
            expected.roles,
            expected.source,
        )
    before = {file.name: file.read_bytes() for file in stack.iterdir()}
    issue_first(stack)
    assert {file.name: file.read_bytes() for file in stack.iterdir()} == before


def test_every_role_has_somebody_at_a_first_start() -> None:
    assert {role for credential in FIRST for role in credential.roles} == set(Role)


def test_a_later_start_brings_nobody_back(stack: Path) -> None:
    revoke(stack / "credentials.json", "bank")
    issue_first(stack)
    with pytest.raises(Unauthenticated):
        Keyring(stack).authenticate(token(stack, "bank"))


def test_the_register_holds_no_secret_and_no_file_is_for_others(stack: Path) -> None:
    register = (stack / "credentials.json").read_text()
    for file in stack.glob("*.token"):
        _, _, secret = file.read_text().strip().rpartition("_")
        assert len(bytes.fromhex(secret)) == 32
        assert secret not in register
        assert hashlib.sha256(secret.encode()).hexdigest() in register
    for file in (*stack.glob("*.token"), stack / "root.key", stack / "credentials.json"):
        assert file.stat().st_mode & 0o077 == 0, file


def test_who_is_let_in_may_come_at_once(stack: Path, keyring: Keyring) -> None:
    keyring.authenticate(token(stack, "operator"))  # it has just looked
    auditor = next(c for c in FIRST if Role.AUDITOR in c.roles)
    for id_ in ("new", "new", auditor.id):  # the second time with another secret
        bearer = issue(stack / "credentials.json", auditor.model_copy(update={"id": id_}))
        assert keyring.authenticate(bearer).id == id_


@quick
@given(
    at=st.integers(min_value=0, max_value=200),
    put=st.characters(min_codepoint=33, max_codepoint=126),
)
def test_a_bearer_with_one_character_changed_is_refused(
    stack: Path, keyring: Keyring, at: int, put: str
) -> None:
    good = token(stack, "operator")
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


def test_nobody_comes_in_with_the_secret_of_another(stack: Path, keyring: Keyring) -> None:
    _, _, secret = token(stack, "auditor").rpartition("_")
    with pytest.raises(Unauthenticated):
        keyring.authenticate(f"gj_operator_{secret}")


async def test_a_revoked_credential_is_refused_within_a_second(
    stack: Path, keyring: Keyring
) -> None:
    bearer = token(stack, "partner")
    keyring.authenticate(bearer)
    assert revoke(stack / "credentials.json", "partner")
    await eventually(lambda: _refused(keyring, bearer), bool, within_s=1)


async def test_a_replaced_secret_ends_within_a_second(stack: Path, keyring: Keyring) -> None:
    old = token(stack, "partner")
    keyring.authenticate(old)
    fresh = issue(stack / "credentials.json", keyring.authenticate(old))
    await eventually(lambda: _refused(keyring, old), bool, within_s=1)
    assert keyring.authenticate(fresh).id == "partner"


async def _refused(keyring: Keyring, bearer: str) -> bool:
    try:
        keyring.authenticate(bearer)
    except Unauthenticated:
        return True
    return False


def test_revoking_somebody_unknown_says_so(stack: Path) -> None:
    register = stack / "credentials.json"
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


def test_a_new_secret_leaves_the_holder(stack: Path) -> None:
    register = stack / "credentials.json"
    maker = Credential(
        id="m", secret_sha256="", roles=frozenset({Role.FINANCE_MAKER}), holder="staff-7"
    )
    issue(register, maker)
    bearer = issue(register, maker.model_copy(update={"holder": ""}))
    assert Keyring(stack).authenticate(bearer).principal == "staff-7"


def test_an_expired_credential_neither_comes_in_nor_publishes(stack: Path) -> None:
    source, topic, ends = "/channels/school", topics.REQUESTS_INBOUND, NOW + timedelta(days=30)
    school = Credential(
        id="school",
        secret_sha256="",
        roles=frozenset({Role.CHANNEL}),
        source=source,
        expires_at=ends,
    )
    bearer = issue(stack / "credentials.json", school)
    before = Keyring(stack, clock=lambda: ends - timedelta(microseconds=1))
    signature = before.sign_record(source, topic, b"{}")
    assert before.authenticate(bearer).id == "school"
    before.check_record(source, topic, b"{}", signature)
    after = Keyring(stack, clock=lambda: ends)
    with pytest.raises(Unauthenticated):
        after.authenticate(bearer)
    check_refused(after, source, topic, b"{}", signature, "source_not_allowed")


def test_a_register_of_before_goes_on(stack: Path) -> None:
    """Without holder, end and publisher keys in it."""
    register = stack / "credentials.json"
    rows = json.loads(register.read_text())
    for row in rows:
        for field in ("holder", "expires_at", "publisher_keys"):
            del row[field]
    register.write_text(json.dumps(rows))
    keyring = Keyring(stack)
    assert keyring.authenticate(token(stack, "bank")).principal == "bank"
    key = derive_publisher_key((stack / "root.key").read_bytes(), "/bank/demo")
    assert keyring.find_publisher_key("/bank/demo") == key
    signature = sign_record(key, topics.DONATIONS_INBOUND, b"{}")
    keyring.check_record("/bank/demo", topics.DONATIONS_INBOUND, b"{}", signature)
