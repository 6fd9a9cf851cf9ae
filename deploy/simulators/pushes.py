"""A queue towards intake: batched, bounded, and patient while intake restarts."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")

QUEUE_MAX = 100_000
REFUSED_RETRIES_MAX = 2  # as Tencent does: pushed once, then twice again
BACKOFF_S_MIN, BACKOFF_S_MAX = 0.25, 10.0
RETRYABLE = frozenset({408, 425, 429})


class PushQueue(Generic[Item]):
    """Calls `deliver` with up to `batch_max` items; it answers a status, 0 for no connection.

    A refusal (4xx) is repeated twice and dropped. No connection, 5xx and `later` are repeated
    with backoff for `retry_for_s`; meanwhile the others wait in order.
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[Sequence[Item]], Awaitable[int]],
        counters: Counter[str],
        *,
        batch_max: int,
        workers: int,
        window_s: float,
        retry_for_s: float,
    ) -> None:
        self._name, self._deliver, self._counters = name, deliver, counters
        self._batch_max, self._workers = batch_max, workers
        self._window_s, self._retry_for_s = window_s, retry_for_s
        self._queue: asyncio.Queue[Item] = asyncio.Queue()
        self._pending = 0

    @property
    def pending(self) -> int:
        """Items that intake has not accepted yet, delayed ones included."""
        return self._pending

    def add(self, item: Item, delay_s: float = 0) -> None:
        if self._pending >= QUEUE_MAX:
            self._counters[f"{self._name}_dropped"] += 1
            return
        self._pending += 1
        if delay_s > 0:
            asyncio.get_running_loop().call_later(delay_s, self._queue.put_nowait, item)
        else:
            self._queue.put_nowait(item)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            batch = await self._take_batch()
            try:
                await self._push(batch)
            finally:
                self._pending -= len(batch)

    async def _take_batch(self) -> list[Item]:
        """Waits for one item, then a moment for others."""
        batch = [await self._queue.get()]
        if self._batch_max > 1 and self._queue.qsize() + 1 < self._batch_max:
            await asyncio.sleep(self._window_s)
        while len(batch) < self._batch_max and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch

    async def _push(self, batch: Sequence[Item]) -> None:
        give_up_at = asyncio.get_running_loop().time() + self._retry_for_s
        refused, backoff_s = 0, BACKOFF_S_MIN
        while True:
            status = await self._deliver(batch)
            self._counters[f"{self._name}_posts"] += 1
            if 200 <= status < 300:
                self._counters[f"{self._name}_taken"] += len(batch)
                return
            self._counters[f"{self._name}_failed_posts"] += 1
            refused += 400 <= status < 500 and status not in RETRYABLE
            out_of_time = asyncio.get_running_loop().time() >= give_up_at
            if refused > REFUSED_RETRIES_MAX or out_of_time:
                self._counters[f"{self._name}_dropped"] += len(batch)
                return
            await asyncio.sleep(backoff_s * random.uniform(0.5, 1))  # noqa: S311 - jitter
            backoff_s = min(backoff_s * 2, BACKOFF_S_MAX)
