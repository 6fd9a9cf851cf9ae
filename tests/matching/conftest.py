"""Matching starts for most of these tests; its solver's process stays."""

from collections.abc import AsyncIterator, Collection

import pytest
import pytest_asyncio

from shared.persons_client import PersonsClient
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


@pytest.fixture(autouse=True)
def nobody_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """No intake runs beside matching here: nobody who confirms met anybody, unless a test says."""

    async def find_vouched(
        _: PersonsClient, _person_ids: Collection[str], _by: str
    ) -> frozenset[str]:
        return frozenset()

    monkeypatch.setattr(PersonsClient, "find_vouched", find_vouched)
