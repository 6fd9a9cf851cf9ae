"""A round under way is heard of, so that no other instance takes it over."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, cast

from services.matching.main import build_service
from services.matching.model.round import KeepRoundAlive
from services.matching.rounds.runner import RoundRunner
from services.matching.settings import MatchingSettings
from services.matching.solver.process import Solution, SolverProcess
from shared.errors import Transient
from shared.messaging.decision import Answer, Command
from shared.messaging.processor import Processor
from tests.matching.harness import MatchingHarness
from tests.support.stack_harness import StackHarness


@dataclass
class AwayAtFirst:
    """The processor, whose database is away at the first beat."""

    real: Processor
    beats: int = 0

    def __post_init__(self) -> None:
        self.heard = asyncio.Event()

    async def execute(self, command: Command[Any]) -> Answer:
        if isinstance(command.data, KeepRoundAlive):
            self.beats += 1
            if self.beats == 1:
                raise Transient("not primary")
            self.heard.set()
        return await self.real.execute(command)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class SlowSolver(SolverProcess):
    """Is done only when the round was heard of."""

    def __init__(self, heard: asyncio.Event) -> None:
        super().__init__()
        self._heard = heard

    async def solve(self, inputs: str) -> Solution:
        await asyncio.wait_for(self._heard.wait(), 60)
        return await super().solve(inputs)


async def test_round_goes_on_being_heard_of_when_the_database_was_away(stack: StackHarness) -> None:
    settings = stack.settings(MatchingSettings, round_takeover_s=0.3)
    running = await stack.start(replace(build_service(settings, stack.keyring), jobs=()), settings)
    harness, away = MatchingHarness(stack, running), AwayAtFirst(running.runtime.processor)
    await harness.register_offer()
    await harness.publish_requests("r")
    await harness.wait_for_needs("r")
    runtime = replace(running.runtime, processor=cast("Processor", away))
    async with SlowSolver(away.heard) as solver:
        assert await RoundRunner(runtime, settings, solver).run()
    assert away.beats >= 2
    await harness.wait_for_matches(1, "proposed")
