"""One instance runs a round: closes it, solves it in another process, has each allocation decided.

Every micro-batch is priced by the last whole solution. That is found anew on a schedule, on
demand, and by the first round there is.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from services.matching.model.match import Propose
from services.matching.model.round import (
    POOL,
    CloseRound,
    FinishRound,
    KeepRoundAlive,
    RecordSolution,
    Round,
)
from services.matching.rounds import store as round_store
from services.matching.rounds.pool import OpenPool
from services.matching.rounds.store import LastWhole, PricedRound
from services.matching.settings import MatchingSettings
from services.matching.solver.interface import (
    Allocation,
    Inputs,
    hash_prices,
    hash_solution,
    hash_text,
    write_inputs,
)
from services.matching.solver.process import Solution, SolverProcess
from shared.calendar import find_unknown_years
from shared.errors import Transient
from shared.messaging.batches import execute_each
from shared.messaging.decision import Answer, Command
from shared.runtime import Runtime

log = structlog.get_logger()

# What else is to be decided comes in between.
HEARTBEATS = 3  # within the time after which a round is taken over


class RoundRunner:
    """What one instance does of the pool's rounds."""

    def __init__(self, runtime: Runtime, settings: MatchingSettings, solver: SolverProcess) -> None:
        self._runtime = runtime
        self._settings = settings
        self._solver = solver
        ask_again = timedelta(days=settings.ask_again_days)
        is_gone = runtime.keyring.is_partner_gone
        self._pool = OpenPool(runtime.database, settings.weights, ask_again, is_gone)
        self._years_said: set[int] = set()
        self._last_whole = LastWhole(runtime.database, settings.weights)

    async def run(self) -> bool:
        """One round, if there is anything to decide and nobody else runs one."""
        database, now = self._runtime.database, await self._runtime.processor.now()
        last = await round_store.find_latest(database)
        if last is not None and last.state != "done":
            if (now - last.alive_at).total_seconds() < self._settings.round_takeover_s:
                return False
            return await self._take_over(last)
        self._warn_of_unknown_years(now)
        started = time.monotonic()
        priced = await self._last_whole.read()
        inputs = await self._read_inputs(priced, now)
        if inputs is None:
            return False
        return await self._close(last.number + 1 if last else 1, inputs, priced, started)

    def _warn_of_unknown_years(self, now: datetime) -> None:
        """Once for each: until the package knows it, its holidays count as any day."""
        until = now + timedelta(seconds=self._settings.proposal_lifetime_s)
        for year in set(find_unknown_years(now, until)) - self._years_said:
            self._years_said.add(year)
            log.warning("holidays_unknown", year=year, effect="every day of it counts")

    async def _read_inputs(self, priced: PricedRound | None, now: datetime) -> Inputs | None:
        """Of a whole round where one is due, else of a batch if there is one."""
        if priced is not None and await self._is_whole_due(priced.closed_at, now):
            return await self._pool.read_whole(now, self._settings.whole_round_needs_max)
        prices = priced.prices if priced else {}
        batch = await self._pool.read_batch(now, prices, self._settings.round_needs_max)
        if not batch.needs:
            return None
        if priced is None:
            return await self._pool.read_whole(now, self._settings.whole_round_needs_max)
        return batch

    async def _is_whole_due(self, closed_at: datetime, now: datetime) -> bool:
        passed = (now - closed_at).total_seconds()
        if passed >= self._settings.whole_round_interval_s:
            return True
        demanded_at = await round_store.find_demand_time(self._runtime.database)
        return demanded_at is not None and demanded_at > closed_at

    async def _close(
        self, number: int, inputs: Inputs, priced: PricedRound | None, started: float
    ) -> bool:
        close, text = await asyncio.to_thread(self._build_close, number, inputs, priced)
        closed = await self._runtime.processor.execute(Command(close))
        if closed.status != 201:
            return False
        read_s = time.monotonic() - started
        async with self._keep_alive(number):
            await self._solve_and_decide(number, text, inputs, read_s)
        return True

    def _build_close(
        self, number: int, inputs: Inputs, priced: PricedRound | None
    ) -> tuple[CloseRound, str]:
        """With the inputs' text. Large ones take seconds, so this is no work for the loop."""
        text = write_inputs(inputs)
        is_batch = inputs.prices is not None
        close = CloseRound(
            pool=POOL,
            number=number,
            kind="batch" if is_batch else "whole",
            inputs=round_store.compress(text),
            retention_days=self._settings.round_retention_days,
            input_hash=hash_text(text),
            needs=len(inputs.needs),
            offers=len(inputs.offers),
            weights_version=self._settings.weights.version,
            weights_hash=hash_text(inputs.weights),
            priced_by=priced.number if priced and is_batch else None,
            prices_hash=priced.prices_hash if priced and is_batch else "",
        )
        return close, text

    async def _take_over(self, abandoned: Round) -> bool:
        """Its instance is gone: what it stored is decided on, and solved only where it had not.

        Where a proposal was already made, its number is taken.
        """
        log.warning("round_taken_over", pool=POOL, number=abandoned.number, kind=abandoned.kind)
        async with self._keep_alive(abandoned.number):
            if abandoned.state == "solved":
                whole = await round_store.load_round(self._runtime.database, abandoned.number)
                assert whole is not None, "the round was read just now"
                await self._decide(abandoned.number, whole.allocations)
            else:
                text = await round_store.load_inputs(self._runtime.database, abandoned.number)
                assert text is not None, "a round is closed with its inputs"
                await self._solve_and_decide(abandoned.number, text)
        return True

    @asynccontextmanager
    async def _keep_alive(self, number: int) -> AsyncIterator[None]:
        """A long solve is not taken over by another instance."""
        heartbeats = asyncio.create_task(self._send_heartbeats(number))
        try:
            yield
        finally:
            heartbeats.cancel()

    async def _send_heartbeats(self, number: int) -> None:
        heartbeat = KeepRoundAlive(pool=POOL, number=number)
        while True:
            await asyncio.sleep(self._settings.round_takeover_s / HEARTBEATS)
            try:
                await self._runtime.processor.execute(Command(heartbeat))
            except Transient as error:
                log.warning("round_beat_missed", pool=POOL, number=number, error=str(error))

    async def _solve_and_decide(
        self, number: int, text: str, inputs: Inputs | None = None, read_s: float = 0.0
    ) -> None:
        """Solves outside any transaction. inputs: where this instance read them from its pool."""
        began = time.monotonic()
        solution = await self._solver.solve(text)
        solve_s = time.monotonic() - began
        record = Command(_build_record(number, solution))
        answers = await self._decide(number, solution.allocations, record)
        refused = _find_refused(solution.allocations, answers)
        if inputs is not None:
            self._pool.record_round(inputs, refused)
            counts = _count_round(inputs, solution, len(refused))
            decide_s = time.monotonic() - began - solve_s
            log.info(
                "round_held",
                pool=POOL,
                number=number,
                **counts,
                read_ms=round(read_s * 1000),
                solve_ms=round(solve_s * 1000),
                decide_ms=round(decide_s * 1000),
            )

    async def _decide(
        self,
        number: int,
        allocations: Sequence[Allocation],
        *before: Command[RecordSolution],
    ) -> list[Answer | Exception]:
        """Each allocation on its own; their answers."""
        proposals = [self._build_proposal(number, allocation) for allocation in allocations]
        finish = Command(FinishRound(pool=POOL, number=number))
        commands: list[Command] = [*before, *proposals, finish]
        decided = await execute_each(self._runtime.processor, commands)
        return [answer for _, answer in decided[len(before) : -1]]

    def _build_proposal(self, number: int, allocation: Allocation) -> Command[Propose]:
        return Command(
            Propose(
                request_id=allocation.request_id,
                offer_id=allocation.offer_id,
                number=allocation.number,
                quantity=allocation.quantity,
                lifetime_s=self._settings.proposal_lifetime_s,
                reminder_s=self._settings.proposal_reminder_s,
                round_number=number,
            )
        )


def _build_record(number: int, solution: Solution) -> RecordSolution:
    return RecordSolution(
        pool=POOL,
        number=number,
        solver=solution.solver,
        solver_version=solution.version,
        allocations=solution.allocations,
        solution_hash=hash_solution(solution.allocations),
        objective=solution.objective,
        bound=solution.bound,
        prices=solution.prices,
        prices_hash=hash_prices(solution.prices),
    )


def _find_refused(
    allocations: Sequence[Allocation], answers: Sequence[Answer | Exception]
) -> frozenset[str]:
    """Requests of which a proposal was."""
    return frozenset(
        allocation.request_id
        for allocation, answer in zip(allocations, answers, strict=True)
        if not isinstance(answer, Answer) or answer.status != 201
    )


def _count_round(inputs: Inputs, solution: Solution, refused: int) -> dict[str, object]:
    served = {allocation.request_id for allocation in solution.allocations}
    return {
        "kind": "whole" if inputs.prices is None else "batch",
        "needs": len(inputs.needs),
        "offers": len(inputs.offers),
        "proposed": len(solution.allocations),
        "refused": refused,
        "without": len(inputs.needs) - len(served),
    }
