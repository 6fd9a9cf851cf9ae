"""A running audit for the tests that ask for one."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.audit.harness import AuditHarness, start_harness
from tests.support.house import House


@pytest_asyncio.fixture(loop_scope="session")
async def harness(house: House) -> AsyncIterator[AuditHarness]:
    yield await start_harness(house)
