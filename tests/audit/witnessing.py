"""Witnesses that really listen, and logs they know."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from services.audit.tlog.keys import SigningKey
from services.audit.tlog.witnesses import Witness
from services.audit.witness import create_witness, open_key_file
from tests.audit.ledgers import log_key

NAME = "witness.test/one"


class _Announcing(uvicorn.Server):
    def __init__(self, app: FastAPI, port: int) -> None:
        super().__init__(uvicorn.Config(app, port=port, log_level="error"))
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@contextmanager
def served(app: FastAPI, port: int = 0) -> Iterator[str]:
    """The address at which `app` listens."""
    server = _Announcing(app, port)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.up.wait(60)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)


@contextmanager
def witnessing(data: Path, *logs: SigningKey, name: str = NAME, port: int = 0) -> Iterator[Witness]:
    """A witness over HTTP; it knows the test log unless told which."""
    app = create_witness(data, name, [key.vkey for key in logs or (log_key(),)])
    (key,) = open_key_file(data, name).read()
    with served(app, port) as url:
        yield Witness(url, key.vkey)
