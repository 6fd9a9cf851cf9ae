"""A TCP proxy on loopback, through which one part reaches another: it can be cut, or made slow."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from deploy.local.ports import LOOPBACK, find_free_port

READ_BYTES = 65_536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wire:
    """Use as a context. port: where it listens. delay_s: how long it holds each piece back.

    While it is cut nothing passes and nothing is refused, as where packets are lost on the way;
    connections that lost something end when it is mended.
    """

    def __init__(self, to_port: int) -> None:
        self.port = find_free_port()
        self.delay_s = 0.0
        self._to_port = to_port
        self._is_cut = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._torn: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        self._is_cut = True

    def mend(self) -> None:
        self._is_cut = False
        torn, self._torn = self._torn, set()
        for task in torn:
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry((reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._torn.discard(task)

    async def _carry(self, near: Streams) -> None:
        """Until one side ends: what it sent before still arrives. Cancelled, nothing does."""
        writers = [near[1]]
        try:
            with suppress(OSError):
                far = await asyncio.open_connection(LOOPBACK, self._to_port)
                writers.append(far[1])
                await self._pass_on(near, far)
        except asyncio.CancelledError:
            for writer in writers:
                writer.transport.abort()
            raise
        finally:
            for writer in writers:
                writer.close()

    async def _pass_on(self, near: Streams, far: Streams) -> None:
        carrier = asyncio.current_task()
        assert carrier is not None
        ways = [
            asyncio.ensure_future(self._pump(near[0], far[1], carrier)),
            asyncio.ensure_future(self._pump(far[0], near[1], carrier)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        carrier: "asyncio.Task[None]",
    ) -> None:
        while data := await reader.read(READ_BYTES):
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            if self._is_cut:
                self._torn.add(carrier)
            else:
                writer.write(data)
                await writer.drain()
