"""A published log over HTTP. Apart from `reader`, for a log in a folder is verified without it."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx

from services.audit.tlog.reader import UnreachableError

READ_AHEAD = 32
"""Requests under way at once: tiles are small, so latency is what costs."""


def open_website(url: str) -> "Website":
    transport = httpx.HTTPTransport(retries=3)
    return Website(httpx.Client(transport=transport, timeout=30), url)


class Website:
    """A log served over HTTP."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/")

    def read(self, path: str) -> bytes | None:
        """UnreachableError for all that is neither there nor simply missing."""
        try:
            answer = self._client.get(f"{self._url}/{path}")
            missing = answer.status_code == httpx.codes.NOT_FOUND
            return None if missing else answer.raise_for_status().content
        except httpx.HTTPError as error:
            raise UnreachableError(str(error)) from error

    def read_all(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        waiting: deque[Future[bytes | None]] = deque()
        with ThreadPoolExecutor(READ_AHEAD) as pool:
            for path in paths:
                waiting.append(pool.submit(self.read, path))
                if len(waiting) >= READ_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def list_partial_widths(self, level: int | str, number: int) -> list[int]:  # noqa: ARG002
        return []
