"""Intake with an organisation's own sign-in, and a person with an account there."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import httpx
from pydantic import SecretStr

from shared.contracts.accounts import INVITATION, INVITATION_PATH
from tests.intake.builders import CHASHAN
from tests.support.browser import Browser
from tests.support.services import start
from tests.support.stack_harness import RunningService, StackHarness

PUBLIC_URL = "http://service"
START, CALLBACK = "/sign-in/organisation", "/sign-in/organisation/callback"
COOKIE = "guanjia-session"
TABLE = f"""声明,值,角色,地区
groups,collect,收集人员,
groups,approve-chashan,镇街审批,{CHASHAN}
"""


class Provider(Protocol):
    """client_id, client_secret: as it registered us."""

    @property
    def url(self) -> str: ...

    @property
    def client_id(self) -> str: ...

    @property
    def client_secret(self) -> str: ...

    async def sign_in(self, url: str, subject: str) -> str:
        """As whoever stands there, at the page `url`; returns where he is sent."""
        ...


class Person(Browser):
    """subject: who he is at the provider."""

    def __init__(self, http: httpx.AsyncClient, provider: Provider, subject: str) -> None:
        super().__init__(http)
        self.provider = provider
        self.subject = subject
        self.sent_to = ""

    async def go(self, path: str = START) -> httpx.Response:
        """From a link of ours to the provider, and back."""
        led = await self.get(path)
        assert led.status_code == 303, led.text
        return await self.come_back(led.headers["location"])

    async def come_back(self, url: str) -> httpx.Response:
        self.sent_to = await self.provider.sign_in(url, self.subject)
        return await self.get(self.sent_to.removeprefix(PUBLIC_URL))

    async def take_invitation(
        self, stack: StackHarness, account: str, now: datetime
    ) -> httpx.Response:
        ends_at = now + timedelta(hours=1)
        token = stack.keyring.make_link(INVITATION, account, ends_at, now)
        path = INVITATION_PATH.format(token=token)
        assert f"{path}/organisation" in (await self.get(path)).text
        return await self.go(f"{path}/organisation")


async def start_intake(stack: StackHarness, provider: Provider, folder: Path) -> RunningService:
    """With the table of rights above."""
    table = folder / "rights.csv"
    table.write_text(TABLE, encoding="utf-8")
    return await start(
        stack,
        "intake",
        public_url=PUBLIC_URL,
        oidc_issuer=provider.url,
        oidc_client_id=provider.client_id,
        oidc_client_secret=SecretStr(provider.client_secret),
        oidc_rights_file=table,
    )
