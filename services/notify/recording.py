"""What became of calls, on its way to the database: held until it is durable.

Calls that began together end together. So an outcome waits a moment for those of others, and goes
with the claims that take their places: one transaction instead of two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog

from services.notify.model import RecordOutcome
from shared import mongo
from shared.errors import BugBrake, Transient
from shared.messaging.decision import Answer, Command

log = structlog.get_logger()

INTERRUPTIONS = (Transient, BugBrake, mongo.PyMongoError)
INTERRUPTED_WAIT_S = 1.0
OUTCOMES_MAX = 200
TOGETHER_S = 0.01
"""So long the outcome of a call waits for those of others, unless a claim comes before."""

Execute = Callable[[Sequence[Command]], Awaitable[list[Answer | Exception]]]


class OutcomeRecorder:
    """execute: decides commands, each with its answer or its error, in the order given. note: what
    is durable."""

    def __init__(self, execute: Execute, note: Callable[[RecordOutcome], None]) -> None:
        self._execute, self._note = execute, note
        self._outcomes: asyncio.Queue[Command[RecordOutcome]] = asyncio.Queue()
        self._claims = asyncio.Event()

    def put(self, outcome: Command[RecordOutcome]) -> None:
        self._outcomes.put_nowait(outcome)

    def hurry(self) -> None:
        """Claims go now: what is here goes with them."""
        self._claims.set()

    async def join(self) -> None:
        """Until all that was put is durable."""
        await self._outcomes.join()

    def count_waiting(self) -> int:
        return self._outcomes.qsize()

    async def run(self) -> None:
        """Until cancelled. The outcomes of later calls do not wait until those before are durable.

        Raises a bug, in a group.
        """
        async with asyncio.TaskGroup() as recordings:
            while True:
                commands = [await self._outcomes.get()]
                await self._wait_for_others()
                while len(commands) < OUTCOMES_MAX and not self._outcomes.empty():
                    commands.append(self._outcomes.get_nowait())
                recordings.create_task(self._record(commands))

    async def _wait_for_others(self) -> None:
        self._claims.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(TOGETHER_S):
                await self._claims.wait()

    async def _record(self, commands: list[Command[RecordOutcome]]) -> None:
        """A provider answers once."""
        waiting = commands
        while waiting:
            try:
                answers = await self._execute(waiting)
            except INTERRUPTIONS as error:
                log.warning("outcomes_wait", reason=str(error), count=len(waiting))
            else:
                pairs = list(zip(waiting, answers, strict=True))
                for command, answer in pairs:
                    if isinstance(answer, Answer):
                        self._note(command.data)
                waiting = [command for command, answer in pairs if isinstance(answer, Transient)]
            if waiting:
                await asyncio.sleep(INTERRUPTED_WAIT_S)
        for _ in commands:
            self._outcomes.task_done()
