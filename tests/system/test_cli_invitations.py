"""`guanjia accounts invite`: who gets an invitation, and what is refused."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.local.credentials import issue_first
from shared.clock import system_now
from shared.contracts.accounts import INVITATION
from shared.security import REGISTER, Keyring, Role, create_root_key, read_register

URL = "https://guanjia.example"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_root_key(tmp_path / "secrets")
    issue_first(tmp_path / "secrets")
    return tmp_path


def invite(folder: Path, *words: str) -> Result:
    where = ("--url", URL, "--data-dir", str(folder))
    return CliRunner().invoke(app, ["accounts", "invite", *words, *where])


def test_a_new_member_of_staff_is_a_credential_and_a_link(folder: Path) -> None:
    area = ("--role", "approver_town", "--area", "441900103", "--days", "365")
    result = invite(folder, "s-1001", *area, "--holder", "s-1001")
    assert result.exit_code == 0, result.output
    link = result.stdout.splitlines()[0]
    assert link.startswith(f"{URL}/sign-in/invitation/")
    opened = Keyring(folder / "secrets").open_link(
        INVITATION, link.rpartition("/")[2], system_now()
    )
    assert opened.subject == "s-1001"
    credential = {c.id: c for c in read_register(folder / "secrets" / REGISTER)}["s-1001"]
    assert (credential.roles, credential.area) == (frozenset({Role.APPROVER_TOWN}), "441900103")
    assert credential.expires_at is not None
    assert not (folder / "secrets" / "s-1001.token").exists(), "nobody has its bearer"


def test_who_is_there_already_is_invited_again_and_not_changed(folder: Path) -> None:
    before = read_register(folder / "secrets" / REGISTER)
    assert invite(folder, "operator").exit_code == 0
    again = invite(folder, "operator", "--role", "auditor")
    assert again.exit_code == 2
    assert "exists already" in again.output
    assert read_register(folder / "secrets" / REGISTER) == before


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("bank",), "是系统用的凭证"),
        (("nobody",), "没有凭证"),
        (("new", "--role", "donor_partner"), "--source"),
        (("new", "--role", "donor_partner", "--source", "/partners/chamber"), "--source"),
        (("new", "--role", "collector", "--source", "/partners/new"), "--source"),
        (("new", "--role", "donor_partner", "--source", "/audit"), "--source"),
        (("new", "--role", "collector", "--area", "4419"), "--area"),
        (("New!", "--role", "collector"), "a-z"),
    ],
)
def test_what_is_refused(folder: Path, words: tuple[str, ...], reason: str) -> None:
    before = read_register(folder / "secrets" / REGISTER)
    result = invite(folder, *words)
    assert result.exit_code in (1, 2)
    assert reason in result.output + str(result.exception)
    assert read_register(folder / "secrets" / REGISTER) == before
