"""A running intake as its visitors meet it: channels, staff, providers, services."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.stack import Stack
from deploy.simulators.main import run_simulators
from services.intake.channels.wechat_crypto import compute_signature
from services.intake.main import create_app
from services.intake.model import Message, Person, Request
from services.intake.settings import IntakeSettings
from services.intake.store import VAULT_LOOKS
from services.intake.vault.persons import derive_point_id
from shared import mongo
from shared.contracts.events import RequestSubmitted
from shared.security import Role, create_root_key
from tests.conftest import BROKER
from tests.intake.builders import CHASHAN, SHIJIE, make_submission
from tests.support.eventually import eventually
from tests.support.simulators import SETTINGS
from tests.support.stack import start_broker
from tests.support.stack_harness import RunningService, StackHarness

SOURCE = "/channels/grid"


class IntakeHarness:
    """A running intake and everybody who may come to it; one for all tests of this file."""

    def __init__(self, stack: StackHarness, running: RunningService, wechat: str = "") -> None:
        self.stack = stack
        self.running = running
        self.wechat = wechat
        self.channel = stack.bearer("grid", Role.CHANNEL, source=SOURCE)
        self.other = stack.bearer("other", Role.CHANNEL, source="/channels/other")
        self.town = stack.bearer("town", Role.APPROVER_TOWN, area=CHASHAN)
        self.village = stack.bearer("village", Role.APPROVER_VILLAGE, area=CHASHAN)
        self.collector = stack.bearer("lin", Role.COLLECTOR)
        self.elsewhere = stack.bearer("elsewhere", Role.APPROVER_TOWN, area="441900104")
        self.auditor = stack.bearer("auditor", Role.AUDITOR)
        self.auditor_of_town = stack.bearer("auditor-of-town", Role.AUDITOR, area=CHASHAN)
        self.operator = stack.bearer("op", Role.OPERATOR)
        self.second_operator = stack.bearer("op-2", Role.OPERATOR)
        self.partners = {
            name: stack.bearer(name, Role.DONOR_PARTNER, source=f"/partners/{name}")
            for name in ("thief", "one", "two", "many", "few")
        }
        self.collectors = {
            town: stack.bearer(f"collector-{town}", Role.COLLECTOR, area=town)
            for town in (CHASHAN, SHIJIE)
        }
        self.service = stack.bearer("notify", Role.SERVICE)
        callback = stack.bearer("callback-tencent", Role.CALLBACK)["Authorization"]
        self.token = callback.rpartition("_")[2]
        self.persons = count(1)
        self.nonces = count(1)


@asynccontextmanager
async def open_harness(
    mongod: Stack, folders: pytest.TempPathFactory
) -> AsyncIterator[IntakeHarness]:
    """WeChat in plain mode, on a broker and database of its own."""
    broker = await start_broker(folders.mktemp("broker"), BROKER)
    secrets = folders.mktemp("secrets")
    create_root_key(secrets)
    stack = StackHarness(mongod, broker, secrets, prefix=f"t{uuid4().hex[:12]}")
    async with run_simulators(SETTINGS) as wechat:
        settings = stack.settings(
            IntakeSettings,
            wechat_plain_mode=True,
            meeting_sources=frozenset({SOURCE}),
            simulators_url=wechat,
            wechat_secret=SETTINGS.wechat_secret,
        )
        running = await stack.start_app(create_app(settings))
        yield IntakeHarness(stack, running, wechat)
    await stack.stop()
    await broker.stop()


class Visitor:
    """One test's person and messages at the harness: a phone, an openid, message ids of its own."""

    def __init__(self, harness: IntakeHarness) -> None:
        self.harness = harness
        self.stack = harness.stack
        self.http = harness.running.http
        self.runtime = harness.running.runtime
        self.database = self.runtime.database
        self.number = next(harness.persons)
        self.phone = f"+86138{self.number:08}"
        self.openid = f"oTEST_{self.number}"

    def key(self, message: str) -> str:
        return f"{self.number}-{message}"

    def body(self, **changed: Any) -> dict[str, Any]:
        return self.asked(**changed).model_dump(mode="json", exclude_none=True)

    def asked(self, **changed: Any) -> RequestSubmitted:
        return make_submission(**{"applicant": {"name": "张三", "phone": self.phone}, **changed})

    async def post(
        self, path: str, body: Any = None, *, key: str = "", who: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = who or self.harness.channel
        headers = headers | ({"Idempotency-Key": self.key(key)} if key else {})
        return await self.http.post(path, json=body, headers=headers)

    async def erase(self, person_id: str) -> None:
        """As two of the house do it."""
        path, house = f"/persons/{person_id}", self.harness
        proposed = await self.post(f"{path}/erasure", key="erasure", who=house.operator)
        assert proposed.status_code == 202, proposed.text
        erased = await self.post(f"{path}/erase", key="erase", who=house.second_operator)
        assert erased.status_code == 200, erased.text

    async def get(self, path: str, who: dict[str, str] | None = None) -> httpx.Response:
        return await self.http.get(path, headers=who)

    async def submit(self, key: str = "m-1", **changed: Any) -> dict[str, Any]:
        answer = await self.post("/requests", self.body(**changed), key=key)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def vouch(self, request_id: str) -> dict[str, Any]:
        """A collector visits who asks."""
        path, met = f"/requests/{request_id}/vouch", {"seen": {"manner": "visit"}}
        answer = await self.post(path, met, key=f"vouch-{request_id}", who=self.harness.collector)
        return dict(answer.json())

    async def contact(self, *person_ids: str) -> list[dict[str, Any]]:
        asked = {"purpose": "test", "person_ids": person_ids}
        answer = await self.post("/internal/contacts", asked, who=self.harness.service)
        return list(answer.json()["contacts"])

    async def request(self, id_: str) -> Request:
        found = await mongo.load(self.database, Request, id_)
        assert found is not None
        return found

    async def message(self, row: dict[str, Any]) -> Message:
        """As it is stored."""
        found = await mongo.load(self.database, Message, row["message_id"])
        assert found is not None
        return found

    async def requests(self) -> list[Request]:
        """This test's person's, by phone or openid."""
        vault = self.runtime.resources.vault
        points = [
            derive_point_id(vault, phone=self.phone),
            derive_point_id(vault, openid=self.openid),
        ]
        persons = await mongo.find(self.database, Person, {"points": {"$in": points}})
        ids = [person.id for person in persons]
        return await mongo.find(self.database, Request, {"person_id": {"$in": ids}})

    async def becomes(self, id_: str, holds: Callable[[Request], object]) -> Request:
        async def look() -> Request | None:
            return await mongo.load(self.database, Request, id_)

        found = await eventually(look, lambda request: request and holds(request))
        assert found is not None
        return found

    async def published(self, topic: str, *subjects: str, count: int) -> list[dict[str, Any]]:
        async def look() -> list[dict[str, Any]]:
            return [e for e in await self.stack.read(topic) if e["subject"] in subjects]

        return await eventually(look, lambda events: len(events) >= count)

    async def looks(self, *person_ids: str) -> list[dict[str, Any]]:
        """Who looked these persons up."""
        rows = self.database[VAULT_LOOKS.collection].find({"person_id": {"$in": list(person_ids)}})
        return list(await rows.to_list(None))

    async def sms(self, text: str, at: int = 1_642_000_000) -> httpx.Response:
        body = {"mobile": self.phone[3:], "nationcode": "86", "text": text, "time": at}
        return await self.http.post(f"/callbacks/tencent/{self.harness.token}/replies", json=body)

    async def wechat(self, fields: str, token: str | None = None) -> httpx.Response:
        query = self.sign_wechat(await self.runtime.processor.now(), token)
        return await self.push_wechat(query, fields)

    def sign_wechat(self, at: datetime, token: str | None = None) -> dict[str, str]:
        """The query of one push, as WeChat signs it at that time."""
        token = token or self.stack.keyring.reveal_provider_secret(SecretStr(""), "wechat-callback")
        timestamp, nonce = str(int(at.timestamp())), str(next(self.harness.nonces))
        signature = compute_signature(token, timestamp, nonce)
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce}

    async def push_wechat(
        self, query: dict[str, str], fields: str, http: httpx.AsyncClient | None = None
    ) -> httpx.Response:
        """http: another instance's."""
        xml = (
            f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{self.openid}</FromUserName>"
            f"<CreateTime>1642000000</CreateTime>{fields}</xml>"
        )
        http = http or self.http
        return await http.post("/callbacks/wechat", params=query, content=xml.encode())

    async def upload(self, picture: bytes) -> str:
        """To WeChat; its media id."""
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            url = f"{self.harness.wechat}/simulator/wechat/media/image"
            return str((await http.post(url, content=picture)).json()["media_id"])

    async def says(self, message: str, text: str) -> httpx.Response:
        return await self.wechat(self.format_text(message, text))

    def format_text(self, message: str, text: str) -> str:
        id_ = self.key(message)
        return f"<MsgType>text</MsgType><MsgId>{id_}</MsgId><Content>{text}</Content>"
