"""A rolling restart under load: each instance is replaced, and no channel sees an error.

In `tests/system/test_front.py` the same without services, in a second.
"""

import asyncio
import operator
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from deploy.local.stack import Stack, StackOptions
from tests.support.eventually import eventually
from tests.system.test_system import BROKER, SETTINGS

PAUSE_S = 0.05
ORDER = ("audit", "matching", "notify", "intake")


def describe_wish(number: int) -> dict[str, Any]:
    return {
        "kind": "wish",
        "category": "supplies",
        "beneficiary_class": "temporary_hardship",
        "channel": "committee",
        "need": {"unit": "fen", "quantity": 20_000},
        "area": {"town_code": "441900104"},
        "applicant": {"name": "示例", "phone": f"+861540{number:07d}"},
        "text": "测试心愿",
    }


@dataclass
class Load:
    """Who comes by the front's address, each again as soon as he was answered."""

    url: str
    secrets_dir: Path
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    ends: bool = False

    def start(self) -> list[asyncio.Task[None]]:
        calls = (self.submit, self.open_page, self.open_menu, self.read_books)
        return [asyncio.create_task(self._repeat(call)) for call in calls]

    @property
    def submitted(self) -> int:
        return self.answers["submit", 201]

    async def count(self) -> int:
        return self.submitted

    async def _repeat(self, call: Callable[[httpx.AsyncClient, int], Any]) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False) as http:
            number = 0
            while not self.ends:
                number += 1
                answer = await call(http, number)
                self.answers[call.__name__, answer.status_code] += 1
                if not answer.is_success:
                    self.refused.append(f"{call.__name__}: {answer.status_code} {answer.text}")
                await asyncio.sleep(PAUSE_S)

    async def submit(self, http: httpx.AsyncClient, number: int) -> httpx.Response:
        headers = self._show("collector") | {"Idempotency-Key": f"k-{number}"}
        wish = describe_wish(number)
        return await http.post("/api/intake/requests", json=wish, headers=headers)

    async def open_page(self, http: httpx.AsyncClient, _number: int) -> httpx.Response:
        return await http.get("/ask", headers={"Accept": "text/html"})

    async def open_menu(self, http: httpx.AsyncClient, _number: int) -> httpx.Response:
        return await http.get("/give", headers={"Accept": "text/html"})

    async def read_books(self, http: httpx.AsyncClient, _number: int) -> httpx.Response:
        return await http.get("/api/audit/summary", headers=self._show("auditor"))

    def _show(self, who: str) -> dict[str, str]:
        token = (self.secrets_dir / f"{who}.token").read_text().strip()
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def run_twice(path: Path) -> AsyncIterator[Stack]:
    """Two of each service, behind one front."""
    options = StackOptions(path, broker=BROKER, settings_env=SETTINGS, instances=2)
    stack = Stack(options, announce=print)
    await stack.start()
    try:
        yield stack
    finally:
        await stack.stop()


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_each_instance_is_replaced_and_nobody_is_answered_an_error(tmp_path: Path) -> None:
    async with run_twice(tmp_path) as stack:
        load = Load(stack.urls["front"], stack.secrets_dir)
        tasks = load.start()
        for part in (f"{name}{number}" for name in ORDER for number in ("", "-2")):
            seen = load.submitted
            await eventually(load.count, partial(operator.lt, seen + 5))
            await stack.supervisor.restart(part)
        load.ends = True
        await asyncio.gather(*tasks)
        assert load.refused == []
        with MongoClient[dict[str, Any]](stack.mongo_uri) as client:
            needs = client["guanjia_matching"]["needs"]
            look = partial(asyncio.to_thread, needs.count_documents, {})
            await eventually(look, partial(operator.eq, load.submitted))
