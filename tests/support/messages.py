"""What holds for the texts of every `messages.py`: unique codes of one shape, both languages."""

import re
from string import Formatter
from types import ModuleType

from shared.errors import Message

CODE = re.compile(r"[a-z]+(_[a-z0-9]+)*")
# A code is a noun and what is the matter with it: `fund_unknown`, not `unknown_fund`.
ADJECTIVES = ("unknown", "wrong", "missing", "invalid", "bad", "not", "no", "duplicate")
HAN = re.compile(r"[\u4e00-\u9fff]")


def list_messages(module: ModuleType) -> dict[str, Message]:
    """By the name of the constant."""
    return {name: value for name, value in vars(module).items() if isinstance(value, Message)}


def check_messages(module: ModuleType) -> None:
    """Raises AssertionError that names what is wrong."""
    messages = list_messages(module)
    assert messages, f"{module.__name__} has no messages"
    codes = [message.code for message in messages.values()]
    assert len(set(codes)) == len(codes), f"codes twice: {sorted(codes)}"
    for name, message in messages.items():
        assert name == name.upper(), f"{name} is a constant"
        assert CODE.fullmatch(message.code), f"{message.code} is not snake_case"
        first = message.code.split("_")[0]
        assert "_" not in message.code or first not in ADJECTIVES, f"{message.code}: noun first"
        assert HAN.search(message.zh), f"{message.code} has no Chinese"
        assert message.en, f"{message.code} has no English"
        assert not HAN.search(message.en), f"{message.code} has Chinese in its English"
        for text in (message.zh, message.en):
            fields = [field for _, field, _, _ in Formatter().parse(text) if field is not None]
            assert all(field.isidentifier() for field in fields), f"{message.code}: name its values"
