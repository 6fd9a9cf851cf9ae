"""The bank's file over the API: a program's reading takes it, a browser's session does not."""

from typing import Any

import pytest
from fastapi import Request, Response

from services.audit import views
from services.audit.api.payables import read_batch_file
from shared.security.sessions import LiveSession


@pytest.mark.parametrize(
    ("session", "steps"),
    [
        (None, ["take", "send"]),
        (LiveSession(id="s-1", credential_id="fin-maker"), ["send"]),
    ],
)
async def test_a_browser_that_follows_a_link_to_the_api_takes_no_file(
    session: LiveSession | None, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def take(*_: Any) -> None:
        done.append("take")

    async def send(*_: Any) -> Response:
        done.append("send")
        return Response()

    monkeypatch.setattr(views, "take_batch_file", take)
    monkeypatch.setattr(views, "send_batch_file", send)
    request = Request({"type": "http", "state": {"session": session}})
    nobody: Any = None
    await read_batch_file("GJB8KVA6W92M", nobody, request, nobody, "csv")
    assert done == steps
