"""Leaves as they are stored."""

from typing import ClassVar

from shared.messaging.decision import State


class Entry(State):
    """A leaf, for those who read; decisions append it as a `Record`."""

    COLLECTION: ClassVar[str] = "entries"

    log: str
    index: int
    leaf: bytes


def entry_id(log: str, index: int) -> str:
    """Sorts by log, then index, so the primary key alone serves every reader."""
    return f"{log}#{index:016d}"
