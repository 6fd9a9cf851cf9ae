"""Loops that turn backlog and time into commands: rounds, deadlines."""

import asyncio
import time
from typing import Any

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
RELEASED_AT_ONCE = 2000
DECIDED_AT_ONCE = 400


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
            await meet_deadlines(runtime)
        except Transient as error:
            log.warning("deadlines_postponed", error=str(error))
        await asyncio.sleep(poll_s)


async def meet_deadlines(runtime: Runtime) -> None:
    """Once: all that is due now, in a few batches."""
    now = await runtime.processor.now()
    withdrawn = await mongo.due(runtime.database, Offer, now)
    overdue = await mongo.due(runtime.database, Match, now)
    commands = [*await _freeing(runtime, withdrawn), *map(_expiring, overdue)]
    for start in range(0, len(commands), DECIDED_AT_ONCE):  # people's come in between
        some = commands[start : start + DECIDED_AT_ONCE]
        for command, answer in zip(some, await runtime.processor.execute_many(some), strict=True):
            if isinstance(answer, Exception):
                _tell_failure(command, answer)


async def _freeing(runtime: Runtime, offers: list[Offer]) -> list[Command[Any]]:
    """No proposal can be added to them any more; when all are reached a deadline is cleared."""
    if not offers:
        return []
    ids = [offer.id for offer in offers]
    held = await store.open_matches_of(runtime.database, ids, RELEASED_AT_ONCE)
    commands: list[Command[Any]] = [Command(ReleaseMatch(match_id=id_)) for id_ in held]
    if len(held) < RELEASED_AT_ONCE:
        holding = set(held.values())
        commands += [_cleared(offer) for offer in offers if offer.id not in holding]
    return commands


def _cleared(offer: Offer) -> Command[OfferDue]:
    assert offer.due_at is not None, "it was found by its deadline"
    return Command(OfferDue(aggregate_id=offer.id, due_at=offer.due_at))


def _expiring(match: Match) -> Command[ProposalDue]:
    assert match.due_at is not None, "it was found by its deadline"
    return Command(ProposalDue(aggregate_id=match.id, due_at=match.due_at))


def _tell_failure(command: Command[Any], error: Exception) -> None:
    """It stays due, and is tried again."""
    said = command.data
    log.error(
        "deadline_failed",
        command=type(said).__name__,
        about=said.match_id if isinstance(said, ReleaseMatch) else said.aggregate_id,
        exc_info=error,
    )


def _settings(runtime: Runtime) -> MatchingSettings:
    assert isinstance(runtime.settings, MatchingSettings)
    return runtime.settings
