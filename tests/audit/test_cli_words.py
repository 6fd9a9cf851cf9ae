"""What a person reads when something is wrong is said in Chinese, English beside it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[2] / "services/audit"
SHOWN = ("NoteError", "ReceiptError", "TopicError", "TraceError", "NotCanonicalError")
"""What the commands of `guanjia audit` print when they end with it."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]{2}")


def messages(error: str) -> Iterator[tuple[str, str]]:
    """(where, text) of each literal message; what another error said is passed over."""
    for file in sorted(SERVICE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == error:
                literals = [part for arg in node.args for part in ast.walk(arg)]
                text = "".join(
                    each.value
                    for each in literals
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                )
                if text:
                    yield f"{file.name}:{node.lineno}", text


@pytest.mark.parametrize("error", SHOWN)
def test_every_error_that_a_command_prints_is_said_in_chinese_and_in_english(error: str) -> None:
    said = list(messages(error))
    assert said
    for where, text in said:
        assert CHINESE.search(text), where
        assert ENGLISH.search(text), where
