"""HTTP clients of the services, each with the credential of one person or system."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

TRIES_MAX = 14
WAIT_S_MAX = 3.0
CONCURRENT_MAX = 24
BUSY = (429, 503)


class RefusedError(RuntimeError):
    """An answer that was not expected."""


class Client:
    """One credential at one service; without a token, whoever holds a link."""

    def __init__(self, http: httpx.AsyncClient, url: str, token: str, gate: asyncio.Semaphore):
        self._http, self._url, self._gate = http, url, gate
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def get(self, path: str, **params: Any) -> Any:
        """Raises RefusedError for anything but success, such as of a service that stays away."""
        return self._require_success(path, await self._send("GET", path, params=params)).json()

    async def read(self, path: str, **params: Any) -> bytes:
        """A file."""
        return (await self._send("GET", path, params=params)).content

    async def post(self, path: str, json: Any = None, key: str = "") -> Any:
        """Raises RefusedError for anything but success."""
        return self._require_success(path, await self.send(path, json, key)).json()

    async def send(self, path: str, json: Any = None, key: str = "") -> httpx.Response:
        """As `post`, whatever the answer."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self._send("POST", path, json=json, headers=headers)

    def _require_success(self, path: str, answer: httpx.Response) -> httpx.Response:
        if not answer.is_success:
            raise RefusedError(f"{self._url}{path}: {answer.status_code} {answer.text[:500]}")
        return answer

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **content: Any
    ) -> httpx.Response:
        """Sent again under the same key, it repeats nothing, even where an answer was lost."""
        url = path if path.startswith("http") else f"{self._url}{path}"
        async with self._gate:
            for attempt in range(TRIES_MAX):
                last = attempt == TRIES_MAX - 1
                try:
                    answer = await self._http.request(
                        method, url, headers={**self._headers, **(headers or {})}, **content
                    )
                except httpx.TransportError:
                    if last:
                        raise
                else:
                    if answer.status_code not in BUSY or last:
                        return answer
                await asyncio.sleep(min(0.1 * 2**attempt, WAIT_S_MAX))
        raise AssertionError("the last try returned or raised")


class Clients:
    """Opens a client by service and credential: `clients.open("intake", "channel-village")`."""

    def __init__(self, http: httpx.AsyncClient, urls: Mapping[str, str], secrets_dir: Path):
        self._http, self._urls, self._secrets_dir = http, urls, secrets_dir
        self._gate = asyncio.Semaphore(CONCURRENT_MAX)

    def open(self, service: str, credential: str = "") -> Client:
        token = ""
        if credential:
            token = (self._secrets_dir / f"{credential}.token").read_text().strip()
        return Client(self._http, self._urls[service], token, self._gate)


@asynccontextmanager
async def open_clients(urls: Mapping[str, str], secrets_dir: Path) -> AsyncIterator[Clients]:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as http:
        yield Clients(http, urls, secrets_dir)
