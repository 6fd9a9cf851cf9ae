"""The instances of one service, and which of them takes the next request.

An address is a URL, or several with commas between them; a host name may have several addresses, as
the containers of a Compose service have. Where there are several instances each is asked whether it
is ready: one that starts or stops gets no request while another is ready, so that a rolling restart
is noticed by nobody. A single one gets every request.
"""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

import aiohttp
import structlog

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
"""A service that stops answers for `drain_s` after it has said so: longer than this."""
LOOK_TIMEOUT_S = 2.0


class Instances:
    """By base URL, with whether each was ready at the last look."""

    def __init__(self, address: str) -> None:
        self._addresses = [each.strip().rstrip("/") for each in address.split(",")]
        self._is_ready = dict.fromkeys(self._addresses, True)
        self._turn = 0

    def list_candidates(self) -> list[str]:
        """Where to try, in order: the ready ones, each first in its turn, then the others."""
        ready = [url for url, is_ready in self._is_ready.items() if is_ready]
        self._turn += 1
        first = self._turn % max(1, len(ready))
        others = [url for url, is_ready in self._is_ready.items() if not is_ready]
        return [*ready[first:], *ready[:first], *others]

    def mark_away(self, url: str) -> None:
        """It gets nothing until a look finds it ready."""
        self._is_ready[url] = False

    async def watch(self, session: aiohttp.ClientSession) -> None:
        """Until cancelled, where there may be several."""
        while len(self._addresses) > 1 or not _is_ip(urlsplit(self._addresses[0]).hostname or ""):
            await self.look(session)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, session: aiohttp.ClientSession) -> None:
        resolved = await asyncio.gather(*map(find_urls, self._addresses))
        urls = list(dict.fromkeys(url for each in resolved for url in each))
        if len(urls) > 1:
            answers = await asyncio.gather(*(_ask(session, url) for url in urls))
        else:
            answers = [True]
        self._is_ready = dict(zip(urls, answers, strict=True))


async def find_urls(url: str) -> list[str]:
    """One URL for each address of its host. As it is where there is one, or TLS needs the name."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or _is_ip(host):
        return [url]
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(host, parts.port or 80, type=socket.SOCK_STREAM)
    except OSError:
        return [url]
    hosts = sorted({str(row[4][0]) for row in rows})
    if len(hosts) < 2:
        return [url]
    port = parts.port or 80
    return [f"http://[{each}]:{port}" if ":" in each else f"http://{each}:{port}" for each in hosts]


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _ask(session: aiohttp.ClientSession, url: str) -> bool:
    timeout = aiohttp.ClientTimeout(total=LOOK_TIMEOUT_S)
    try:
        async with session.get(f"{url}/health/ready", timeout=timeout) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
