"""The commands that the documents name are there, with the options they show."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from deploy.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
    *sorted((ROOT / "docs" / "runbooks").rglob("*.md")),
)
SHOWN = re.compile(r"(?:^|[`\s(])(?:\.venv/bin/)?(?<!-n )guanjia ([a-z][^`\n|;#]*)", re.MULTILINE)
"""Not `kubectl -n guanjia`, which names a namespace."""
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*)")
COMMANDS_MIN = 60


def list_commands() -> Iterator[tuple[str, str]]:
    """(document, what stands behind `guanjia`): in code and at the beginning of a line."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in SHOWN.finditer(text):
            if match[0].startswith("`") or _is_in_block(text, match.start()):
                yield document.name, match[1].strip()


def _is_in_block(text: str, at: int) -> bool:
    return text.count("\n```", 0, at + 1) % 2 == 1


def find_problem(words: str) -> str:
    """Empty where there is such a command with such options."""
    command: Any = typer.main.get_command(app)
    rest = words.split()
    while rest and hasattr(command, "resolve_command") and re.match(r"[a-z]", rest[0]):
        context = typer.Context(command)
        if command.get_command(context, rest[0]) is None:
            return f"no command {rest[0]}"
        _, command, rest = command.resolve_command(context, rest)
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    unknown = set(OPTION.findall(words)) - options - {"--help"}
    return f"no option {', '.join(sorted(unknown))}" if unknown else ""


def test_every_command_of_the_documents_is_there() -> None:
    commands = list(list_commands())
    assert len(commands) > COMMANDS_MIN
    problems = [
        f"{name}: guanjia {words}: {problem}"
        for name, words in commands
        if (problem := find_problem(words))
    ]
    assert not problems
