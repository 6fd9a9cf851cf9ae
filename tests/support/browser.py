"""A browser without script: keeps cookies, reads forms, presses buttons."""

import re
from html import unescape
from typing import Any

import httpx
import pyotp

from shared.contracts.accounts import INVITATION, INVITATION_LIFETIME, INVITATION_PATH
from shared.security import Keyring

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
SECRET = re.compile(r"<code>([A-Z2-7 ]+)</code>")
PASSWORD = "quilt river lantern"


class Browser:
    """http: of a service or of the front. Follows no redirect by itself."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = httpx.AsyncClient(
            transport=http._transport, base_url=http.base_url, headers={"Accept": "text/html"}
        )
        self.page = ""

    async def get(self, path: str) -> httpx.Response:
        answer = await self.http.get(path)
        self.page = answer.text
        return answer

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        """With what the page at hand hides in its forms."""
        hidden = {name: unescape(value) for name, value in HIDDEN.findall(self.page)}
        answer = await self.http.post(path, data={**hidden, **fields})
        self.page = answer.text or self.page
        return answer

    async def enrol(
        self, keyring: Keyring, account: str, now: Any, password: str = PASSWORD
    ) -> str:
        """Takes an invitation; returns the secret of the codes."""
        token = keyring.make_link(INVITATION, account, now + INVITATION_LIFETIME, now)
        path = INVITATION_PATH.format(token=token)
        await self.get(path)
        secret = SECRET.search(self.page)
        assert secret, self.page
        key = secret[1].replace(" ", "")
        # A code of the step before, so that the one of now is still there to sign in with.
        code = pyotp.TOTP(key).generate_otp(int(now.timestamp()) // 30 - 1)
        answer = await self.post(path, new_password=password, password_again=password, code=code)
        assert answer.status_code == 303, answer.text
        return key

    async def sign_in(
        self, account: str, secret: str, now: Any, password: str = PASSWORD, steps: int = 0
    ) -> httpx.Response:
        """steps: how many codes later than the one of now."""
        await self.get("/sign-in")
        code = pyotp.TOTP(secret).generate_otp(int(now.timestamp()) // 30 + steps) if secret else ""
        return await self.post("/sign-in", name=account, password=password, code=code)
