"""Notify on the real broker and database, with the real intake and the simulators on sockets."""

import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from deploy.local.credentials import issue_first
from deploy.simulators.environment import SimulatorsEnvironment, build_simulator_settings
from deploy.simulators.main import run_simulators
from services.intake.main import create_app as create_intake
from services.intake.settings import IntakeSettings
from services.notify.main import create_app
from services.notify.model import Backlog
from services.notify.settings import NotifySettings
from shared import mongo
from shared.clock import Clock, system_now
from shared.contracts.envelope import Fact
from shared.security import Role
from tests.notify.recipients import number
from tests.support.eventually import eventually
from tests.support.serving import serve_app
from tests.support.stack_harness import RunningService, StackHarness

PROVIDER_TIMEOUT_S = 1.5
SUBSCRIBE_IDS = {"request_opened": "subscribe-opened"}


@dataclass(frozen=True)
class Neighbours:
    """What stands around notify: publishes facts as the other services do, and reads the phones.

    settings: with which notify finds them.
    """

    stack: StackHarness
    intake: RunningService
    settings: NotifySettings
    simulators: httpx.AsyncClient
    operator: dict[str, str]

    def authorize(self, id_: str) -> dict[str, str]:
        """One of the credentials of a first start."""
        token = (self.stack.secrets_dir / f"{id_}.token").read_text().strip()
        return {"Authorization": f"Bearer {token}"}

    # --- persons ---

    async def register_person(self, phone: str = "", openid: str = "") -> str:
        """Registered with intake, by the id that everybody else knows; the openid is his own."""
        body = {"name": "张三"}
        body |= {"phone": f"+86{phone}"} if phone else {}
        body |= {"wechat_openid": openid} if openid else {}
        answer = await self._post(self.intake, "/parties", body)
        assert answer.status_code < 300, answer.text
        if openid:
            await self._write_from(openid, phone)
        return str(answer.json()["person_id"])

    async def _write_from(self, openid: str, phone: str) -> None:
        """A person's first words on WeChat; who has a phone too says that both are his."""
        text = "绑定" if phone else "收到"
        (answer,) = await self._push("wechat/texts", {"openid": openid, "text": text})
        if phone:
            code = re.search(r"绑定 (\d{8})", answer["answer"])
            assert code is not None, answer
            reply = {"number": f"+86{phone}", "text": code.group(0)}
            await self._push("phones/replies", reply)

    async def _push(self, path: str, body: dict[str, str]) -> list[dict[str, Any]]:
        answer = await self.simulators.post(f"/simulator/{path}", json=[body])
        answers: list[dict[str, Any]] = answer.json()
        assert [each["status"] for each in answers] == [200], answer.text
        return answers

    async def erase(self, person_id: str) -> None:
        """As two of the house do it."""
        await self._post(self.intake, f"/persons/{person_id}/erasure")
        second = self.authorize("approver-city") | {"Idempotency-Key": uuid4().hex}
        path = f"/persons/{person_id}/erase"
        answer = await self.intake.http.post(path, headers=second)
        assert answer.status_code == 200, answer.text

    async def _post(self, at: RunningService, path: str, body: Any = None) -> httpx.Response:
        headers = self.operator | {"Idempotency-Key": uuid4().hex}
        return await at.http.post(path, json=body, headers=headers)

    # --- facts ---

    async def publish(self, fact: Fact, subject: str, source: str = "/intake") -> None:
        await self.stack.publish(self.stack.own(source, subject, 1, fact))

    async def publish_all(self, facts: Mapping[str, Fact], source: str = "/intake") -> None:
        own = self.stack.own
        await self.stack.publish(*(own(source, s, 1, fact) for s, fact in facts.items()))

    # --- phones ---

    async def read_phone(self, recipient: str) -> list[dict[str, Any]]:
        """The messages on it, oldest first."""
        answer = await self.simulators.get(
            "/simulator/messages", params={"recipient": recipient, "limit": 5000}
        )
        return [m for m in answer.json()["messages"] if m["direction"] == "in"]

    async def read_counters(self) -> dict[str, int]:
        return dict((await self.simulators.get("/simulator/counters")).json())


@dataclass(frozen=True)
class NotifyHarness(Neighbours):
    """With one instance of it in this process."""

    notify: RunningService

    async def list_notices(self, person_id: str) -> list[dict[str, Any]]:
        answer = await self.notify.http.get(
            "/notices", params={"person_id": person_id}, headers=self.operator
        )
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    async def wait_for_state(self, person_id: str, state: str) -> dict[str, Any]:
        """Returns the person's one notice, when it has reached that state."""
        notices = await eventually(
            lambda: self.list_notices(person_id), lambda ns: [n["state"] for n in ns] == [state]
        )
        return notices[0]

    async def resolve(self, notice_id: str, **resolution: Any) -> httpx.Response:
        return await self._post(self.notify, f"/notices/{notice_id}/resolve", resolution)


@contextlib.asynccontextmanager
async def open_harness(stack: StackHarness) -> AsyncIterator[NotifyHarness]:
    async with open_neighbours(stack, 2 * PROVIDER_TIMEOUT_S) as neighbours:
        notify = await stack.start_app(create_app(neighbours.settings))
        yield NotifyHarness(**vars(neighbours), notify=notify)


@contextlib.asynccontextmanager
async def open_neighbours(
    stack: StackHarness, hang_s: float, now: Clock = system_now
) -> AsyncIterator[Neighbours]:
    """hang_s: how long a call takes that is answered too late. now: the simulators' clock."""
    issue_first(stack.secrets_dir)
    async with contextlib.AsyncExitStack() as exits:
        listening = exits.enter_context(socket.create_server(("127.0.0.1", 0)))
        intake_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        intake_settings = stack.settings(IntakeSettings, wechat_plain_mode=True)
        intake = await stack.start_app(create_intake(intake_settings))
        await exits.enter_async_context(serve_app(intake.app, listening))
        environment = SimulatorsEnvironment(
            secrets_dir=stack.secrets_dir,
            port=0,
            intake_url=intake_url,
            wechat_subscribe_ids=SUBSCRIBE_IDS,
        )
        simulator = replace(
            build_simulator_settings(environment), hang_s=hang_s, late_receipt_s=0.3
        )
        url = await exits.enter_async_context(run_simulators(simulator, now))
        settings = stack.settings(
            NotifySettings,
            intake_url=intake_url,
            simulators_url=url,
            matching_url="http://matching.example",
            audit_url="http://audit.example",
            provider_timeout_s=PROVIDER_TIMEOUT_S,
            wechat_subscribe_ids=SUBSCRIBE_IDS,
        )
        simulators = await exits.enter_async_context(
            httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)
        )
        operator = stack.bearer("operator", Role.OPERATOR)
        yield Neighbours(stack, intake, settings, simulators, operator)
        await stack.stop()


async def put_member(harness: NotifyHarness, holder: str, duty: str) -> tuple[str, str]:
    """His phone and his person's id."""
    phone = number()
    person_id = await harness.register_person(phone)
    member = {"holder": holder, "person_id": person_id, "duties": [duty]}
    headers = harness.operator | {"Idempotency-Key": uuid4().hex}
    put = await harness.notify.http.post("/staff", json=member, headers=headers)
    assert put.status_code == 200, put.text
    return phone, person_id


async def end_digest(harness: NotifyHarness, purpose: str, count: int) -> None:
    """Once so many wait to be told so, as if its time had come."""
    database, query = harness.notify.runtime.database, {"purpose": purpose}

    async def add_up() -> int:
        return sum(each.count for each in await mongo.find(database, Backlog, query))

    await eventually(add_up, lambda waiting: waiting == count)
    past = {"due_at": datetime.now(UTC) - timedelta(seconds=5)}
    change = {"$set": past, "$inc": {"_version": 1}}
    await database[Backlog.COLLECTION].update_many(query, change)


async def tap_subscribe(
    harness: NotifyHarness, openid: str, *, accepts: bool = True, query: str = ""
) -> dict[str, str]:
    """Opens the page inside WeChat as it stands, and taps its first button; what WeChat says of
    each template."""
    path = f"/notify/subscribe{query}"
    page = await harness.notify.http.get(path, headers={"Accept": "text/html"})
    data = dict(re.findall(r'data-(\w+)="([^"]*)"', page.text))
    config = {
        "appId": data["appid"],
        "timestamp": int(data["timestamp"]),
        "nonceStr": data["nonce"],
        "signature": data["signature"],
        "url": harness.settings.find_public_url("notify") + path,
    }
    accepted = dict.fromkeys(data["templates"].split(","), accepts)
    tap = {"config": config, "openid": openid, "accepted": accepted}
    answer = (await harness.simulators.post("/open/tap", json=tap)).json()
    assert answer["errMsg"] == "subscribe:ok", answer
    details = json.loads(answer["subscribeDetails"])
    return {id_: json.loads(each)["status"] for id_, each in details.items()}
