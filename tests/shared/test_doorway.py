"""Few of one caller's requests come in at a time, and nobody else waits for them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from shared.web.doorway import COMMANDS_INSIDE, READS_INSIDE, Doorway


class StubService:
    """What is behind the door: requests stay until they are let go."""

    def __init__(self) -> None:
        self.inside = 0
        self.door = Doorway(self._serve, in_flight_max=100, pause_s=0)
        self.go = asyncio.Event()
        self.statuses: list[int] = []

    async def _serve(self, _scope: Any, _receive: Any, _send: Any) -> None:
        self.inside += 1
        await self.go.wait()
        self.inside -= 1

    def come(
        self, count: int, *, shows: bytes = b"", method: str = "GET", address: str = "192.0.2.1"
    ) -> list[asyncio.Task[None]]:
        headers = [(b"authorization", shows)] if shows else []
        scope = {"type": "http", "method": method, "headers": headers, "client": (address, 1)}
        return [
            asyncio.create_task(self.door(scope, self._receive, self._send)) for _ in range(count)
        ]

    async def _receive(self) -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.statuses.append(message["status"])

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_crowd_waits_outside_and_the_others_come_in() -> None:
    service = StubService()
    crowd = service.come(90, shows=b"Bearer flood")
    await service.settle()
    assert service.inside == READS_INSIDE
    others = service.come(1, shows=b"Bearer other") + service.come(1)
    await service.settle()
    assert service.inside == READS_INSIDE + 2
    service.go.set()
    await asyncio.gather(*crowd, *others)
    assert service.inside == 0


async def test_commands_stand_in_a_line_of_their_own() -> None:
    service = StubService()
    tasks = service.come(90, shows=b"t") + service.come(90, shows=b"t", method="POST")
    await service.settle()
    assert service.inside == READS_INSIDE + COMMANDS_INSIDE
    service.go.set()
    await asyncio.gather(*tasks)


async def test_what_is_more_than_a_caller_may_have_is_refused() -> None:
    service = StubService()
    tasks = service.come(130, shows=b"t")
    await service.settle()
    service.go.set()
    await asyncio.gather(*tasks)
    assert service.statuses == [429] * 30


@pytest.mark.parametrize(
    "tell", [lambda n: {"shows": b"%d" % n}, lambda n: {"address": f"192.0.2.{n}"}]
)
async def test_callers_are_told_apart_by_what_they_show_or_where_they_are(
    tell: Callable[[int], dict[str, Any]],
) -> None:
    service = StubService()
    tasks = [task for n in (1, 2) for task in service.come(30, **tell(n))]
    await service.settle()
    assert service.inside == 2 * READS_INSIDE
    service.go.set()
    await asyncio.gather(*tasks)


async def test_who_leaves_while_he_waits_keeps_nobody_out() -> None:
    service = StubService()
    tasks = service.come(READS_INSIDE + 2, shows=b"t")
    await service.settle()
    tasks[-2].cancel()
    service.go.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    again = service.come(READS_INSIDE, shows=b"t")
    await asyncio.gather(*again)
    assert service.inside == 0
