"""The client of the running services against servers that misbehave, on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.http import HttpClient, NoAnswerError, NotSentError, open_http_client

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_http_client(trust_env=False) as client:
        yield client


@asynccontextmanager
async def listen(serve: Serve) -> AsyncIterator[str]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"


async def call(http: HttpClient, url: str, timeout_s: float = 60) -> int:
    reply = await http.post(url, b"{}", headers={"Content-Type": "a/b"}, timeout_s=timeout_s)
    return reply.status


async def test_no_listener_no_host_and_no_url_are_not_sent(http: HttpClient) -> None:
    for url in ("http://127.0.0.1:1/", "http://nowhere.invalid/", "http://"):
        with pytest.raises(NotSentError) as raised:
            await call(http, url)
        assert "http" not in str(raised.value)


async def test_request_that_was_read_and_not_answered_may_have_been_done(http: HttpClient) -> None:
    silence = asyncio.Event()

    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await silence.wait()
        writer.close()

    async with listen(be_silent) as url:
        with pytest.raises(NoAnswerError):
            await call(http, url, timeout_s=1)
        silence.set()


async def test_post_is_never_repeated_on_a_connection_that_broke(http: HttpClient) -> None:
    """aiohttp repeats idempotent calls by itself; a POST that may have been done it must not."""
    requests = 0

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        for answer in (OK, b""):
            await reader.readuntil(b"\r\n\r\n{}")
            requests += 1
            writer.write(answer)
        writer.close()

    async with listen(answer_once) as url:
        assert await call(http, url) == 200
        with pytest.raises(NoAnswerError):
            await call(http, url)
    assert requests == 2


async def test_redirect_is_an_answer_and_is_not_followed(http: HttpClient) -> None:
    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://evil.invalid/\r\n\r\n")
        writer.close()

    async with listen(redirect) as url:
        assert await call(http, url) == 302


async def test_cookies_are_not_kept(http: HttpClient) -> None:
    heads: list[bytes] = []

    async def set_cookie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            heads.append(await reader.readuntil(b"\r\n\r\n{}"))
            writer.write(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n"))
        writer.close()

    async with listen(set_cookie) as url:
        assert [await call(http, url) for _ in range(2)] == [200, 200]
    assert len(heads) == 2
    assert b"ookie" not in b"".join(heads)


# --- the environment's proxy ----------------------------------------------------------------------


async def call_through(patch: pytest.MonkeyPatch, no_proxy: str) -> list[bytes]:
    """The first lines of the calls that the proxy got, of two to a host that is not there."""
    lines: list[bytes] = []

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n{}")
            lines.extend(head.split(b"\r\n")[:1])
            writer.write(OK)
        writer.close()

    async with listen(forward) as proxy:
        patch.setenv("http_proxy", proxy.removesuffix("/x"))
        patch.setenv("no_proxy", no_proxy)
        async with open_http_client() as http:
            for _ in range(2):
                try:
                    await call(http, "http://nowhere.invalid/x")
                except NotSentError:
                    lines.append(b"directly")
    return lines


async def test_goes_through_the_proxy_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = await call_through(monkeypatch, no_proxy="")
    assert lines == [b"POST http://nowhere.invalid/x HTTP/1.1"] * 2


async def test_a_host_that_no_proxy_names_is_called_directly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await call_through(monkeypatch, no_proxy="nowhere.invalid") == [b"directly"] * 2


async def test_the_environment_is_read_once_for_a_host_and_no_password_file_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A call costs less than reading them; and who signs needs nobody's password from a file."""
    passwords = tmp_path / "netrc"
    passwords.write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(passwords))
    heads: list[bytes] = []
    hosts: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            heads.append(await reader.readuntil(b"\r\n\r\n{}"))
            writer.write(OK)
        writer.close()

    def find_none(_scheme: str, host: str) -> None:
        hosts.append(host)

    monkeypatch.setattr("shared.http.find_proxy", find_none)
    async with listen(answer) as url, open_http_client() as http:
        assert [await call(http, url) for _ in range(3)] == [200, 200, 200]
    assert len(hosts) == 1
    assert b"uthorization" not in b"".join(heads)
