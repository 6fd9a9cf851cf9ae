"""A running audit for the tests that ask for one."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.audit.harness import AuditHarness, start_harness
from tests.support.stack_harness import StackHarness


@pytest_asyncio.fixture(loop_scope="session")
async def harness(stack: StackHarness) -> AsyncIterator[AuditHarness]:
    yield await start_harness(stack)
