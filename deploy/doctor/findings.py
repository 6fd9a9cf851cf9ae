"""What was looked at, how it is, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["well", "soon", "wrong", "unseen"]
WORDS: dict[Level, str] = {"well": "正常", "soon": "注意", "wrong": "有问题", "unseen": "没查到"}


@dataclass(frozen=True, slots=True)
class Finding:
    """advice: what to do, in Chinese; empty where all is well."""

    subject: str
    level: Level
    state: str
    advice: str = ""


def is_well(subject: str, state: str) -> Finding:
    return Finding(subject, "well", state)
