"""Loops that turn backlog and time into commands: rounds, deadlines."""

import asyncio
import time

import structlog

from services.matching import store
from services.matching.model.match import Match, ProposalDue, ReleaseMatch
from services.matching.model.offer import Offer, OfferDue
from services.matching.rounds.explaining import Explainer
from services.matching.rounds.holding import Rounds
from services.matching.settings import MatchingSettings
from services.matching.solver.apart import SolverApart
from shared import mongo
from shared.errors import Transient
from shared.messaging.decision import Command
from shared.runtime import Runtime

log = structlog.get_logger()

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


async def keep_explainer(runtime: Runtime) -> None:
    """Endless: its process ends when this is cancelled."""
    assert isinstance(runtime.extras, Explainer)
    async with runtime.extras:
        await asyncio.Event().wait()


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
