"""Where published files are read from: a directory, or a website with the same layout."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import httpx

from services.audit.verify.tiles import tile_path

READ_AHEAD = 32
"""Requests under way at once: tiles are small, so latency is what costs."""


class Source(Protocol):
    """Published files by path."""

    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None where there is none."""

    def read_all(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        """The files' bytes in order, read ahead where that helps."""

    def partial_widths(self, level: int | str, number: int) -> list[int]:
        """Widths of the partial tiles kept beside a tile; empty where they cannot be listed."""


class Directory:
    """A log directory on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, path: str) -> bytes | None:
        try:
            return (self._path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_all(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        return map(self.read, paths)

    def partial_widths(self, level: int | str, number: int) -> list[int]:
        folder = self._path / f"{tile_path(level, number)}.p"
        if not folder.is_dir():
            return []
        return sorted(int(each.name) for each in folder.iterdir() if each.name.isdigit())


class Website:
    """A log served over HTTP. Errors other than 404 raise httpx.HTTPError."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/")

    def read(self, path: str) -> bytes | None:
        answer = self._client.get(f"{self._url}/{path}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.raise_for_status().content

    def read_all(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        waiting: deque[Future[bytes | None]] = deque()
        with ThreadPoolExecutor(READ_AHEAD) as pool:
            for path in paths:
                waiting.append(pool.submit(self.read, path))
                if len(waiting) >= READ_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def partial_widths(self, level: int | str, number: int) -> list[int]:  # noqa: ARG002
        return []


def open_source(where: str | Path) -> Source:
    """A Website for http(s) addresses, else a Directory."""
    if str(where).startswith(("http://", "https://")):
        transport = httpx.HTTPTransport(retries=3)
        return Website(httpx.Client(transport=transport, timeout=30), str(where))
    return Directory(Path(where))
