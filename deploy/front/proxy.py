"""Hands a request on to the service whose it is, and its answer back, in pieces as they come.

It opens nothing but the services of its settings, follows no redirect, keeps no cookie, and says
nothing of its own but that an address is none, or that a service is away.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

import aiohttp
import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from yarl import URL

from deploy.front.instances import Instances
from deploy.front.settings import FrontSettings
from shared.contracts.addresses import API, Target, find_target
from shared.http import KEEP_ALIVE_S, NOT_SENT
from shared.messages import ADDRESS_UNKNOWN, BODY_TOO_LARGE, UNAVAILABLE
from shared.web.access import answer_problems
from shared.web.callers import FRONT_HEADER
from shared.web.links import FRAME, is_browser

log = structlog.get_logger()

CONNECT_S = 5.0
# Each live page holds one.
CONNECTIONS_MAX = 1000
# Of one hop (RFC 9110, 7.6.1), and what we say ourselves.
HOP_BY_HOP = frozenset(
    [
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
FORWARDED = frozenset(
    [
        *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"),
        FRONT_HEADER,
    ]
)
OWN_ANSWER_HEADERS = frozenset(["date", "server"])


class Proxy:
    """One pool of connections to the services."""

    def __init__(self, settings: FrontSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._instances = {name: Instances(url) for name, url in settings.upstreams.items()}
        self._watches: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_S)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_S, sock_read=self._settings.front_silence_s
            ),
        )
        watches = (each.watch(self._session) for each in self._instances.values())
        self._watches = [asyncio.create_task(watch) for watch in watches]

    async def close(self) -> None:
        for watch in self._watches:
            watch.cancel()
        if self._session:
            await self._session.close()

    async def answer(self, request: Request) -> Response:
        target = find_target(request.scope["raw_path"].decode("latin-1").partition("?")[0])
        if target is None:
            return _refuse(request, 404)
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > self._settings.front_body_bytes_max:
            return _refuse(request, 413)
        try:
            upstream = await self._send(request, target)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if getattr(request.state, "is_too_large", False):
                return _refuse(request, 413)
            log.warning("upstream_away", upstream=target.service, error=type(error).__name__)
            return _refuse(request, 503)
        if upstream.status == 404 and _is_for_programs(request, upstream):
            upstream.release()
            return _refuse(request, 404)
        headers = _list_kept(upstream.headers, OWN_ANSWER_HEADERS)
        response = StreamingResponse(_stream(upstream), status_code=upstream.status)
        response.raw_headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        return response

    async def _send(self, request: Request, target: Target) -> aiohttp.ClientResponse:
        """To the first instance that takes a connection: until then nothing has been sent."""
        instances = self._instances[target.service]
        *others, last = instances.list_candidates()
        for base in others:
            try:
                return await self._send_to(base, request, target)
            except NOT_SENT:
                instances.mark_away(base)
        return await self._send_to(last, request, target)

    async def _send_to(self, base: str, request: Request, target: Target) -> aiohttp.ClientResponse:
        assert self._session is not None
        query = request.scope["query_string"].decode("latin-1")
        url = URL(f"{base}{target.path}{f'?{query}' if query else ''}", encoded=True)
        headers = [*_list_kept(request.headers, FORWARDED), *self._describe_caller(request)]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        return await self._session.request(
            request.method,
            url,
            headers=headers,
            data=self._read_body(request) if has_body else None,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    def _describe_caller(self, request: Request) -> list[tuple[str, str]]:
        """Whoever comes in: what he says of himself is dropped."""
        address = request.client.host if request.client else "unknown"
        return [
            ("X-Forwarded-For", address),
            ("X-Forwarded-Proto", self._settings.public_scheme),
            (FRONT_HEADER, self._settings.front_token.get_secret_value()),
        ]

    async def _read_body(self, request: Request) -> AsyncIterator[bytes]:
        """Ends the connection to the service where more comes than is let in."""
        received = 0
        async for piece in request.stream():
            received += len(piece)
            if received > self._settings.front_body_bytes_max:
                request.state.is_too_large = True
                raise aiohttp.ClientPayloadError("body too large")
            if piece:
                yield piece


def _list_kept(headers: Mapping[str, str], dropped: frozenset[str]) -> list[tuple[str, str]]:
    """Without those of one hop, and those that `Connection` names."""
    of_hop = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    out = HOP_BY_HOP | dropped | of_hop
    return [(name, value) for name, value in headers.items() if name.lower() not in out]


def _is_for_programs(request: Request, upstream: aiohttp.ClientResponse) -> bool:
    """Whether a person with a browser is answered as a program is: by an address that no page of
    the service has."""
    is_json = upstream.headers.get("content-type", "").startswith("application/json")
    return is_json and is_browser(request) and not request.url.path.startswith(API)


async def _stream(upstream: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """As it comes; an answer that breaks off breaks off for the reader too."""
    async with upstream:
        async for piece in upstream.content.iter_any():
            yield piece


def _refuse(request: Request, status: int) -> Response:
    message = {404: ADDRESS_UNKNOWN, 413: BODY_TOO_LARGE}.get(status, UNAVAILABLE)
    problem = message.problem(detail="no such address")
    if not is_browser(request):
        answer = answer_problems(status, problem)
        if status == 503:
            answer.headers["Retry-After"] = "1"
        return answer
    values = {"problems": [problem.as_dict()], "back": "/", "is_link": False}
    return FRAME.render(request, "problems.html", status=status, **values)
