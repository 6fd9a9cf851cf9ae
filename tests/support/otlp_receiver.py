"""A collector of traces for tests: takes OTLP over HTTP and remembers every span."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from deploy.local.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """Ids are hex; parent is empty where there is none. links: their trace ids."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict[str, str]
    links: tuple[str, ...]
    failed: bool
    lasted_ns: int


@dataclass(slots=True)
class Receiver:
    url: str = ""
    spans: list[ReceivedSpan] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        message = ExportTraceServiceRequest.FromString(body)
        for resource in message.resource_spans:
            own = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [read_span(own["service.name"], span) for span in scope.spans]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )


def read_span(service: str, span: Span) -> ReceivedSpan:
    return ReceivedSpan(
        service=service,
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes={
            each.key: each.value.string_value or str(each.value.int_value)
            for each in span.attributes
        },
        links=tuple(link.trace_id.hex() for link in span.links),
        failed=bool(span.status.code),
        lasted_ns=span.end_time_unix_nano - span.start_time_unix_nano,
    )


@asynccontextmanager
async def receive_traces() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/v1/traces", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}/v1/traces"
        yield receiver
    finally:
        await runner.cleanup()
