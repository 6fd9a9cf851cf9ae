"""A bank's file by page, as people of finance see it: audit and intake beside each other."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from services.audit.model import Donation
from services.audit.pages.statements import STATEMENTS_PATH
from services.intake.main import create_app as create_intake
from services.intake.model import Person
from services.intake.settings import IntakeSettings
from shared.security import Role
from tests.audit.facts import FUND
from tests.audit.harness import AuditHarness, start_harness
from tests.support.eventually import eventually
from tests.support.serving import serve_app
from tests.support.stack_harness import RunningService, StackHarness


@dataclass
class Books:
    """audit and intake, and what people of finance do on audit's pages."""

    harness: AuditHarness
    intake: RunningService
    http: httpx.AsyncClient
    operator: dict[str, str]

    async def upload(self, content: str, name: str = "工行1月.csv", **typed: str) -> str:
        """The path of its preview."""
        answer = await self.http.post(
            STATEMENTS_PATH,
            data={"account": "工行1001", **typed},
            files={"file": (name, content.encode("gb18030"))},
            headers=self.harness.maker,
        )
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def read(self, path: str, who: dict[str, str] | None = None) -> str:
        answer = await self.http.get(path, headers=who or self.harness.maker)
        assert answer.status_code in (200, 422), answer.text
        return answer.text

    async def post(self, path: str, who: dict[str, str], **form: str) -> httpx.Response:
        return await self.http.post(path, data=form, headers=who)

    async def hand_over(self, path: str) -> None:
        answer = await self.post(f"{path}/propose", self.harness.maker)
        assert answer.status_code == 303, answer.text

    async def approve(self, path: str) -> httpx.Response:
        """As the checker's page has it."""
        page = await self.read(path, self.harness.checker)
        [action] = re.findall(r'action="([^"]+/approve)"', page)
        [digest] = set(re.findall(r'name="digest" value="(\w+)"', page))
        return await self.post(action, self.harness.checker, digest=digest)

    async def enter(self, path: str) -> str:
        """Its page, once it is done."""
        await self.hand_over(path)
        answer = await self.approve(path)
        assert answer.status_code == 303, answer.text
        return await self.wait_done(path)

    async def wait_done(self, path: str) -> str:
        return await eventually(lambda: self.read(path), lambda page: "已处理完" in page)

    async def count(self) -> tuple[int, int]:
        """Givers in the vault, and gifts."""
        intake, audit = self.intake.runtime.database, self.harness.audit.runtime.database
        persons = await intake[Person.COLLECTION].count_documents({})
        return persons, await audit[Donation.COLLECTION].count_documents({})

    async def received_fen(self) -> int:
        return int((await self.harness.get(f"/funds/{FUND}"))["received_fen"])


@asynccontextmanager
async def open_books(stack: StackHarness, **more: Any) -> AsyncIterator[Books]:
    token = stack.bearer("service", Role.SERVICE)["Authorization"].removeprefix("Bearer ")
    (stack.secrets_dir / "service.token").write_text(token)
    operator = stack.bearer("an-operator", Role.OPERATOR)
    intake = await stack.start_app(create_intake(stack.settings(IntakeSettings)))
    async with serve_app(intake.app) as server:
        harness = await start_harness(stack, intake_url=server.url, **more)
        await harness.open_fund()
        yield Books(harness, intake, harness.audit.http, operator)
