"""What became of the calls to each provider for each purpose, and what they cost."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from services.notify.limits import count_segments, count_sms_units, fill_longest
from services.notify.model import Notice
from services.notify.store import IN_ANY_STATE
from services.notify.templates import TEMPLATES
from shared import mongo
from shared.contracts.values import Value

DAYS_MAX = 92
LASTS = timedelta(minutes=1)


class Rate(Value):
    """calls: of what an account at fault refused, the last one alone. accepted: by the provider.
    arrived, failed: by its receipt. unclear: nobody knows. cost_fen: of the SMS that were accepted,
    each as long as its words may become.
    """

    provider: str
    purpose: str
    calls: int
    accepted: int
    arrived: int
    failed: int
    unclear: int
    cost_fen: float

    @property
    def arrived_percent(self) -> float | None:
        """Of those whose receipt is here; None while there is none."""
        ended = self.arrived + self.failed
        return 100 * self.arrived / ended if ended else None


async def find_rates(
    database: mongo.Database, days: int, now: datetime, sign_name: str, sms_price_fen: float
) -> list[Rate]:
    """Of the notices of so many days, the purpose with the most calls first."""
    begins = now - timedelta(days=days)
    attempt = "$attempts"
    sums = {
        "calls": {"$sum": 1},
        "accepted": _count("outcome", "sent"),
        "arrived": _count("receipt", "delivered"),
        "failed": _count("receipt", "failed"),
        "unclear": _count("outcome", "unknown", "written_off"),
    }
    key = {"provider": f"{attempt}.provider", "channel": f"{attempt}.channel", "for": "$purpose"}
    rows = database[Notice.COLLECTION].aggregate(
        [
            {"$match": {"state": IN_ANY_STATE, "created_at": {"$gte": begins}}},
            {"$project": {"purpose": 1, "attempts": 1}},
            {"$unwind": attempt},
            {"$group": {"_id": key, **sums}},
        ]
    )
    prices = _list_prices(sign_name, sms_price_fen)
    rates = [_build_rate(row, prices) async for row in rows]
    return sorted(rates, key=lambda rate: (-rate.calls, rate.purpose, rate.provider))


def _count(field: str, *values: str) -> dict[str, object]:
    return {"$sum": {"$cond": [{"$in": [f"$attempts.{field}", list(values)]}, 1, 0]}}


def _list_prices(sign_name: str, sms_price_fen: float) -> Mapping[str, float]:
    """Of one SMS of each template, in fen."""
    return {
        name: sms_price_fen * count_segments(count_sms_units(sign_name, fill_longest(template)))
        for name, template in TEMPLATES.items()
    }


def _build_rate(row: Mapping[str, object], prices: Mapping[str, float]) -> Rate:
    key = row["_id"]
    assert isinstance(key, dict)
    is_sms = key["channel"] == "sms"
    fields = {name: row[name] for name in ("calls", "accepted", "arrived", "failed", "unclear")}
    accepted = row["accepted"]
    assert isinstance(accepted, int)
    return Rate.model_validate(
        {
            # Stored when each channel had one provider.
            "provider": key.get("provider") or ("tencent" if is_sms else "wechat"),
            "purpose": key["for"],
            "cost_fen": accepted * prices.get(key["for"], 0.0) if is_sms else 0.0,
            **fields,
        }
    )


def add_up(rates: list[Rate]) -> list[Rate]:
    """One line for each provider, all purposes together."""
    names = ("calls", "accepted", "arrived", "failed", "unclear", "cost_fen")
    return [
        Rate(
            provider=provider,
            purpose="",
            **{
                name: sum(getattr(r, name) for r in rates if r.provider == provider)
                for name in names
            },
        )
        for provider in sorted({rate.provider for rate in rates})
    ]


class RecentRates:
    """As they were counted within a minute: a page that is loaded again counts nothing anew."""

    def __init__(self) -> None:
        self._counted: dict[int, tuple[datetime, list[Rate]]] = {}
        self._gate = asyncio.Lock()

    async def find(
        self,
        database: mongo.Database,
        days: int,
        now: datetime,
        sign_name: str,
        sms_price_fen: float,
    ) -> list[Rate]:
        """As `find_rates`."""
        async with self._gate:
            counted = self._counted.get(days)
            if counted is None or now - counted[0] >= LASTS:
                rates = await find_rates(database, days, now, sign_name, sms_price_fen)
                counted = self._counted[days] = (now, rates)
            return counted[1]
