"""Keys and erasures are backed up from where an installation has them, and put back there."""

import os
from collections.abc import Mapping
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app

FILES = {
    "secrets/root.key": b"root",
    "secrets/credentials.json": b"{}",
    # Services come in at one another by it, and the register knows only its digest.
    "secrets/service.token": b"gj_service_x",
    "log-keys/ledger-2026.key": b"log",
    "data/erasures/P-1.json": b"{}",
}


def name_places(root: Path) -> dict[str, str]:
    """As `deploy/compose.yaml` sets them: each a volume of its own."""
    return {
        "GUANJIA_SECRETS_DIR": str(root / "secrets"),
        "GUANJIA_LOG_KEYS_DIR": str(root / "log-keys"),
        "GUANJIA_DATA_DIR": str(root / "data"),
    }


def run(places: Mapping[str, str], *words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words], env=dict(places))


def write(root: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def test_keys_of_the_logs_and_erasures_of_volumes_of_their_own_come_back(tmp_path: Path) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "keys.age"
    write(here, FILES)
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "age.key").write_text(str(identity))
    words = ("backup", "--to", str(file), "--recipient", str(identity.to_public()))
    done = run(name_places(here), *words)
    assert done.exit_code == 0, done.output
    assert "已备份 4 个密钥文件、1 条删除记录" in done.output
    assert "没有账本签名密钥" not in done.output
    back = run(name_places(there), "restore", str(file), "--identity", str(tmp_path / "age.key"))
    assert back.exit_code == 0, back.output
    for name, content in FILES.items():
        assert (there / name).read_bytes() == content


def test_a_folder_that_is_read_alone_is_backed_up_and_what_is_not_in_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container of the stack: the secrets are mounted to be read."""
    write(tmp_path, {"secrets/root.key": b"root"})
    monkeypatch.setattr(os, "access", lambda *_: False)
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    file = tmp_path / "keys.age"
    done = run(name_places(tmp_path), "backup", "--to", str(file), "--recipient", recipient)
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "secrets" / "register.lock").exists()
    assert "没有账本签名密钥" in done.output
    assert "没有删除名单的目录" in done.output
