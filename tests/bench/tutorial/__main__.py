"""One of the four: `python -m tests.bench.tutorial SERVICE PLAN`."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from tests.bench.plan import Plan
from tests.bench.tutorial import audit, intake, matching, notify
from tests.bench.tutorial.messages import Here
from tests.support.eventually import eventually

BUILD = {
    "intake": intake.build,
    "matching": matching.build,
    "audit": audit.build,
    "notify": notify.build,
}


def main(arguments: Sequence[str]) -> None:
    service, path = arguments
    plan = Plan.load(Path(path))
    here = Here(plan, service)
    router = BUILD[service](here)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await here.broker.start()
        await _assigned(here)
        print("ready", flush=True)
        yield
        await here.broker.stop()

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    port = urlsplit(plan.intake_url).port if service == "intake" else 0
    uvicorn.run(app, port=port or 0, log_level="warning")


async def _assigned(here: Here) -> None:
    """FastStream starts before its groups have joined."""
    for subscriber in here.broker.subscribers:
        await eventually(partial(_assignment, subscriber), bool)


async def _assignment(subscriber: Any) -> frozenset[Any]:
    return frozenset(subscriber.consumer.assignment())


if __name__ == "__main__":
    main(sys.argv[1:])
