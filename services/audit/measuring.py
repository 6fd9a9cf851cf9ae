"""What finance has to know of, as metrics: what can still be promised of each fund, and which lines
of the bank wait for an answer. The same from every instance."""

import asyncio

from services.audit.messages import DOUBTS
from services.audit.resources import AuditRuntime
from services.audit.statements.messages import GIFT_ASKED
from services.audit.store import count_asked_gifts, count_questions, read_funds
from shared import telemetry

MEASURE_EVERY_S = 30.0


async def measure_finance(runtime: AuditRuntime) -> None:
    """Endless."""
    while True:
        counts = await count_questions(runtime.database)
        for doubt in DOUBTS:
            telemetry.BANK_QUESTIONS.labels(doubt).set(counts.get(doubt, 0))
        telemetry.BANK_QUESTIONS.labels(GIFT_ASKED.code).set(
            await count_asked_gifts(runtime.database)
        )
        for fund in await read_funds(runtime.database):
            telemetry.FUND_AVAILABLE.labels(fund.id).set(fund.remaining_fen)
        await asyncio.sleep(MEASURE_EVERY_S)
