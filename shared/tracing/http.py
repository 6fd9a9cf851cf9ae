"""Traces over HTTP: calls between our services carry `traceparent`, others do not.

Whoever comes in from outside is believed nothing of it: he could write into anybody's trace.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import TIMEOUT_S, FetchingClient, Reply
from shared.runtime import Runtime
from shared.security import Role, Unauthenticated
from shared.tracing.batches import Span
from shared.tracing.context import (
    TraceContext,
    find_followed,
    follow,
    format_traceparent,
    parse_traceparent,
)
from shared.tracing.tracer import Tracer, make_span_id

HEADER = "traceparent"
STATUS = "http.response.status_code"


@dataclass(slots=True)
class _Call:
    """One that is under way. status: 0 until it is answered."""

    context: TraceContext
    status: int = field(default=0)


class TracedClient:
    """A FetchingClient whose calls are spans of the request that is followed.

    neighbours: our own services' addresses and names; they alone get the header.
    """

    def __init__(
        self, client: FetchingClient, tracer: Tracer, neighbours: Mapping[str, str]
    ) -> None:
        self._client = client
        self._tracer = tracer
        self._neighbours = {find_host(url): name for url, name in neighbours.items()}

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Reply:
        with self._trace("POST", url) as call:
            if call and find_host(url) in self._neighbours:
                headers = {**headers, HEADER: format_traceparent(call.context)}
            reply = await self._client.post(
                url, body, headers=headers, params=params, timeout_s=timeout_s
            )
            if call:
                call.status = reply.status
            return reply

    async def get(
        self,
        url: str,
        *,
        bytes_max: int,
        params: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Reply:
        with self._trace("GET", url) as call:
            reply = await self._client.get(
                url, bytes_max=bytes_max, params=params, timeout_s=timeout_s
            )
            if call:
                call.status = reply.status
            return reply

    @contextmanager
    def _trace(self, method: str, url: str) -> Iterator[_Call | None]:
        parent = find_followed(self._tracer.sampling)
        if parent is None:
            yield None
            return
        call = _Call(TraceContext(parent.trace_id, make_span_id()))
        started_ns = self._tracer.now_ns()
        try:
            yield call
        finally:
            host = find_host(url)
            span = Span(
                # Never the path or the query: they may hold a token.
                f"{method} {self._neighbours.get(host, host)}",
                "client",
                call.context,
                parent=parent.span_id,
                attributes={"http.request.method": method, "server.address": host}
                | ({STATUS: call.status} if call.status else {}),
                failed=not call.status or call.status >= 400,
            )
            self._tracer.record([span], started_ns)


def find_host(url: str) -> str:
    """With its port; empty where the address cannot be read."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


class TracedDoor:
    """Calls of our own services go on in the trace they bring."""

    def __init__(self, app: ASGIApp, *, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = find_caller(scope) if scope["type"] == "http" else None
        if caller is None or not self._tracer.sampling.takes(caller.trace_id):
            await self._app(scope, receive, send)
            return
        call = _Call(TraceContext(caller.trace_id, make_span_id()))

        async def note_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        started_ns = self._tracer.now_ns()
        try:
            with follow(call.context):
                await self._app(scope, receive, note_status)
        finally:
            self._tracer.record([_describe_call(scope, call, caller)], started_ns)


def _describe_call(scope: Scope, call: _Call, caller: TraceContext) -> Span:
    """By its route: the path may hold a token."""
    route = getattr(scope.get("route"), "path_format", "")
    return Span(
        f"{scope['method']} {route}".rstrip(),
        "server",
        call.context,
        parent=caller.span_id,
        attributes={"http.request.method": scope["method"], "http.route": route}
        | ({STATUS: call.status} if call.status else {}),
        failed=not call.status or call.status >= 500,
    )


def find_caller(scope: Scope) -> TraceContext | None:
    """The trace that one of our own services brings; None for everybody else."""
    headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
    values = {name: value for name, value in headers if name in (b"traceparent", b"authorization")}
    if len(values) < 2:
        return None
    context = parse_traceparent(values[b"traceparent"].decode("latin-1"))
    runtime = scope["app"].state.runtime
    if context is None or not isinstance(runtime, Runtime):
        return None
    scheme, _, bearer = values[b"authorization"].decode("latin-1").partition(" ")
    try:
        credential = runtime.keyring.authenticate(bearer)
    except Unauthenticated:
        return None
    return context if scheme.lower() == "bearer" and Role.SERVICE in credential.roles else None
