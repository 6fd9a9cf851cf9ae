"""What the SMS of a month cost, and what is held once its budget is gone. docs/decisions/0230.

Each process counts in a row of its own: one row for all would make every two sends a conflict.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from services.notify.model import ProviderName
from shared.contracts.values import CHINA, Value
from shared.messaging.decision import State

SHARDS = 16
BUDGET_GONE = "budget_gone"
LOOK_AGAIN_S = 600.0
WHOLE_PERCENT = 100


class SmsSpending(State):
    """SMS of one month in China, as they are billed, by provider. id: the month and a shard."""

    COLLECTION: ClassVar[str] = "sms_spending"

    month: str
    parts: Mapping[ProviderName, int] = Field(default_factory=dict)


class SmsBudget(State):
    """What was said of a month's budget. id: the month. told_percent: the last alarm."""

    COLLECTION: ClassVar[str] = "sms_budgets"

    told_percent: int = 0


class WarnOfBudget(Value):
    """So much of the month's budget is spent: the alarm's share, or all of it."""

    month: str
    percent: int


def find_month(at: datetime) -> str:
    """As 2026-05, of China's time."""
    return at.astimezone(CHINA).isoformat()[:7]


def derive_spending_id(month: str, shard: int) -> str:
    return f"{month}/{shard % SHARDS}"


def sum_parts(rows: Iterable[SmsSpending]) -> Mapping[ProviderName, int]:
    sums: dict[ProviderName, int] = {}
    for row in rows:
        for provider, count in row.parts.items():
            sums[provider] = sums.get(provider, 0) + count
    return sums


def compute_percent(parts: int, price_fen: float, budget_yuan: float) -> int:
    """Of the budget, rounded down; 0 where there is none."""
    return int(parts * price_fen / budget_yuan) if budget_yuan else 0


def find_alarm(percent: int, alarm_percent: int) -> int:
    """The alarm that so much calls for; 0 is none."""
    if percent >= WHOLE_PERCENT:
        return WHOLE_PERCENT
    return alarm_percent if percent >= alarm_percent else 0
