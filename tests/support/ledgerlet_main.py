"""The ledgerlet as a process of its own, so that it can be killed."""

import uvicorn

from shared.service import build_app
from shared.settings import Settings, load_settings
from tests.support.ledgerlet import ledgerlet

if __name__ == "__main__":
    settings = load_settings(Settings)
    uvicorn.run(
        build_app(ledgerlet(), settings),
        host=settings.host,
        port=settings.port,
        loop="asyncio",
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
