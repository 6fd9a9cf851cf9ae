"""Loops that turn backlog and time into commands: rounds, deadlines."""

import asyncio
import secrets
import time
from datetime import datetime

import structlog

from services.matching import store
from services.matching.model.donor_digest import (
    DonorDigest,
    FinishReply,
    ReplyCode,
    SendDonorDigest,
)
from services.matching.model.labels import CAUSES
from services.matching.model.match import Match, ProposalDue, ReleaseMatch
from services.matching.model.offer import Offer, OfferDue
from services.matching.proposals import answer_each
from services.matching.resources import MatchingRuntime
from services.matching.rounds.runner import RoundRunner
from services.matching.solver.process import SolverProcess
from shared import mongo
from shared.contracts.links import PROPOSALS
from shared.errors import Transient
from shared.messaging.batches import execute_each
from shared.messaging.decision import Command
from shared.runtime import Runtime

log = structlog.get_logger()

DeadlineCommand = (
    Command[ReleaseMatch]
    | Command[OfferDue]
    | Command[ProposalDue]
    | Command[SendDonorDigest]
    | Command[FinishReply]
)

# A commit of another instance wakes nobody here, so the pool is looked at this often anyway.
POLL_S = 1.0
RELEASED_MAX = 2000
# Donors who are told at a time: each is asked of the database first.
DIGESTS_MAX = 100
# Proposals that one number answers.
ANSWERED_MAX = 200
CODES_DRAWN = 8


async def run_rounds(runtime: MatchingRuntime) -> None:
    """Endless: after a commit here, or a while, one round after another while there is work."""
    settings = runtime.settings
    async with SolverProcess() as solver:
        runner = RoundRunner(runtime, settings, solver)
        while True:
            started, committed = time.monotonic(), runtime.processor.next_commit
            if not await runner.run():
                await runtime.processor.wait_commit(POLL_S, committed)
            passed = time.monotonic() - started
            await asyncio.sleep(max(0.0, settings.round_interval_ms / 1000 - passed))


async def run_explainer(runtime: MatchingRuntime) -> None:
    """Endless: its process ends when this is cancelled."""
    async with runtime.resources:
        await asyncio.Event().wait()


async def run_deadlines(runtime: MatchingRuntime) -> None:
    """Endless: expires proposals nobody answered, frees what a withdrawn offer still holds."""
    poll_s = runtime.settings.due_poll_ms / 1000
    while True:
        try:
            await process_deadlines(runtime)
        except Transient as error:
            log.warning("deadlines_postponed", error=str(error))
        await runtime.processor.rest(poll_s)


async def process_deadlines(runtime: Runtime) -> None:
    """Once: all that is due now, in a few batches."""
    now = await runtime.processor.now()
    withdrawn = await mongo.find_due(runtime.database, Offer, now)
    overdue = await mongo.find_due(runtime.database, Match, now)
    digests = await mongo.find_due(runtime.database, DonorDigest, now, DIGESTS_MAX)
    replies = await mongo.find_due(runtime.database, ReplyCode, now, DIGESTS_MAX)
    commands: list[DeadlineCommand] = [
        *await _list_releases(runtime, withdrawn),
        *map(_expire, overdue),
        *[await _tell_donor(runtime, digest, now) for digest in digests],
        *[carried for code in replies if (carried := await _try_to_carry_out(runtime, code))],
    ]
    for command, answer in await execute_each(runtime.processor, commands):
        if isinstance(answer, Exception):
            _log_failure(command, answer)


async def _list_releases(runtime: Runtime, offers: list[Offer]) -> list[DeadlineCommand]:
    """No proposal can be added to them any more; when all are reached a deadline is cleared."""
    if not offers:
        return []
    ids = [offer.id for offer in offers]
    open_matches = await store.find_open_matches(runtime.database, ids, RELEASED_MAX)
    commands: list[DeadlineCommand] = [Command(ReleaseMatch(match_id=id_)) for id_ in open_matches]
    if len(open_matches) < RELEASED_MAX:
        waiting = set(open_matches.values())
        commands += [_clear_deadline(offer) for offer in offers if offer.id not in waiting]
    return commands


def _clear_deadline(offer: Offer) -> Command[OfferDue]:
    return Command(OfferDue(aggregate_id=offer.id, due_at=offer.deadline))


def _expire(match: Match) -> Command[ProposalDue]:
    return Command(ProposalDue(aggregate_id=match.id, due_at=match.deadline))


async def _tell_donor(
    runtime: Runtime, digest: DonorDigest, now: datetime
) -> Command[SendDonorDigest]:
    """What waits for him now, not what was counted."""
    waiting = await store.count_proposals(runtime.database, digest.id, now)
    rows = await store.find_proposals(runtime.database, digest.id, now, ANSWERED_MAX)
    only = rows[0].id if len(rows) == 1 else None
    due = SendDonorDigest(
        aggregate_id=digest.id,
        due_at=digest.deadline,
        waiting=waiting,
        only=only,
        match_ids=tuple(row.id for row in rows),
        ends_at=rows[-1].expires_at if rows else None,
        codes=_draw_codes(),
    )
    return Command(due)


def _draw_codes() -> tuple[str, ...]:
    """Numbers that nobody guesses; the longer ones are for when the short ones are taken."""
    return tuple(
        str(10 ** (digits - 1) + secrets.randbelow(9 * 10 ** (digits - 1)))
        for digits in (*[4] * CODES_DRAWN, *[5] * CODES_DRAWN)
    )


async def _try_to_carry_out(runtime: Runtime, code: ReplyCode) -> Command[FinishReply] | None:
    """None where it failed: it stays due, and nobody else's deadline waits for it."""
    try:
        return await _carry_out(runtime, code)
    except Exception:
        log.exception("reply_postponed", donor_id=code.donor_id)
        return None


async def _carry_out(runtime: Runtime, code: ReplyCode) -> Command[FinishReply]:
    """What a donor wrote, proposal by proposal; what was decided before a crash stays."""
    assert code.verdict is not None, "it is due once it was answered"
    outcome = await answer_each(
        runtime,
        code.donor_id,
        code.match_ids,
        code.verdict,
        CAUSES[code.cause],
        f"reply:{PROPOSALS.purpose}",
    )
    return Command(FinishReply(aggregate_id=code.id, due_at=code.deadline, done=len(outcome.done)))


def _name_aggregate(
    command: ReleaseMatch | OfferDue | ProposalDue | SendDonorDigest | FinishReply,
) -> str:
    return command.match_id if isinstance(command, ReleaseMatch) else command.aggregate_id


def _log_failure(command: DeadlineCommand, error: Exception) -> None:
    """It stays due, and is tried again."""
    log.error(
        "deadline_failed",
        command=type(command.data).__name__,
        about=_name_aggregate(command.data),
        exc_info=error,
    )
