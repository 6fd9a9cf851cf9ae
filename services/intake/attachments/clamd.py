"""clamd's INSTREAM: a file is sent in pieces, and a line comes back.

Source: docs.clamav.net, clamd(8), "INSTREAM".
"""

import asyncio
from typing import Literal

from shared.errors import Transient

PIECE_BYTES = 64 * 1024
ANSWERED_S = 30.0
UNIX = "unix:"


class NoVerdict(Transient):
    """The checker is there, and does not say of this file: too large for it, or it has no room."""


async def check_file(address: str, content: bytes) -> Literal["clean", "infected"]:
    """address: `host:port`, or `unix:/path`. Raises NoVerdict where it does not say,
    Transient where it is away."""
    try:
        async with asyncio.timeout(ANSWERED_S):
            answer = await _ask(address, content)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
        raise Transient(f"clamd: {type(error).__name__}") from None
    if answer.endswith("OK"):
        return "clean"
    if answer.endswith("FOUND"):
        return "infected"
    raise NoVerdict("clamd: no verdict")


async def _ask(address: str, content: bytes) -> str:
    if address.startswith(UNIX):
        reader, writer = await asyncio.open_unix_connection(address.removeprefix(UNIX))
    else:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(b"zINSTREAM\0")
        for start in range(0, len(content), PIECE_BYTES):
            piece = content[start : start + PIECE_BYTES]
            writer.write(len(piece).to_bytes(4, "big") + piece)
            await writer.drain()
        writer.write((0).to_bytes(4, "big"))
        await writer.drain()
        answer = await reader.readuntil(b"\0")
    finally:
        writer.close()
    return answer.rstrip(b"\0").decode("ascii", "replace").strip()
