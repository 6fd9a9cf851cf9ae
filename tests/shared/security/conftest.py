"""A secrets folder as a first start makes it, and a service's view of it."""

from pathlib import Path

import pytest

from deploy.local.credentials import issue_first
from shared.security import Keyring, create_root_key


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    create_root_key(tmp_path)
    issue_first(tmp_path)
    return tmp_path


@pytest.fixture
def keyring(stack: Path) -> Keyring:
    return Keyring(stack)
