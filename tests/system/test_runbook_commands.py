"""What docs/operations.md and the runbooks give an operator is run as it stands, on a stack.

A command with a word for its reader's own (ID, TOWN ...) gets one of this stack's. What is not run
here has its reason beside it; that every command takes its words is `test_docs_commands`.
"""

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local.stack import Stack, StackOptions
from tests.system.test_docs_commands import PAGES, UNSAID, list_commands

SOURCES = {"operations.md", *(page.name for page in PAGES)} - {"README.md"}
ELSEWHERE = {
    "up": "test_cli_up",
    "run": "test_cli_up",
    "chaos": "make test-chaos",
    "backup": "test_recovery",
    "restore": "test_recovery",
    "keys backup": "test_recovery",
    "keys restore": "test_recovery",
    "keys rotate-root": "test_cli_root_keys",
    "keys root-status": "test_cli_root_keys",
    "keys retire-root": "test_cli_root_keys",
    "audit": "needs a log with entries: tests/audit",
    "dead-letters show": "needs one: test_cli_commands",
    "dead-letters replay": "needs one: test_cli_commands",
    "dead-letters discard": "needs one: test_cli_commands",
    "outbox resend": "needs a subject with events: shared rules",
    "notices show": "needs one: tests/notify",
    "notices resolve": "needs one: tests/notify",
}
WORDS = {
    "ID": "drill-1",
    "NAME": "intake",
    "NUMBER": "2031",
    "CODE": "441900103",
    "TOWN": "441900103",
    "/secure/guanjia": "installation",
}
SOURCE = {"keys": "/channels/village"}
ASKED = {"staff add": "示例\n13800138000\n"}
"""What it asks, answered."""
RUN_MIN = 20


NAMED = {"accounts invite", "install files", "keys init", "keys issue", "links revoke"}
"""Without the words that they need: the text speaks of them."""


def list_runnable() -> list[str]:
    """Whole commands, in the order of the documents, but who is issued something comes first and
    who loses it last. One thing is done to one name once."""
    found = [words for name, words in list_commands() if name in SOURCES]
    whole = [words for words in found if not UNSAID.search(words) and not find_reason(words)]
    filled = [fill(words) for words in whole if words not in NAMED]
    once: dict[str, str] = {}
    for words in filled:
        once.setdefault(" ".join(words.split()[:3]), words)
    return sorted(once.values(), key=find_turn)


def find_turn(words: str) -> int:
    act = (*words.split(), "")[1]
    return 0 if act == "issue" else 2 if act.startswith(("revoke", "remove")) else 1


def find_reason(words: str) -> str:
    """Why it is not run here."""
    reasons = (why for start, why in ELSEWHERE.items() if f"{words} ".startswith(f"{start} "))
    return next(reasons, "")


def fill(words: str) -> str:
    source = SOURCE.get(words.split()[0], "SOURCE")
    return " ".join(WORDS.get(word, source if word == "SOURCE" else word) for word in words.split())


async def run_command(words: str, environment: Mapping[str, str], folder: Path) -> str:
    """What it printed; an AssertionError where it failed."""
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-ec", f"guanjia {words}"),
        env=dict(environment),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    asked = ASKED.get(" ".join(words.split()[:2]), "")
    output, _ = await shell.communicate(asked.encode())
    assert shell.returncode == 0, f"guanjia {words}: {output.decode()}"
    return output.decode()


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_each_command_of_the_runbooks_does_what_it_is_there_for(tmp_path: Path) -> None:
    commands = list_runnable()
    assert len(commands) >= RUN_MIN, commands
    stack = Stack(StackOptions(data_dir=tmp_path / "data"), announce=print)
    await stack.start()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "GUANJIA_DATA_DIR": str(tmp_path / "data"),
    }
    failed = []
    try:
        for words in commands:
            try:
                await run_command(words, environment, tmp_path)
            except AssertionError as error:
                failed.append(re.sub(r"\s+", " ", str(error)))
    finally:
        await stack.stop()
    assert failed == []
