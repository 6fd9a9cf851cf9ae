"""The ledger year: founded at the first start, closed when it is over, what is left carried on.

Every decision that appends begins the new year by itself, and carries what it uses; the job does
the same for what nobody uses. All of it is decided under the heads' versions, so any number of
instances may do it at once: what one has carried, another finds carried.
"""

import asyncio
from collections.abc import Callable

import structlog

from services.audit.model import (
    CarriedAll,
    CarryCommitment,
    CarryFund,
    CarryStock,
    CloseYear,
    Commitment,
    Fund,
    LogHead,
    Stock,
    ledger_year,
)
from services.audit.settings import AuditSettings
from services.audit.store import found_logs, not_carried, read_heads
from shared.contracts.values import Value
from shared.messaging.decision import Command, State
from shared.runtime import Runtime

log = structlog.get_logger()

LOOK_EVERY_S = 10.0
AT_ONCE = 200
"""What is carried in one transaction."""

# Funds first: a commitment or stock would carry its fund too, one by one.
CARRIED: tuple[tuple[type[State], Callable[[str], Value]], ...] = (
    (Fund, lambda id_: CarryFund(fund_id=id_)),
    (Commitment, lambda id_: CarryCommitment(match_id=id_)),
    (Stock, lambda id_: CarryStock(stock_id=id_)),
)


async def found(runtime: Runtime) -> None:
    """At start: a foundation that is new gets the log of this year."""
    settings: AuditSettings = runtime.settings
    year = ledger_year(await runtime.processor.now())
    heads = (LogHead(id=id_, origin=settings.origin(id_, year)) for id_ in settings.foundations)
    await found_logs(runtime.database, heads)


async def keep_years(runtime: Runtime) -> None:
    """Endless."""
    while True:
        await close_and_carry(runtime)
        await asyncio.sleep(LOOK_EVERY_S)


async def close_and_carry(runtime: Runtime) -> None:
    """One look at every foundation. No year is closed before all of the one before is carried into
    it: that may have been left undone when the service was stopped."""
    await _carry_all(runtime)
    year = ledger_year(await runtime.processor.now())
    over = [head for head in await read_heads(runtime.database) if head.year < year]
    await _submit(runtime, [CloseYear(foundation=head.id) for head in over])
    await _carry_all(runtime)


async def _carry_all(runtime: Runtime) -> None:
    for head in await read_heads(runtime.database):
        if head.carrying:
            await _carry(runtime, head)
            await _submit(runtime, [CarriedAll(foundation=head.id, log=head.origin)])


async def _carry(runtime: Runtime, head: LogHead) -> None:
    for kind, command in CARRIED:
        count = AT_ONCE
        while count == AT_ONCE:
            ids = await not_carried(runtime.database, kind, head, AT_ONCE)
            await _submit(runtime, [command(id_) for id_ in ids])
            count = len(ids)
            if ids:
                log.info("carried_forward", log=head.origin, kind=kind.COLLECTION, count=count)


async def _submit(runtime: Runtime, asked: list[Value]) -> None:
    """Raises what could not be decided: the job is told in the log and starts again."""
    answers = await runtime.processor.execute_many([Command(data) for data in asked])
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
