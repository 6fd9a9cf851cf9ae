"""Loops that turn backlog and time into commands: rounds, deadlines."""

import asyncio
import time

import structlog

from services.matching import store
from services.matching.model.match import Match, ProposalDue, Propose, ReleaseMatch
from services.matching.model.offer import Offer, OfferDue
from services.matching.model.round import CloseRound, FinishRound, RecordSolution, Round, round_id
from services.matching.settings import MatchingSettings
from services.matching.solver.apart import SolverApart
from services.matching.solver.interface import Allocation, digest, solution_digest, written
from shared import mongo
from shared.errors import Transient
from shared.messaging.decision import Answer, Command
from shared.runtime import Runtime

log = structlog.get_logger()

POOL = "city"
# Other instances commit unheard; and a commit during a look is seen at the next.
LOOK_AGAIN_S = 1.0
RELEASED_AT_ONCE = 400


async def hold_rounds(runtime: Runtime) -> None:
    """Endless: after a commit here, or a while, one round after another while there is work."""
    settings = _settings(runtime)
    async with SolverApart() as solver:
        rounds = Rounds(runtime, settings, solver)
        while True:
            started = time.monotonic()
            if not await rounds.hold():
                await runtime.processor.wait_commit(LOOK_AGAIN_S)
            passed = time.monotonic() - started
            await asyncio.sleep(max(0.0, settings.round_interval_ms / 1000 - passed))


class Rounds:
    """What one instance does of the pool's rounds."""

    def __init__(self, runtime: Runtime, settings: MatchingSettings, solver: SolverApart) -> None:
        self._runtime = runtime
        self._settings = settings
        self._solver = solver

    async def hold(self) -> bool:
        """One round, if there is anything to decide and nobody else is at it."""
        database, now = self._runtime.database, await self._runtime.processor.now()
        last = await store.latest_round(database, POOL)
        if last is not None and last.state != "done":
            if (now - last.closed_at).total_seconds() < self._settings.round_takeover_s:
                return False
            return await self._take_over(last.number)
        pool = await store.read_pool(database, now, self._settings.round_needs_max)
        if not pool.needs:
            return False
        number = last.number + 1 if last else 1
        inputs = written(pool)
        close = CloseRound(pool=POOL, number=number, inputs=inputs, input_hash=digest(inputs))
        closed = await self._runtime.processor.execute(Command(close))
        if closed.status != 201:
            return False
        await self._work(number, inputs)
        return True

    async def _take_over(self, number: int) -> bool:
        """Its instance is gone: what it stored is decided on, and solved only where it had not.

        Where a proposal was already made, its number is taken.
        """
        left = await mongo.load(self._runtime.database, Round, round_id(POOL, number))
        assert left is not None, "the round was read just now"
        log.warning("round_taken_over", pool=POOL, number=number)
        if left.state == "solved":
            await self._decide(number, left.allocations)
        else:
            await self._work(number, left.inputs)
        return True

    async def _work(self, number: int, inputs: str) -> None:
        """Solves outside any transaction."""
        solution = await self._solver.solve(inputs)
        record = RecordSolution(
            pool=POOL,
            number=number,
            solver=solution.solver,
            solver_version=solution.version,
            allocations=solution.allocations,
            solution_hash=solution_digest(solution.allocations),
        )
        await self._decide(number, solution.allocations, Command(record))

    async def _decide(
        self, number: int, allocations: tuple[Allocation, ...], *before: Command[RecordSolution]
    ) -> None:
        """Each allocation on its own."""
        proposals = self._proposals(allocations)
        finish = FinishRound(pool=POOL, number=number)
        answers = await self._runtime.processor.execute_many([*before, *proposals, Command(finish)])
        _report(number, answers[len(before) : -1])

    def _proposals(self, allocations: tuple[Allocation, ...]) -> list[Command[Propose]]:
        return [
            Command(
                Propose(
                    request_id=a.request_id,
                    offer_id=a.offer_id,
                    number=a.number,
                    quantity=a.quantity,
                    lifetime_s=self._settings.proposal_lifetime_s,
                )
            )
            for a in allocations
        ]


def _report(number: int, answers: list[Answer | Exception]) -> None:
    proposed = sum(isinstance(a, Answer) and a.status == 201 for a in answers)
    refused = len(answers) - proposed
    log.info("round_held", pool=POOL, number=number, proposed=proposed, refused=refused)


async def keep_deadlines(runtime: Runtime) -> None:
    """Endless: expires proposals nobody answered, frees what a withdrawn offer still holds."""
    poll_s = _settings(runtime).due_poll_ms / 1000
    while True:
        try:
            now = await runtime.processor.now()
            for offer in await mongo.due(runtime.database, Offer, now):
                await _free_withdrawn(runtime, offer)
            await _expire(runtime, await mongo.due(runtime.database, Match, now))
        except Transient as error:
            log.warning("deadlines_postponed", error=str(error))
        await asyncio.sleep(poll_s)


async def _expire(runtime: Runtime, overdue: list[Match]) -> None:
    commands = [
        Command(ProposalDue(aggregate_id=match.id, due_at=match.due_at))
        for match in overdue
        if match.due_at is not None
    ]
    if commands:
        await runtime.processor.execute_many(commands)


async def _free_withdrawn(runtime: Runtime, offer: Offer) -> None:
    """No proposal can be added to it any more; when all are reached its deadline is cleared."""
    ids = await store.open_matches_of(runtime.database, offer.id, RELEASED_AT_ONCE)
    commands = [Command(ReleaseMatch(match_id=id_)) for id_ in ids]
    if commands:
        await runtime.processor.execute_many(commands)
    elif offer.due_at is not None:
        due = OfferDue(aggregate_id=offer.id, due_at=offer.due_at)
        await runtime.processor.execute(Command(due))


def _settings(runtime: Runtime) -> MatchingSettings:
    assert isinstance(runtime.settings, MatchingSettings)
    return runtime.settings
