"""The simulators beside an intake that reads with our own parsers, over real sockets."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deploy.simulators.main import run_simulators
from deploy.simulators.settings import SimulatorSettings
from services.intake.channels import tencent_sms
from services.intake.channels.carriers import SmsReceipt, SmsReply
from services.intake.channels.wechat import (
    WeChatInbound,
    parse_message,
)
from services.intake.channels.wechat_crypto import WeChatCrypto, verify_signature
from services.notify.providers import TencentSms, WeChatTemplate
from shared.clock import system_now
from shared.http import HttpClient, open_http_client
from tests.support.serving import serve_app

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SETTINGS = SimulatorSettings(
    callback_token="unguessable",
    tencent_secret_key="simulated-secret",
    wechat_secret="simulated",
    wechat_token="wechat-token",
    hang_s=1,
    late_receipt_s=0.3,
    batch_window_s=0.02,
)


@dataclass
class ReceivingIntake:
    """Records what comes in; `answers` are statuses to give before 200."""

    settings: SimulatorSettings
    receipts: list[SmsReceipt] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    replies: list[SmsReply] = field(default_factory=list)
    wechat: list[WeChatInbound] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def app(self) -> Starlette:
        base = f"/callbacks/tencent/{self.settings.callback_token}"
        routes = [
            Route(f"{base}/receipts", self._receipts, methods=["POST"]),
            Route(f"{base}/replies", self._replies, methods=["POST"]),
            Route("/callbacks/wechat", self._wechat, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _answer(self, good: Response) -> Response:
        async with self.changed:
            self.changed.notify_all()
        return good

    async def _receipts(self, request: Request) -> Response:
        if self.answers:
            return await self._answer(Response(status_code=self.answers.pop(0)))
        parsed = tencent_sms.parse_tencent_receipts(await request.body())
        assert not parsed.problems
        self.receipts.extend(parsed.readable)
        self.batches.append(len(parsed.readable))
        return await self._answer(JSONResponse(tencent_sms.ANSWER))

    async def _replies(self, request: Request) -> Response:
        if self.answers:
            return await self._answer(Response(status_code=self.answers.pop(0)))
        self.replies.append(tencent_sms.parse_reply(await request.body()))
        return await self._answer(JSONResponse(tencent_sms.ANSWER))

    async def _wechat(self, request: Request) -> Response:
        body, query = await request.body(), request.query_params
        verify_signature(self.settings.wechat_token, query)
        if query.get("encrypt_type") == "aes":
            assert b"FromUserName" not in body
            token, appid = self.settings.wechat_token, self.settings.wechat_appid
            body = WeChatCrypto(token, AES_KEY, appid).open(body, query)
        self.wechat.append(parse_message(body))
        return await self._answer(PlainTextResponse("success"))

    async def wait_until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(fact)


def bind(port: int = 0) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


@dataclass
class SimulatorHarness:
    """A running intake and simulator, and our own adapters towards the latter."""

    url: str
    intake: ReceivingIntake
    control: httpx.AsyncClient
    wire: HttpClient

    def sms(self, **more: Any) -> TencentSms:
        s = self.intake.settings
        return TencentSms(
            self.wire,
            f"{self.url}/",
            s.tencent_secret_id,
            s.tencent_secret_key,
            s.tencent_app_id,
            s.tencent_sign_name,
            {"notice": "100"},
            system_now,
            **more,
        )

    def wechat(self) -> WeChatTemplate:
        s = self.intake.settings
        return WeChatTemplate(self.wire, self.url, s.wechat_appid, s.wechat_secret, {"notice": "T"})

    async def post(self, path: str, body: Any) -> Any:
        reply = await self.control.post(f"{self.url}/simulator{path}", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def get(self, path: str, **query: Any) -> Any:
        return (await self.control.get(f"{self.url}/simulator{path}", params=query)).json()


@contextlib.asynccontextmanager
async def open_harness(settings: SimulatorSettings = SETTINGS) -> AsyncIterator[SimulatorHarness]:
    at = bind()
    settings = replace(settings, intake=f"http://127.0.0.1:{at.getsockname()[1]}")
    intake = ReceivingIntake(settings)
    async with (
        serve_app(intake.app(), at),
        run_simulators(settings) as url,
        httpx.AsyncClient(timeout=30, trust_env=False) as control,
        open_http_client(trust_env=False) as wire,
    ):
        yield SimulatorHarness(url, intake, control, wire)
