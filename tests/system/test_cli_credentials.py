"""Keys by the commands: issued, replaced, revoked, made at a first start."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.security import (
    Credential,
    Keyring,
    Role,
    Unauthenticated,
    derive_publisher_key,
    issue,
)
from tests.system.command_line import guanjia

pytestmark = pytest.mark.usefixtures("clean_environment")


def test_an_issued_key_comes_in_and_a_revoked_one_does_not(first_secrets: Path) -> None:
    words = ("--role", "channel", "--source", "/channels/school", "--area", "441900103")
    result = guanjia("keys", "issue", "school", *words)
    bearer = result.output.strip()
    credential = Keyring(first_secrets).authenticate(bearer)
    assert (credential.roles, credential.area, credential.source) == (
        frozenset({Role.CHANNEL}),
        "441900103",
        "/channels/school",
    )
    assert bearer not in guanjia("keys", "list").output
    assert guanjia("keys", "revoke", "school").exit_code == 0
    with pytest.raises(Unauthenticated):
        Keyring(first_secrets).authenticate(bearer)


def test_a_replaced_key_replaces_its_file(first_secrets: Path) -> None:
    before = (first_secrets / "auditor.token").read_text()
    assert guanjia("keys", "issue", "auditor", "--role", "auditor").exit_code == 2
    assert guanjia("keys", "issue", "auditor", "--role", "auditor", "--replace").exit_code == 0
    after = (first_secrets / "auditor.token").read_text()
    assert after != before
    assert Keyring(first_secrets).authenticate(after.strip()).id == "auditor"


@pytest.mark.parametrize(
    "words",
    [
        ("evil", "--role", "channel", "--source", "/intake"),
        ("evil", "--role", "channel", "--source", "/intake/x"),
        ("evil", "--role", "channel", "--source", "/channels/village"),
        ("evil", "--role", "channel", "--source", "channels/evil"),
        ("evil", "--role", "channel", "--area", "4419"),
        ("evil", "--role", "king"),
        ("Evil!", "--role", "channel"),
    ],
)
def test_a_key_that_would_speak_for_another_is_not_issued(
    first_secrets: Path, words: tuple[str, ...]
) -> None:
    before = (first_secrets / "credentials.json").read_bytes()
    assert guanjia("keys", "issue", *words).exit_code == 2
    assert (first_secrets / "credentials.json").read_bytes() == before


def test_a_publisher_gets_its_signing_key_and_a_service_does_not(first_secrets: Path) -> None:
    root = (first_secrets / "root.key").read_bytes()
    result = guanjia("keys", "publisher-key", "/bank/demo")
    assert result.output.strip() == derive_publisher_key(root, "/bank/demo").hex()
    for source in ("/intake", "/channels/nobody", ""):
        assert guanjia("keys", "publisher-key", source).exit_code == 1
    guanjia("keys", "revoke", "bank")
    assert guanjia("keys", "publisher-key", "/bank/demo").exit_code == 1


def test_a_publishers_keys_change_by_themselves(first_secrets: Path) -> None:
    """Replaced, rotated, revoked; its credential comes in all the while."""
    first = guanjia("keys", "publisher-key", "/bank/demo").output.strip()
    rotated = guanjia("keys", "rotate-publisher", "/bank/demo", "--overlap-hours", "2")
    assert rotated.output.strip() == guanjia("keys", "publisher-key", "/bank/demo").output.strip()
    assert len(bytes.fromhex(rotated.output.strip())) == 32
    assert rotated.output.strip() != first
    assert guanjia("keys", "revoke-publisher", "/bank/demo").exit_code == 0
    refused = guanjia("keys", "publisher-key", "/bank/demo")
    assert refused.exit_code == 1
    assert "签名密钥已吊销或过期" in refused.output
    bearer = (first_secrets / "bank.token").read_text().strip()
    assert Keyring(first_secrets).authenticate(bearer).id == "bank"
    words = ("bank", "--role", "bank", "--source", "/bank/demo", "--replace")
    assert guanjia("keys", "issue", *words).exit_code == 0
    replaced = guanjia("keys", "publisher-key", "/bank/demo").output.strip()
    assert replaced not in (first, rotated.output.strip())
    for command in ("rotate-publisher", "revoke-publisher"):
        assert guanjia("keys", command, "/channels/nobody").exit_code == 1


def test_a_credential_has_a_holder_and_an_end(
    first_secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    words = ("--role", "collector", "--holder", "staff-7", "--days", "30")
    bearer = guanjia("keys", "issue", "summer", *words).output.strip()
    credential = Keyring(first_secrets).authenticate(bearer)
    assert (credential.id, credential.principal) == ("summer", "staff-7")
    row = _find_row("summer")
    assert "staff-7" in row
    assert "有效至" in row
    expired = Credential(
        id="winter",
        secret_sha256="",
        roles=frozenset({Role.COLLECTOR}),
        expires_at=datetime(2022, 1, 20, tzinfo=UTC),
    )
    issue(first_secrets / "credentials.json", expired)
    assert "已过期" in _find_row("winter")
    assert guanjia("keys", "issue", "x", "--role", "auditor", "--holder", "王五").exit_code == 2


def _find_row(id_: str) -> str:
    return next(line for line in guanjia("keys", "list").output.splitlines() if id_ in line)


def test_keys_init_is_a_first_start_without_a_stack(tmp_path: Path) -> None:
    assert guanjia("keys", "init").exit_code == 0
    bearer = (tmp_path / "secrets/operator.token").read_text().strip()
    assert Keyring(tmp_path / "secrets").authenticate(bearer).id == "operator"
    assert guanjia("keys", "init").exit_code == 0
    assert (tmp_path / "secrets/operator.token").read_text().strip() == bearer
