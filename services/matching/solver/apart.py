"""The solver in a process of its own: it never holds up the service's loop.

A child over pipes, not a process pool: a pool's workers outlive a service that is killed.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from services.matching.solver.interface import Allocation, Prices
from services.matching.solver.worker import LENGTH
from shared.errors import Transient


@dataclass(frozen=True, slots=True)
class Solution:
    """prices, objective, bound: see Decided."""

    solver: str
    version: str
    allocations: tuple[Allocation, ...]
    prices: Prices = ()
    objective: int = 0
    bound: int | None = None


class SolverApart:
    """One solve at a time; a child that died is started again at the next."""

    def __init__(self) -> None:
        self._child: Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def solve(self, inputs: str) -> Solution:
        """Raises Transient when the child died; the same round is then solved again."""
        said = await self._asked(inputs)
        rows = tuple(Allocation(*row) for row in said["allocations"])
        return Solution(
            solver=said["solver"],
            version=said["version"],
            allocations=rows,
            prices=tuple((offer, price) for offer, price in said["prices"]),
            objective=said["objective"],
            bound=said["bound"],
        )

    async def explain(
        self, inputs: str, request_id: str, named: Collection[str] | None
    ) -> dict[str, Any] | None:
        """As solver/explaining.py says; the same Transient."""
        shown = None if named is None else sorted(named)
        asked = {"explain": request_id, "named": shown, "inputs": inputs}
        found: dict[str, Any] | None = await self._asked(
            json.dumps(asked, ensure_ascii=False, separators=(",", ":"))
        )
        return found

    async def _asked(self, question: str) -> Any:
        try:
            return json.loads(await self._ask(question.encode()))
        except (OSError, asyncio.IncompleteReadError) as error:
            await self._stop()
            raise Transient(f"the solver's process ended: {type(error).__name__}") from error
        except asyncio.CancelledError:
            # an unread answer would be taken for the next one's
            await self._stop()
            raise

    async def _ask(self, question: bytes) -> bytes:
        child = await self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(LENGTH.pack(len(question)) + question)
        await child.stdin.drain()
        (length,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
        return await child.stdout.readexactly(length)

    async def _running(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"{__package__}.worker", stdin=PIPE, stdout=PIPE
            )
        return self._child

    async def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            child.kill()
            await child.wait()
