"""The month's budget as one process watches it: what is spent, and whether SMS are held."""

import secrets
import time

from services.notify import store
from services.notify.resources import NotifyRuntime
from services.notify.spending import (
    SHARDS,
    WHOLE_PERCENT,
    WarnOfBudget,
    compute_percent,
    find_alarm,
    find_month,
    sum_parts,
)
from shared import telemetry
from shared.messaging.decision import Command

WATCH_S = 5.0


class BudgetWatch:
    """shard: where this process counts. is_gone: as it was seen some seconds ago, so a little more
    than the budget may go out."""

    def __init__(self, runtime: NotifyRuntime) -> None:
        self._runtime, self._settings = runtime, runtime.settings
        self.shard = secrets.randbelow(SHARDS)
        self.is_gone = False
        self._watched_at = float("-inf")
        self._told: tuple[str, int] = ("", 0)

    async def watch(self) -> None:
        now = time.monotonic()
        if not self._settings.sms_budget_yuan or now - self._watched_at < WATCH_S:
            return
        self._watched_at = now
        month = find_month(await self._runtime.processor.now())
        rows = await store.find_spending(self._runtime.database, month)
        parts = sum(sum_parts(rows).values())
        settings = self._settings
        percent = compute_percent(parts, settings.sms_price_fen, settings.sms_budget_yuan)
        self.is_gone = percent >= WHOLE_PERCENT
        alarm = find_alarm(percent, settings.sms_alarm_percent)
        telemetry.SMS_BUDGET_SPENT.set(percent)
        telemetry.SMS_BUDGET_LOW.set(bool(alarm))
        if alarm and self._told != (month, alarm):
            await self._runtime.processor.execute(Command(WarnOfBudget(month=month, percent=alarm)))
            self._told = (month, alarm)
