"""Many commands of one caller, a few at a time, so that people's come in between.

For jobs and callbacks; a route that answers row by row does it by shared/web/batches.py.
"""

from collections.abc import Sequence
from typing import TypeVar

from shared.answers import Answer
from shared.messaging.decision import Command
from shared.messaging.processor import Processor

AT_ONCE = 400

C = TypeVar("C", bound=Command)


async def execute_each(
    processor: Processor, commands: Sequence[C], at_once: int = AT_ONCE
) -> list[tuple[C, Answer | Exception]]:
    """Each with its answer, or with why it could not be decided."""
    answers: list[Answer | Exception] = []
    for start in range(0, len(commands), at_once):
        answers += await processor.execute_many(commands[start : start + at_once])
    return list(zip(commands, answers, strict=True))


async def execute_all(
    processor: Processor, commands: Sequence[Command], at_once: int = AT_ONCE
) -> None:
    """Raises the first failure: then the caller does all again, and nothing is done twice."""
    for _, answer in await execute_each(processor, commands, at_once):
        if isinstance(answer, Exception):
            raise answer
