"""The solver in a process of its own: it never holds up the service's loop.

A child over pipes, not a process pool: a pool's workers outlive a service that is killed. The child
is this module run: it reads a four-byte length and that many bytes, answers alike, until its input
ends. A question is a round's canonical inputs, to be solved; or
`{"explain": request, "named": offers or null, "version": solver's, "inputs": text}`.
"""

import asyncio
import json
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Collection
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import BinaryIO, Self

from services.matching.explaining.rounds import explain_need_of_round
from services.matching.solver.interface import Allocation, Prices, Solver, read_inputs
from services.matching.solver.solve import VERSIONS, MinCostFlow
from shared.documents import Json
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


class SolverProcess:
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
        reply = await self._exchange(inputs)
        rows = tuple(Allocation(*row) for row in reply["allocations"])
        return Solution(
            solver=reply["solver"],
            version=reply["version"],
            allocations=rows,
            prices=tuple((offer, price) for offer, price in reply["prices"]),
            objective=reply["objective"],
            bound=reply["bound"],
        )

    async def explain(
        self, inputs: str, request_id: str, named: Collection[str] | None, version: str = ""
    ) -> dict[str, object] | None:
        """As explaining/rounds.py says; the same Transient. version: empty for today's."""
        visible = None if named is None else sorted(named)
        question = {"explain": request_id, "named": visible, "version": version, "inputs": inputs}
        reply: dict[str, object] | None = await self._exchange(
            json.dumps(question, ensure_ascii=False, separators=(",", ":"))
        )
        return reply

    async def _exchange(self, question: str) -> Json:
        try:
            return json.loads(await self._send(question.encode()))
        except (OSError, asyncio.IncompleteReadError) as error:
            await self._stop()
            raise Transient(f"the solver's process ended: {type(error).__name__}") from error
        except asyncio.CancelledError:
            # an unread answer would be taken for the next one's
            await self._stop()
            raise

    async def _send(self, question: bytes) -> bytes:
        child = await self._start_child()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(LENGTH.pack(len(question)) + question)
        await child.stdin.drain()
        (length,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
        return await child.stdout.readexactly(length)

    async def _start_child(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", __name__, stdin=PIPE, stdout=PIPE
            )
        return self._child

    async def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            child.kill()
            await child.wait()


# --- the child ------------------------------------------------------------------------------------


LENGTH = struct.Struct(">I")
EXPLAIN = '{"explain":'


def answer_question(solver: Solver, question: str) -> str:
    if not question.startswith(EXPLAIN):
        return answer_solve(solver, question)
    request = json.loads(question)
    version = request["version"] or VERSIONS[-1]
    return json.dumps(
        explain_need_of_round(request["inputs"], request["explain"], request["named"], version)
    )


def answer_solve(solver: Solver, text: str) -> str:
    result = solver.decide(read_inputs(text))
    reply = asdict(result) | {"solver": solver.name, "version": solver.version}
    rows = [[a.request_id, a.offer_id, a.number, a.quantity] for a in result.allocations]
    return json.dumps(reply | {"allocations": rows})


def serve(solver: Solver, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    while header := incoming.read(LENGTH.size):
        (length,) = LENGTH.unpack(header)
        reply = answer_question(solver, incoming.read(length).decode()).encode()
        outgoing.write(LENGTH.pack(len(reply)) + reply)
        outgoing.flush()


if __name__ == "__main__":
    serve(MinCostFlow(), sys.stdin.buffer, sys.stdout.buffer)
