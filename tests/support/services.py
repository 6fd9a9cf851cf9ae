"""The four services as they are put together in production, on a test's settings."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from services.audit.main import create_app as create_audit
from services.audit.settings import AuditSettings
from services.intake.main import create_app as create_intake
from services.intake.settings import IntakeSettings
from services.matching.main import create_app as create_matching
from services.matching.settings import MatchingSettings
from services.notify.main import create_app as create_notify
from services.notify.settings import NotifySettings
from shared.security import create_root_key, write_register
from shared.settings import Settings
from tests.support.stack_harness import RunningService, StackHarness

CREATE: dict[str, tuple[Callable[[Any], FastAPI], type[Settings]]] = {
    "intake": (create_intake, IntakeSettings),
    "matching": (create_matching, MatchingSettings),
    "notify": (create_notify, NotifySettings),
    "audit": (create_audit, AuditSettings),
}
SERVICES = tuple(CREATE)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, and FastAPI's route where it is one of ours."""

    method: str
    path: str
    route: APIRoute | None


@cache
def not_started(service: str) -> FastAPI:
    """For its pages and descriptions: nothing runs behind it. The same one for every test."""
    folder = TemporaryDirectory(prefix="guanjia-")
    place = Path(folder.name)
    create_root_key(place)
    write_register(place / "credentials.json", ())
    create, settings = CREATE[service]
    app = create(settings(secrets_dir=place, data_dir=place))
    app.state.folder = folder  # goes with it
    return app


def operations(app: FastAPI) -> Iterator[Operation]:
    """Every way in, the framework's own pages included."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        assert context.path is not None
        for method in sorted((context.methods or set()) - {"HEAD"}):
            yield Operation(method, context.path, route if isinstance(route, APIRoute) else None)


def address(path: str, token: str = "X-1") -> str:
    return re.sub(r"\{[^}]*\}", token, path)


async def start(stack: StackHarness, service: str, **given: Any) -> RunningService:
    create, settings = CREATE[service]
    return await stack.start_app(create(stack.settings(settings, **given)))


async def everything_stored(running: RunningService) -> dict[str, int]:
    """Documents by collection, without what says how far was read, who tried what, and what a
    start does once."""
    database = running.runtime.database
    names = set(await database.list_collection_names()) - {
        "positions",
        "dead_letters",
        "outbox",
        "actions",
        "feedback",
        "feedback_lines",
        "migrations",
        "call_registers",
    }
    counts = {name: await database[name].count_documents({}) for name in sorted(names)}
    return {name: count for name, count in counts.items() if count}
