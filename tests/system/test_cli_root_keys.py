"""`guanjia keys rotate-root` and what follows, as whoever keeps the secrets runs them."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.commands import root_keys
from deploy.commands.services import SERVICES
from shared.security import create_root_key, rotate_root
from shared.security.roots import read_roots


class Services:
    """What the four services answer on /sealing: they read the same files."""

    def __init__(self, secrets_dir: Path) -> None:
        self.secrets_dir = secrets_dir
        self.waiting = 0
        self.changed: dict[str, Any] = {}

    def answer(self) -> dict[str, Any]:
        roots = read_roots(self.secrets_dir)
        return {
            "root": roots.current.id,
            "previous": roots.previous.id if roots.previous else None,
            "sealed": {"dead_letters": {"previous": self.waiting, "unknown": 0}},
            "late_signers": {"/bank/demo": "2026-01-01T00:00:00+00:00"},
            **self.changed,
        }


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    create_root_key(tmp_path / "secrets")
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("GUANJIA_SECRETS_DIR", raising=False)
    services = Services(tmp_path / "secrets")

    class Client:
        def __init__(self, service: str, data_dir: Path | None = None) -> None:
            assert service in SERVICES
            assert data_dir is None

        def get(self, path: str) -> Any:
            assert path == "/sealing"
            return services.answer()

    monkeypatch.setattr(root_keys, "ServiceClient", Client)
    return services


def keys(*words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words])


def age(services: Services, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(services.secrets_dir / "root.key", (then, then))


def test_a_root_is_rotated_watched_and_retired(services: Services) -> None:
    before = read_roots(services.secrets_dir).current.id
    assert keys("rotate-root").exit_code == 0
    status = keys("root-status").output
    assert before in status
    assert "/bank/demo" in status
    age(services, 61)
    retired = keys("retire-root")
    assert retired.exit_code == 0, retired.output
    assert f"root.retired-{before}.key" in retired.output
    assert read_roots(services.secrets_dir).previous is None


def test_a_root_that_still_seals_is_not_retired(services: Services) -> None:
    rotate_root(services.secrets_dir)
    age(services, 61)
    services.waiting = 3
    refused = keys("retire-root")
    assert refused.exit_code == 1
    assert "dead_letters 3" in refused.output
    assert read_roots(services.secrets_dir).previous is not None


def test_a_service_that_reads_other_files_keeps_the_old_root(services: Services) -> None:
    rotate_root(services.secrets_dir)
    age(services, 61)
    services.changed = {"root": "00000000"}
    refused = keys("retire-root")
    assert refused.exit_code == 1
    assert "intake 用的不是这里的密钥文件" in refused.output


def test_what_was_sealed_a_moment_ago_may_not_be_counted_yet(services: Services) -> None:
    rotate_root(services.secrets_dir)
    refused = keys("retire-root")
    assert refused.exit_code == 1
    assert "秒后再试" in refused.output


def test_nothing_to_retire_and_a_second_rotation_are_refused(services: Services) -> None:
    assert "没有正在轮换" in keys("retire-root").output
    assert keys("rotate-root").exit_code == 0
    refused = keys("rotate-root")
    assert refused.exit_code == 1
    assert "请先 retire-root" in refused.output
