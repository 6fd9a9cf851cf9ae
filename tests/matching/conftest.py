"""Matching starts for most of these tests; its solver's process stays."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support import warm_solver


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def solver_processes() -> AsyncIterator[None]:
    yield
    await warm_solver.end_processes()


@pytest.fixture(autouse=True)
def warm_solvers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "stack" in request.fixturenames:
        request.getfixturevalue("solver_processes")
        warm_solver.put_in_place(monkeypatch)
