"""The desk in use: signed in as somebody, with something that waits."""

from typing import Any

from shared.security import Role
from tests.intake.harness import Visitor
from tests.support.browser import Browser
from tests.support.eventually import eventually


async def sign_in(visitor: Visitor, account: str, role: Role, area: str = "") -> Browser:
    """With the account's bearer: that a session is the same, and that its forms need a token, holds
    for every route (test_service_sign_in)."""
    browser = Browser(visitor.http)
    browser.http.headers.update(visitor.stack.bearer(account, role, area=area))

    async def knock() -> int:
        return (await browser.get("/desk")).status_code

    await eventually(knock, lambda status: status == 200)
    return browser


async def submit_large(visitor: Visitor, key: str = "m-1", **changed: Any) -> str:
    """It waits for the town."""
    need = {"unit": "fen", "quantity": 300_000}
    told = await visitor.submit(key=key, **{"need": need, "text": "家里漏雨", **changed})
    assert told["decision"] == "waiting_for_approval"
    return str(told["request_id"])
