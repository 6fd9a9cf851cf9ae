"""Notify killed while its provider is slow: only the calls that were under way are unclear."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local import parts
from deploy.local.ports import find_free_port
from deploy.local.supervisor import Supervisor
from services.notify.model import Notice
from services.notify.settings import NotifySettings
from shared import mongo
from shared.contracts.events import RequestOpened
from tests.notify.decisions import make_opened
from tests.notify.harness import NotifyHarness, open_harness
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

CALLS, PERSONS = 3, 12
# The simulator answers these a second later.
SLOW = "990005"


@asynccontextmanager
async def supervise_notify(harness: NotifyHarness, log: Path) -> AsyncIterator[Supervisor]:
    port = find_free_port()
    settings = harness.stack.settings(
        NotifySettings,
        port=port,
        # The member that this broker knows: it would wait long for another to take its place.
        instance_id=harness.settings.instance_id,
        intake_url=harness.settings.intake_url,
        simulators_url=harness.settings.simulators_url,
        send_concurrency=CALLS,
        provider_timeout_s=10,
    )
    fields = settings.model_dump(mode="json", include=settings.model_fields_set)
    environment = {f"GUANJIA_{name.upper()}": str(value) for name, value in fields.items()}
    part = parts.build_service("notify", port, os.environ | environment, log)
    supervisor = Supervisor([[replace(part, name="killed")]], announce=print)
    await supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


def make_facts(persons: list[str]) -> dict[str, RequestOpened]:
    return {
        f"R-{uuid4().hex[:20]}": make_opened().model_copy(update={"person_id": person})
        for person in persons
    }


@pytest.mark.timeout(240)
async def test_killed_with_a_slow_provider_leaves_no_more_unclear_than_calls_under_way(
    stack: StackHarness, tmp_path: Path
) -> None:
    async with open_harness(stack) as harness:
        await harness.notify.stop()
        phones = [f"138{i}{SLOW}" for i in range(10, 10 + PERSONS)]
        persons = await asyncio.gather(*(harness.register_person(phone) for phone in phones))
        database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_notify")

        async def count_states() -> Counter[str]:
            notices = await mongo.find(database, Notice, {"person_id": {"$in": list(persons)}})
            return Counter(notice.state for notice in notices)

        async with supervise_notify(harness, tmp_path / "notify.log") as supervisor:
            await harness.publish_all(make_facts(list(persons)))
            await eventually(count_states, lambda states: states["sending"] == CALLS, 60)
            await supervisor.kill("killed")
            unclear = (await count_states())["sending"]
            assert unclear <= CALLS
            await supervisor.restart("killed")
            await eventually(
                count_states,
                lambda states: states["sent"] + states["delivered"] == PERSONS - unclear,
                60,
            )
        counts = [len(await harness.read_phone(f"+86{phone}")) for phone in phones]
        assert sum(counts) >= PERSONS - unclear
        assert max(counts) == 1
