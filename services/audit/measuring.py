"""What can still be promised of each fund, as a metric: the same from every instance."""

import asyncio

from services.audit.resources import AuditRuntime
from services.audit.store import read_funds
from shared import telemetry

MEASURE_EVERY_S = 30.0


async def measure_funds(runtime: AuditRuntime) -> None:
    """Endless."""
    while True:
        for fund in await read_funds(runtime.database):
            telemetry.FUND_AVAILABLE.labels(fund.id).set(fund.remaining_fen)
        await asyncio.sleep(MEASURE_EVERY_S)
