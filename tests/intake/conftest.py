"""A running intake for a module of tests, and who comes to its doors."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy.local.stack import Stack
from tests.intake.harness import IntakeHarness, Visitor, open_harness


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def harness(
    mongod: Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[IntakeHarness]:
    async with open_harness(mongod, tmp_path_factory) as harness:
        yield harness


@pytest.fixture
def visitor(harness: IntakeHarness) -> Visitor:
    return Visitor(harness)
