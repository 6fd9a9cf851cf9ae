"""Whoever meets a fault of ours reads so in his language, and what to do."""

from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from shared.web.staff import answer_bug
from tests.support.readers import Keys


@pytest.mark.parametrize(
    ("accept", "words"),
    [("text/html", "系统出了问题"), ("application/json", '"failed_here"')],
)
async def test_a_fault_of_ours_is_a_page_or_problems(accept: str, words: str) -> None:
    app = FastAPI()
    app.state.public_scheme = "http"
    app.state.runtime = SimpleNamespace(keyring=Keys())
    app.add_exception_handler(Exception, answer_bug)

    @app.get("/broken")
    async def break_down() -> None:
        raise RuntimeError("told to nobody outside")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/broken", headers={"Accept": accept})
    assert answer.status_code == 500
    assert words in answer.text
    assert "told to nobody" not in answer.text
