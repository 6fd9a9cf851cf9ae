"""What an installation is prepared with: once, for its owner alone, and nobody else's keys."""

import errno
import ssl
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]
import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.installation.authority import Authority
from deploy.installation.brokers import BROKERS, write_broker_settings
from deploy.installation.files import PARTS, Installation, parse_owners
from shared.clock import system_now
from shared.contracts.topics import SERVICES
from shared.security import Keyring

OF_ALL_SERVICES = {
    *("identity.key", "root.key", "credentials.json", "register.lock"),
    *("service.token", "front.token", "ca.pem", "kafka.user", "kafka.password"),
}


def read_tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_preparing_again_changes_nothing(tmp_path: Path) -> None:
    installation = Installation(tmp_path, "guanjia.example")
    installation.prepare(system_now())
    before = read_tree(tmp_path)
    installation.prepare(system_now())
    assert read_tree(tmp_path) == before
    modes = {path.stat().st_mode & 0o077 for path in tmp_path.rglob("*") if path.stat().st_size}
    assert modes == {0}


def test_the_authoritys_key_may_lie_elsewhere_and_no_other_takes_its_place(tmp_path: Path) -> None:
    """As the runbook says; a new one signed what the parts do not trust, at the next start."""
    installation = Installation(tmp_path, "guanjia.example")
    installation.prepare(system_now())
    key = tmp_path / "authority" / "ca.key"
    stored = key.read_bytes()
    key.unlink()
    installation.prepare(system_now())
    assert not key.exists()
    (tmp_path / "front" / "front.pem").unlink()
    words = ["install", "files", str(tmp_path), "--host", "guanjia.example"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code != 0
    assert "ca.key" in refused.output
    assert not (tmp_path / "front" / "front.pem").exists()
    key.write_bytes(stored)
    assert CliRunner().invoke(app, words).exit_code == 0
    assert (tmp_path / "front" / "front.pem").exists()


def test_each_part_has_what_it_needs_and_no_more(tmp_path: Path) -> None:
    Installation(tmp_path).prepare(system_now())
    for part in set(PARTS) - {"guanjia"}:
        names = {path.name for path in (tmp_path / part).iterdir()}
        assert not names & {"root.key", "identity.key", "credentials.json"}, part
    holding = {p.parent.name for p in tmp_path.rglob("ca.key")}
    assert holding == {"authority"}
    services = (tmp_path / "guanjia" / "kafka.password").read_text()
    for broker in BROKERS:
        assert services in (tmp_path / "brokers" / f"{broker}.properties").read_text()


def test_what_an_earlier_version_left_among_the_services_keys_is_set_apart(tmp_path: Path) -> None:
    """Tokens of people, that of who watches, and each service's way into its database."""
    Installation(tmp_path).prepare(system_now())
    before = {
        path.name: path.read_bytes() for path in (tmp_path / "database").glob("mongo-*.pass*")
    }
    assert set(before) == {f"mongo-{name}.password" for name in SERVICES}
    for part, name in (("people", "finance-maker.token"), ("watching", "monitor.token")):
        (tmp_path / part / name).rename(tmp_path / "guanjia" / name)
    for name in before:
        (tmp_path / "database" / name).rename(tmp_path / "guanjia" / name)
        (tmp_path / "guanjia" / name).with_suffix(".uri").write_text("mongodb://")
    Installation(tmp_path).prepare(system_now())
    for name, content in before.items():
        assert (tmp_path / "database" / name).read_bytes() == content
    assert {path.name for path in (tmp_path / "guanjia").iterdir()} == OF_ALL_SERVICES
    people = {path.name for path in (tmp_path / "people").iterdir()}
    assert {"finance-maker.token", "finance-checker.token", "operator.token", "bank.token"} < people
    assert (tmp_path / "watching" / "monitor.token").exists()


def test_an_installation_begins_on_keys_that_were_restored(tmp_path: Path) -> None:
    """As the runbook says: the keys first. Services and who watches come in by tokens of theirs."""
    old, new = tmp_path / "old", tmp_path / "new"
    Installation(old).prepare(system_now())
    identity, file = pyrage.x25519.Identity.generate(), tmp_path / "keys.age"
    (tmp_path / "age.key").write_text(str(identity))
    words = ("keys", "backup", "--to", str(file), "--recipient", str(identity.to_public()))
    run_at(old / "guanjia", *words)
    run_at(new / "guanjia", "keys", "restore", str(file), "--identity", str(tmp_path / "age.key"))
    Installation(new).prepare(system_now())
    assert (new / "guanjia" / "root.key").read_bytes() == (
        old / "guanjia" / "root.key"
    ).read_bytes()
    keyring = Keyring(new / "guanjia")
    for token in (new / "guanjia" / "service.token", new / "watching" / "monitor.token"):
        assert keyring.authenticate(token.read_text().strip()).id == token.stem
    operator = (old / "people" / "operator.token").read_text().strip()
    assert keyring.authenticate(operator).id == "operator", "people go on with what they have"


def run_at(secrets_dir: Path, *words: str) -> None:
    done = CliRunner().invoke(app, words, env={"GUANJIA_SECRETS_DIR": str(secrets_dir)})
    assert done.exit_code == 0, done.output


def test_keys_are_changed_where_they_are_kept_and_elsewhere_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Installation(tmp_path).prepare(system_now())
    monkeypatch.setenv("GUANJIA_SECRETS_DIR", str(tmp_path / "guanjia"))
    commands = (
        ("keys", "issue", "town-3", "--role", "collector"),
        ("keys", "revoke", "operator"),
        ("keys", "rotate-publisher", "/bank/demo"),
        ("accounts", "invite", "town-3", "--role", "collector"),
        ("keys", "rotate-root"),
    )
    opened = Path.open

    def refuse(path: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        if "r" not in mode:
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return opened(path, mode, *more, **named)

    with monkeypatch.context() as mounted:
        mounted.setattr(Path, "open", refuse)
        for words in commands:
            refused = CliRunner().invoke(app, words)
            assert refused.exit_code == 1, words
            assert len(refused.output.splitlines()) == 1
            assert "run --rm operator keys" in refused.output
    assert CliRunner().invoke(app, commands[0]).exit_code == 0


def test_a_certificate_is_what_openssl_takes_for_its_names(tmp_path: Path) -> None:
    authority = Authority.open(tmp_path, system_now())
    key = authority.certify(["guanjia.example", "127.0.0.1"], system_now())
    (tmp_path / "part.pem").write_bytes(key.certificate)
    (tmp_path / "part.key").write_bytes(key.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "part.pem", tmp_path / "part.key")
    for name, is_taken in (("guanjia.example", True), ("127.0.0.1", True), ("other", False)):
        assert shake_hands(server, tmp_path / "ca.pem", name) == is_taken, name


def shake_hands(server: ssl.SSLContext, ca_file: Path, name: str) -> bool:
    """In memory: whether a client that trusts the authority takes the server for `name`."""
    client = ssl.create_default_context(cafile=ca_file)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        done = 0
        for side in (here, there):
            try:
                side.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
        if done == 2:
            return True
    return False


def test_one_of_three_brokers_may_be_lost() -> None:
    settings = write_broker_settings("kafka-2", between="a", services="b").splitlines()
    assert "node.id=2" in settings
    assert "min.insync.replicas=2" in settings
    assert "unclean.leader.election.enable=false" in settings
    assert "allow.everyone.if.no.acl.found=false" in settings


def test_a_wrong_owner_is_refused(tmp_path: Path) -> None:
    assert parse_owners(["database=999"]) == {"database": 999}
    with pytest.raises(ValueError, match="kafka"):
        parse_owners(["kafka=1"])
    answer = CliRunner().invoke(app, ["install", "files", str(tmp_path), "--owner", "kafka=1"])
    assert answer.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_files_are_made_by_the_command(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["install", "files", str(tmp_path), "--host", "gj.example"])
    assert answer.exit_code == 0, answer.output
    assert {path.name for path in tmp_path.iterdir()} == set(PARTS)
    assert "authority/ca.key" in answer.output
