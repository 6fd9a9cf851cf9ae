"""The commands that the documents name are there, and take the words that stand behind them."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer._click.exceptions import MissingParameter, UsageError

from deploy.cli import app
from tests.deploy.manifests import read_compose

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
    *sorted((ROOT / "docs" / "runbooks").rglob("*.md")),
)
SHOWN = re.compile(
    r"(?:^|[`\s(])(?:\.venv/bin/)?(?:(?<!-n )guanjia|run --rm (?:--no-deps )?operator) "
    r"([a-z][^`\n|;#]*(?:\n +--[^`\n|;#]*)?)",
    re.MULTILINE,
)
"""Not `kubectl -n guanjia`, which names a namespace. An option may stand on the next line."""
FENCE = re.compile(r"^ *```", re.MULTILINE)
UNSAID = re.compile(r"(?:--[a-z-]+ )?(?:…|\.\.\.)|\[--.*|\|.*")
"""What a reader is to add, what he may add, and other words in the place of one."""
ABSENT = re.compile("does not exist|no such folder")
"""A reader's file, which this machine does not have."""
EXAMPLES = {"NAME": "intake", "SOURCE": "intake", "$SERVICE": "intake", "INDEX": "1"}
"""Of what only few words can stand for."""
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*)")
COMMANDS_MIN = 60


def list_commands() -> Iterator[tuple[str, str]]:
    """(document, what stands behind `guanjia`): in code and at the beginning of a line."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in SHOWN.finditer(text):
            if match[0].startswith("`") or _is_in_block(text, match.start()):
                yield document.name, " ".join(match[1].split())


def _is_in_block(text: str, at: int) -> bool:
    return len(FENCE.findall(text, 0, at + 1)) % 2 == 1


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
    if unknown := set(OPTION.findall(words)) - options - {"--help"}:
        return f"no option {', '.join(sorted(unknown))}"
    # Without a word behind it a command is named, not shown.
    return find_problem_of_words(command, rest, UNSAID.search(words) is not None) if rest else ""


def find_problem_of_words(command: Any, rest: list[str], is_incomplete: bool) -> str:
    words = [EXAMPLES.get(each, each) for each in shlex.split(UNSAID.sub("", " ".join(rest)))]
    for param in command.params:
        if getattr(param, "prompt", None):  # it asks for what is not there
            param.prompt, param.required = None, False
    try:
        command.make_context("guanjia", words).close()
    except MissingParameter as missing:
        return "" if is_incomplete else missing.format_message()
    except UsageError as error:
        return "" if ABSENT.search(error.format_message()) else error.format_message()
    except typer.Exit:  # --help
        return ""
    return ""


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("doktor", "no command"),
        ("keys issue ID --rolle x", "no option --rolle"),
        ("keys revoke ID OTHER", "unexpected"),
        ("outbox resend SUBJECT --service matchin", "matchin"),
        ("outbox resend --service matching", "Missing"),
        ("keys issue ID --role ... --replace", ""),
    ],
)
def test_a_command_that_cannot_run_as_it_stands_is_found(words: str, problem: str) -> None:
    found = find_problem(words)
    assert problem in found
    assert bool(problem) == bool(found)


def test_every_command_of_the_documents_is_there() -> None:
    commands = list(list_commands())
    assert len(commands) > COMMANDS_MIN
    problems = [
        f"{name}: guanjia {words}: {problem}"
        for name, words in commands
        if (problem := find_problem(words))
    ]
    assert not problems


BLOCK = re.compile(r"^( *)```\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
COMPOSE = re.compile(r"docker compose(?: -f \S+)? (?:exec|run|restart|up|ps|build)([^`\n;&|]*)")
PAGES = sorted((ROOT / "docs" / "runbooks").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_runbook_gives_the_shell_is_what_a_shell_reads(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for _, block in BLOCK.findall(text):
        read = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
        assert read.returncode == 0, read.stderr
    services = read_compose()["services"].keys()
    for file in re.findall(r"docker compose -f (\S+)", text):
        assert (ROOT / file).exists()
    for words in COMPOSE.findall(re.sub(r" +# .*", "", text)):
        plain = [word for word in words.split() if re.fullmatch(r"[a-z][a-z0-9-]*", word)]
        assert not plain or plain[0] in services, words
