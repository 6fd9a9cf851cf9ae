"""What the command line finds where nothing was set and a stack was started once."""

import os
from pathlib import Path

import pytest

from deploy.local.credentials import issue_first
from shared.security import create_root_key


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GUANJIA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path))


@pytest.fixture
def first_secrets(tmp_path: Path) -> Path:
    """The folder of a first start, with its credentials."""
    create_root_key(tmp_path / "secrets")
    issue_first(tmp_path / "secrets")
    return tmp_path / "secrets"
