"""Sheets are read in threads, one at a time."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class SheetGate:
    """Of one process. Whoever sent a sheet, the others wait, and leave the threads to sign-in and
    to the database."""

    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(1)

    async def read(self, read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """read: blocking."""
        async with self._gate:
            return await asyncio.to_thread(read, *args, **kwargs)
