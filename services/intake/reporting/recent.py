"""The figures of a while ago, so that a hundred people who look count all requests once."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.intake.reporting.database import count_requests
from services.intake.reporting.figures import Counts
from services.intake.store import REQUESTS
from shared import mongo
from shared.scope import Scope

SCOPES_MAX = 64


@dataclass(frozen=True, slots=True)
class Count:
    """at: when they were counted."""

    counts: Counts
    at: datetime


class RecentCounts:
    """One for each scope, for as long as a setting says. Whoever comes while it is counted waits
    for it."""

    def __init__(self, lasts: timedelta) -> None:
        self._lasts = lasts
        self._counts: dict[Scope, Count] = {}
        self._gate = asyncio.Lock()

    async def find(self, database: mongo.Database, scope: Scope, now: datetime) -> Count:
        if count := self._find_fresh(scope, now):
            return count
        async with self._gate:
            if count := self._find_fresh(scope, now):
                return count
            counts = await count_requests(database, scope.build_query(REQUESTS))
            self._counts.pop(scope, None)
            while len(self._counts) >= SCOPES_MAX:
                self._counts.pop(next(iter(self._counts)))
            self._counts[scope] = Count(counts, now)
            return self._counts[scope]

    def _find_fresh(self, scope: Scope, now: datetime) -> Count | None:
        count = self._counts.get(scope)
        return count if count and now - count.at < self._lasts else None
