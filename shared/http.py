"""The HTTP client of the running services: to providers and from one service to another.

aiohttp, because a call costs it about a twelfth of httpx's CPU (docs/decisions/0080). The commands
and the offline verifier, which call once and wait, keep httpx.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson

TIMEOUT_S = 10.0
CONNECTIONS_MAX = 100
HOSTS_MAX = 256
# Shorter than any server's own: a request on a connection that the other side has just closed
# has no answer, and nobody knows whether it was read.
KEEP_ALIVE_S = 3.0

NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class CallError(Exception):
    """A call without an answer; its text names the cause and holds neither URL nor body."""


class NotSentError(CallError):
    """Nothing has left this machine, so calling again cannot do it twice."""


class NoAnswerError(CallError):
    """The request was on its way: it may have been read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """headers: names are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Raises ValueError where the body is no JSON."""
        return orjson.loads(self.body)


class HttpClient(Protocol):
    """What a service needs of HTTP: one POST, answered or not."""

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Reply:
        """Follows no redirect. timeout_s: to connect, and then for each part of the answer.

        Raises NotSentError and NoAnswerError.
        """
        ...


class FetchingClient(HttpClient, Protocol):
    """One that downloads too."""

    async def get(
        self,
        url: str,
        *,
        bytes_max: int,
        params: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Reply:
        """As `post`. Of a longer body bytes_max + 1 bytes are read, which says that it is longer.

        Raises NotSentError and NoAnswerError.
        """
        ...


class PooledClient:
    """A FetchingClient over one pool of connections; safe to share among tasks.

    find_proxy: of a URL's scheme and host; None where it is called directly.
    """

    def __init__(
        self, session: aiohttp.ClientSession, find_proxy: Callable[[str, str], str | None]
    ) -> None:
        self._session = session
        self._find_proxy = find_proxy

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Reply:
        try:
            async with self._session.post(
                url,
                data=body,
                headers=headers,
                params=params,
                allow_redirects=False,
                timeout=_build_timeout(timeout_s),
                proxy=self._choose_proxy(url),
            ) as answer:
                return Reply(answer.status, answer.headers, await answer.read())
        except NOT_SENT as error:
            raise NotSentError(type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswerError(type(error).__name__) from None

    async def get(
        self,
        url: str,
        *,
        bytes_max: int,
        params: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Reply:
        try:
            async with self._session.get(
                url,
                params=params,
                allow_redirects=False,
                timeout=_build_timeout(timeout_s),
                proxy=self._choose_proxy(url),
            ) as answer:
                body = await _read_bounded(answer.content, bytes_max + 1)
                return Reply(answer.status, answer.headers, body)
        except NOT_SENT as error:
            raise NotSentError(type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswerError(type(error).__name__) from None

    def _choose_proxy(self, url: str) -> str | None:
        try:
            parts = urlsplit(url)
        except ValueError:  # aiohttp says what is wrong with it
            return None
        return self._find_proxy(parts.scheme, parts.netloc.rpartition("@")[2])


async def _read_bounded(stream: aiohttp.StreamReader, bytes_max: int) -> bytes:
    try:
        return await stream.readexactly(bytes_max)
    except asyncio.IncompleteReadError as short:
        return short.partial


def _build_timeout(seconds: float) -> aiohttp.ClientTimeout:
    """`total` ends an answer that comes byte by byte."""
    return aiohttp.ClientTimeout(total=3 * seconds, connect=seconds, sock_read=seconds)


def find_proxy(scheme: str, host: str) -> str | None:
    """That the environment names; None where it names none, or `no_proxy` names the host."""
    return None if proxy_bypass(host) else getproxies().get(scheme)


def _use_no_proxy(_scheme: str, _host: str) -> None:
    return None


@asynccontextmanager
async def open_http_client(*, trust_env: bool = True) -> AsyncIterator[FetchingClient]:
    """Keeps no cookies. trust_env: goes through the proxy that the environment names, if any.

    It is looked up once for each host. aiohttp's own `trust_env` reads the environment and ~/.netrc
    at each call, in two threads, which costs more than the call.
    """
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_S)
    find = lru_cache(HOSTS_MAX)(find_proxy) if trust_env else _use_no_proxy
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield PooledClient(session, find)
