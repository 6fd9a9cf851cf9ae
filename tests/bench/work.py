"""What each service's processor did, from its own /metrics: transactions, items, busy seconds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from tests.bench.shape import SERVICES

_BATCH = re.compile(r"^guanjia_batch_seconds_(count|sum)\{[^}]*\} (\S+)", re.M)
_ITEMS = re.compile(r"^guanjia_items_total\{[^}]*\} (\S+)", re.M)
_CONFLICTS = re.compile(r"^guanjia_conflicts_total\{[^}]*\} (\S+)", re.M)


@dataclass(frozen=True, slots=True)
class Work:
    """busy_s: from a batch's first read to its commit; a service works one batch at a time."""

    transactions: float
    items: float
    conflicts: float
    busy_s: float

    def plus(self, other: "Work") -> "Work":
        return Work(
            self.transactions + other.transactions,
            self.items + other.items,
            self.conflicts + other.conflicts,
            self.busy_s + other.busy_s,
        )

    def since(self, before: "Work") -> "Work":
        return Work(
            self.transactions - before.transactions,
            self.items - before.items,
            self.conflicts - before.conflicts,
            self.busy_s - before.busy_s,
        )


async def read_work(urls: Mapping[str, str]) -> dict[str, Work]:
    async with httpx.AsyncClient(timeout=10) as http:
        return {name: _work((await http.get(f"{urls[name]}/metrics")).text) for name in SERVICES}


def _work(page: str) -> Work:
    batch = dict(_BATCH.findall(page))
    return Work(
        transactions=float(batch.get("count", 0)),
        items=sum(float(value) for value in _ITEMS.findall(page)),
        conflicts=sum(float(value) for value in _CONFLICTS.findall(page)),
        busy_s=float(batch.get("sum", 0)),
    )
