"""Traces as the settings want them. OpenTelemetry is imported only where they are on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import FastAPI

from shared.contracts.topics import SERVICES
from shared.http import FetchingClient
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.tracing.tracer import Tracer


def open_tracer(app: FastAPI, settings: Settings, service: str) -> "Tracer | None":
    """None where traces go nowhere. The app's door goes on in the traces of our own services."""
    if not settings.traces_url:
        return None
    from shared.tracing.http import TracedDoor
    from shared.tracing.tracer import Tracer

    tracer = Tracer(settings, service)
    app.add_middleware(TracedDoor, tracer=tracer)
    return tracer


def trace_calls(
    client: FetchingClient,
    tracer: "Tracer | None",
    settings: Settings,
    services: Sequence[str] = SERVICES,
) -> FetchingClient:
    if tracer is None:
        return client
    from shared.tracing.http import TracedClient

    neighbours = {str(getattr(settings, f"{name}_url")): name for name in services}
    return TracedClient(client, tracer, neighbours)
