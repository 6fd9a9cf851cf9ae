"""A running audit for the tests that ask for one."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.audit.office import Office, open_office
from tests.support.house import House


@pytest_asyncio.fixture(loop_scope="session")
async def office(house: House) -> AsyncIterator[Office]:
    yield await open_office(house)
