"""After the transaction: publish its outbox, mark it, commit its offsets. In order, in batches."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from shared import mongo, telemetry
from shared.errors import Transient
from shared.messaging.batch_store import Position
from shared.messaging.outbox import Acknowledged, Outbox

log = structlog.get_logger()

BATCHES_WAITING_MAX = 4
PUT_S_MAX = 1.0
NOTED_WITHIN_S = 0.05
"""Far less than the 2 s after which it is published again."""
LAST_NOTED_WITHIN_S = 0.5
OTHERS_TIMES = 4
"""So many times as long as after a failure of its own, until what others left is looked for."""


class Committer(Protocol):
    async def commit(self, positions: Mapping[Position, int]) -> None: ...


class Publisher:
    """Takes what transactions leave behind; a little behind them, never far (bounded queue)."""

    def __init__(self, service: str, outbox: Outbox, clock: mongo.ServerClock) -> None:
        self._service = service
        self._outbox = outbox
        self._clock = clock
        self._queue: asyncio.Queue[tuple[Sequence[mongo.Row], Mapping[Position, int]]] = (
            asyncio.Queue(BATCHES_WAITING_MAX)
        )
        self._neglected = asyncio.Event()
        self._acknowledged: dict[str, list[str]] = {}
        self._positions: dict[Position, int] = {}
        self._settled = asyncio.Event()
        self._failure = ""
        self.committer: Committer | None = None

    async def put(self, documents: Sequence[mongo.Row], positions: Mapping[Position, int]) -> None:
        """Waits for a slow broker, but people's decisions do not wait for one that is away:
        what finds no place is durable, and `relay` publishes it."""
        with suppress(TimeoutError):
            # Not wait_for: until Python 3.12 it may swallow a cancellation.
            async with asyncio.timeout(PUT_S_MAX):
                await self._queue.put((documents, positions))
                return
        self._neglected.set()

    async def run(self) -> None:
        """Until cancelled; what cannot be published now is left to `relay`. Raises a bug of either
        task: the process must end, or all that it sends would be sent again and again."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._note_endlessly())
                await self._send_endlessly()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_NOTED_WITHIN_S):
                    await self._note()

    async def _send_endlessly(self) -> None:
        while True:
            batches = [await self._queue.get()]
            while not self._queue.empty():
                batches.append(self._queue.get_nowait())
            await self._send([document for some, _ in batches for document in some])
            self._positions.update({k: v for _, some in batches for k, v in some.items()})
            self._settled.set()

    async def _note_endlessly(self) -> None:
        """That something is published, and where to resume, is noted for several batches at once:
        it costs as much as writing one of them, and nobody waits for it."""
        while True:
            await self._settled.wait()
            await asyncio.sleep(NOTED_WITHIN_S)
            await self._note()

    async def relay(self, every_s: float) -> None:
        """What was left unpublished: by this process at once and until it is done, by one that
        died at the next of some rarer looks."""
        while True:
            if await self._relay_once():
                with suppress(TimeoutError):
                    async with asyncio.timeout(every_s * OTHERS_TIMES):
                        await self._neglected.wait()
            await asyncio.sleep(every_s)

    async def _relay_once(self) -> bool:
        """Whether nothing waits any more."""
        self._neglected.clear()
        try:
            count = await self._outbox.publish_forgotten(await self._clock.now())
            waiting = await self._outbox.count_waiting()
        except (Transient, mongo.PyMongoError) as error:
            self._note_failure("outbox_relay_failed", error)
            return False
        self._failure = ""
        if count:
            log.info("outbox_relayed", service=self._service, documents=count)
        telemetry.OUTBOX_WAITING.labels(self._service).set(waiting)
        return not waiting

    async def _send(self, documents: Sequence[mongo.Row]) -> None:
        if not documents:
            return
        try:
            sent = await self._outbox.send(documents, await self._clock.now())
        except (Transient, mongo.PyMongoError) as error:
            self._neglected.set()
            self._note_failure("outbox_publish_failed", error)
        else:
            self._acknowledged.setdefault(sent.mark, []).extend(sent.ids)

    async def _note(self) -> None:
        self._settled.clear()
        acknowledged, self._acknowledged = self._acknowledged, {}
        positions, self._positions = self._positions, {}
        try:
            for mark, ids in acknowledged.items():
                await self._outbox.mark(Acknowledged(mark, ids), await self._clock.now())
        except mongo.PyMongoError as error:
            self._neglected.set()
            self._note_failure("outbox_publish_failed", error)
        await self._commit(positions)

    def _note_failure(self, event: str, error: Exception) -> None:
        """Once for each reason while nothing passes; gauges say how much waits meanwhile."""
        # The driver's own words name moments: each of its errors would be another reason.
        failure = str(error) if isinstance(error, Transient) else type(error).__name__
        if failure != self._failure:
            log.warning(event, service=self._service, error=str(error))
        self._failure = failure

    async def _commit(self, positions: Mapping[Position, int]) -> None:
        """The stored positions decide where to resume; the broker's are for its lag tools."""
        if positions and self.committer is not None:
            await self.committer.commit(positions)
