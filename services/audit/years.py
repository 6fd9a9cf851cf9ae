"""The ledger year: its log is created at the first start and closed when it is over.

Every decision that appends begins the new year by itself, and brings forward what it uses; the job
does the same for what nobody uses. All of it is decided under the heads' versions, so any number of
instances may do it at once: what one has brought forward, another finds there.
"""

import asyncio
from collections.abc import Callable

import structlog

from services.audit.model import (
    BringCommitmentForward,
    BringFundForward,
    BringStockForward,
    CloseYear,
    Commitment,
    EnterWaitingGift,
    FinishBringingForward,
    Fund,
    LogHead,
    Stock,
    ledger_year,
)
from services.audit.resources import AuditRuntime
from services.audit.store import (
    create_contributions,
    create_entered_lines,
    create_logs,
    create_recorded_consents,
    find_left_behind,
    find_waiting_gifts,
    mark_asked_gifts,
    mark_asked_lines,
    mark_taken_files,
    read_heads,
)
from shared.contracts.values import Value
from shared.messaging.batches import execute_all
from shared.messaging.decision import Command, State

log = structlog.get_logger()

LOOK_EVERY_S = 10.0
AT_ONCE = 200
"""What is brought forward in one transaction."""

# Funds first: a commitment or stock would bring its fund too, one by one.
COMMANDS: tuple[tuple[type[State], Callable[[str], Value]], ...] = (
    (Fund, lambda id_: BringFundForward(fund_id=id_)),
    (Commitment, lambda id_: BringCommitmentForward(match_id=id_)),
    (Stock, lambda id_: BringStockForward(stock_id=id_)),
)


async def prepare(runtime: AuditRuntime) -> None:
    """At start: a foundation that is new gets the log of this year; every gift is counted."""
    settings = runtime.settings
    year = ledger_year(await runtime.processor.now())
    heads = (
        LogHead(id=id_, origin=settings.format_origin(id_, year)) for id_ in settings.foundations
    )
    await create_logs(runtime.database, heads)
    await create_contributions(runtime.database)
    await create_recorded_consents(runtime.database)
    await mark_asked_lines(runtime.database)
    await mark_asked_gifts(runtime.database)
    await mark_taken_files(runtime.database)
    await create_entered_lines(runtime.database)


async def keep_years(runtime: AuditRuntime) -> None:
    """Endless."""
    while True:
        await close_and_bring_forward(runtime)
        await enter_waiting_gifts(runtime)
        await asyncio.sleep(LOOK_EVERY_S)


async def close_and_bring_forward(runtime: AuditRuntime) -> None:
    """One look at every foundation. No year is closed before all of the one before is brought
    forward into it: the service may have been stopped meanwhile."""
    await _bring_all_forward(runtime)
    year = ledger_year(await runtime.processor.now())
    over = [head for head in await read_heads(runtime.database) if head.year < year]
    await _submit(runtime, [CloseYear(foundation=head.id) for head in over])
    await _bring_all_forward(runtime)


async def enter_waiting_gifts(runtime: AuditRuntime) -> None:
    """What came before its fund was opened; what waits for that too long, the log tells of."""
    now = await runtime.processor.now()
    while ids := await find_waiting_gifts(runtime.database, now, AT_ONCE):
        await _submit(runtime, [EnterWaitingGift(donation_id=id_) for id_ in ids])


async def _bring_all_forward(runtime: AuditRuntime) -> None:
    for head in await read_heads(runtime.database):
        if head.carrying:
            await _bring_forward(runtime, head)
            await _submit(runtime, [FinishBringingForward(foundation=head.id, log=head.origin)])


async def _bring_forward(runtime: AuditRuntime, head: LogHead) -> None:
    for kind, command in COMMANDS:
        count = AT_ONCE
        while count == AT_ONCE:
            ids = await find_left_behind(runtime.database, kind, head, AT_ONCE)
            await _submit(runtime, [command(id_) for id_ in ids])
            count = len(ids)
            if ids:
                log.info("carried_forward", log=head.origin, kind=kind.COLLECTION, count=count)


async def _submit(runtime: AuditRuntime, commands: list[Value]) -> None:
    """Raises what could not be decided: the job's failure is logged, and it starts again."""
    await execute_all(runtime.processor, [Command(data) for data in commands])
