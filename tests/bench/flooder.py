"""A caller that floods, in a process of its own: `flood.py` starts it. Raw sockets, few imports."""

import asyncio
import sys
from collections import Counter
from urllib.parse import urlsplit

CONNECTIONS = 300
LARGE_BYTES = 5_000_000
# Of large bodies: what is written lies in this process's memory.
LARGE_CONNECTIONS = 16

# --- the flood ------------------------------------------------------------------------------------


async def flood(kind: str, url: str, token: str) -> None:
    """Says when it is there; ends when stdin closes, and prints the answers by status."""
    answers: Counter[str] = Counter()
    work = _hold_header if kind == "headers" else _flood_one
    connections = LARGE_CONNECTIONS if kind.endswith("_large") else CONNECTIONS
    tasks = [asyncio.create_task(work(kind, url, token, answers)) for _ in range(connections)]
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(" ".join(f"{status}:{count}" for status, count in sorted(answers.items())))


async def _flood_one(kind: str, url: str, token: str, answers: Counter[str]) -> None:
    bearer = token if kind.startswith("known") else ""
    large = kind.endswith("_large")
    request = build_request(
        "POST" if large else "GET", "/requests", bearer, LARGE_BYTES if large else 0
    )
    while True:
        try:
            reader, writer = await connect(url)
            while True:
                writer.write(request)
                answers[await read_status(reader)] += 1
                if large:  # the rest of the body is not read: another connection
                    break
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            answers["closed"] += 1
            await asyncio.sleep(0.01)


async def _hold_header(_kind: str, url: str, _token: str, answers: Counter[str]) -> None:
    while True:
        reader, writer = await connect(url)
        writer.write(b"GET /summary HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        while not reader.at_eof():
            try:
                writer.write(b"x")
                await asyncio.wait_for(reader.read(1), timeout=1)
            except TimeoutError:
                continue
            except OSError:
                break
        answers["ended by the house"] += 1
        writer.close()


# --- HTTP by hand ---------------------------------------------------------------------------------


def build_request(method: str, path: str, token: str, body_bytes: int = 0) -> bytes:
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    length = f"Content-Type: application/json\r\nContent-Length: {body_bytes}\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{bearer}{length if body_bytes else ''}\r\n"
    return head.encode() + b"[" * body_bytes


async def read_status(reader: asyncio.StreamReader) -> str:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.partition(b":")[2]))
    return head.split(b" ", 2)[1].decode()


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


if __name__ == "__main__":
    asyncio.run(flood(*sys.argv[1:4]))
