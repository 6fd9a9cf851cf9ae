"""Notify with everything real around it, one for all tests of a process that ask for it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.stack import Stack
from shared.security import create_root_key
from tests.conftest import BROKER
from tests.notify.harness import NotifyHarness, open_harness
from tests.support.stack import start_broker
from tests.support.stack_harness import StackHarness


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def harness(
    mongod: Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[NotifyHarness]:
    broker = await start_broker(tmp_path_factory.mktemp("broker"), BROKER)
    secrets = tmp_path_factory.mktemp("secrets")
    create_root_key(secrets)
    stack = StackHarness(mongod, broker, secrets, prefix=f"t{uuid4().hex[:12]}")
    async with open_harness(stack) as harness:
        yield harness
    await broker.stop()
