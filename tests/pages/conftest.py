"""One stack and one browser for all walks; every test here is marked `pages`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from deploy.demo.campaign import Enterprise
from deploy.local.stack import Stack
from tests.pages.browser import open_browser, open_stack
from tests.pages.giving import DONOR, give_money

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("pages")
            item.add_marker(pytest.mark.timeout(300))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Nobody waits for the evening: what takes hours is asked for at once, as in the demo."""
    data_dir = tmp_path_factory.mktemp("stack")
    async with open_stack(
        data_dir,
        sign_in_failures_max="3",
        due_poll_ms="300",
        donor_digest_wait_s="5",
        donor_digest_gap_s="1",
    ) as stack:
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def donor(running: Stack, tmp_path_factory: pytest.TempPathFactory) -> Enterprise:
    await give_money(running, DONOR, tmp_path_factory.mktemp("donor"))
    return DONOR
