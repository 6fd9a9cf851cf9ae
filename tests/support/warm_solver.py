"""A solver whose process outlives the service that began it, for the next test's service.

To start one is half a second of a processor, as much as all else in a short test of matching.
"""

from asyncio.subprocess import Process
from types import TracebackType
from typing import ClassVar

import pytest

from services.matching import jobs
from services.matching.explaining import explainer
from services.matching.solver.process import SolverProcess


class WarmSolver(SolverProcess):
    """Ends its process only where an answer may still be under way."""

    idle: ClassVar[list[Process]] = []

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        child, self._child = self._child, None
        if child is not None:
            self.idle.append(child)

    async def _start_child(self) -> Process:
        if self._child is None and self.idle:
            self._child = self.idle.pop()
        return await super()._start_child()


def put_in_place(patch: pytest.MonkeyPatch) -> None:
    for module in (jobs, explainer):
        patch.setattr(module, "SolverProcess", WarmSolver)


async def end_processes() -> None:
    while WarmSolver.idle:
        child = WarmSolver.idle.pop()
        if child.returncode is None:
            child.kill()
            await child.wait()
