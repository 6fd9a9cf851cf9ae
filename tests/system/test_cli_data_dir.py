"""Every command takes `--data-dir`, and it wins over what the environment says."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deploy.cli import app
from deploy.commands.data_dir import add_data_dir, has_data_dir
from shared.client import find_data_dir, find_secrets_dir
from shared.lazy_commands import LazyGroup


def list_commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each command that does something, as it is when it is called."""
    for name in group.list_commands(None):
        is_lazy = isinstance(group, LazyGroup)
        command = group.load(name) if is_lazy else group.commands[name]
        if hasattr(command, "list_commands"):
            yield from list_commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def test_every_command_takes_the_folder() -> None:
    commands = dict(list_commands(typer.main.get_command(app)))
    assert commands.keys() >= {
        "up",
        "import requests",
        "audit verify",
        "inbox list",
        "outbox resend",
    }
    assert [name for name, command in commands.items() if not has_data_dir(command)] == []


def test_the_folder_that_is_named_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_SECRETS_DIR", "/elsewhere")
    seen = []
    looking = typer.Typer(add_completion=False)

    @looking.command()
    def look() -> None:
        seen.append((find_data_dir(), find_secrets_dir()))

    command = add_data_dir(typer.main.get_command(looking))
    command.main(["--data-dir", str(tmp_path)], standalone_mode=False)
    assert seen == [(tmp_path, tmp_path / "secrets")]
    assert os.environ["GUANJIA_SECRETS_DIR"] == "/elsewhere"


def test_a_command_says_that_nothing_runs_on_the_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["inbox", "list", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert f"{tmp_path} 没有运行中的莞家" in f"{result.output}{result.exception}"
