"""What the providers send to intake: receipts, replies, WeChat messages and events."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from deploy.simulators.phones import SmsSender
from deploy.simulators.pushes import PushQueue
from deploy.simulators.settings import SimulatorSettings
from services.intake.channels.wechat_crypto import WeChatCrypto, compute_signature
from shared.clock import Clock
from shared.contracts.values import CHINA
from shared.http import CallError, HttpClient, open_http_client

INTAKE_TIMEOUT_S = 15.0
RECEIPTS_PER_POST = 100
ANSWER_CHARACTERS_MAX = 500

Receipt = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """intake's answer; status 0 when there was no connection."""

    status: int
    text: str = ""

    @property
    def may_work_later(self) -> bool:
        return self.status == 0 or self.status >= 500 or self.status in (408, 425, 429)


Rows = Sequence[Mapping[str, str]]
Fields = Mapping[str, str | int | Rows]


def format_wechat_xml(fields: Fields) -> bytes:
    """A push as WeChat writes it: texts in CDATA, numbers bare, rows as one `List` each."""
    return f"<xml>{''.join(_format_field(*field) for field in fields.items())}</xml>".encode()


def _format_field(name: str, value: str | int | Rows) -> str:
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    if isinstance(value, str):
        return _format_cdata(name, value)
    rows = ("".join(_format_cdata(*field) for field in row.items()) for row in value)
    return f"<{name}>{''.join(f'<List>{row}</List>' for row in rows)}</{name}>"


def _format_cdata(name: str, value: str) -> str:
    safe = value.replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{safe}]]></{name}>"


def format_china_time(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


class Callbacks:
    """Owns the connections to intake and the two queues towards it, while it runs."""

    _http: HttpClient

    def __init__(
        self,
        settings: SimulatorSettings,
        counters: Counter[str],
        now: Clock,
    ) -> None:
        self._settings, self._now = settings, now
        self._tencent = f"{settings.intake}/callbacks/tencent/{settings.callback_token}"
        self._aliyun = f"{settings.intake}/callbacks/aliyun/{settings.aliyun_callback_token}"
        self._crypto = (
            WeChatCrypto(settings.wechat_token, settings.wechat_aes_key, settings.wechat_appid)
            if settings.wechat_aes_key
            else None
        )
        options = {"window_s": settings.batch_window_s, "retry_for_s": settings.push_keep_s}
        self.receipts = PushQueue[Receipt](
            "receipts",
            self._deliver_receipts,
            counters,
            batch_max=RECEIPTS_PER_POST,
            workers=1,
            **options,
        )
        self.aliyun_receipts = PushQueue[Receipt](
            "aliyun_receipts",
            self._deliver_aliyun_receipts,
            counters,
            batch_max=RECEIPTS_PER_POST,
            workers=1,
            **options,
        )
        self.others = PushQueue[tuple[str, bytes]](
            "pushes", self._deliver_other, counters, batch_max=1, workers=8, **options
        )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        async with open_http_client(trust_env=False) as self._http:
            queues = [asyncio.create_task(queue.run()) for queue in self._queues]
            try:
                yield
            finally:
                for queue in queues:
                    queue.cancel()
                await asyncio.gather(*queues, return_exceptions=True)

    async def push_receipt(self, receipt: Receipt) -> None:
        """Before the call is answered; queued like any other if intake is away."""
        if not 200 <= await self._deliver_receipts([receipt]) < 300:
            self.receipts.add(receipt)

    @property
    def _queues(self) -> tuple[PushQueue[Any], ...]:
        return self.receipts, self.aliyun_receipts, self.others

    @property
    def pending_receipts(self) -> int:
        return self.receipts.pending + self.aliyun_receipts.pending

    async def push_aliyun_receipt(self, receipt: Receipt) -> None:
        if not 200 <= await self._deliver_aliyun_receipts([receipt]) < 300:
            self.aliyun_receipts.add(receipt)

    async def push_reply(self, number: str, text: str, at: datetime, sender: SmsSender) -> Answer:
        """To the provider of the message that is answered. number in E.164, mainland; what fails
        for now is queued."""
        if sender == "aliyun":
            reply = {
                "phone_number": number.removeprefix("+86"),
                "content": text,
                "send_time": format_china_time(at),
                "dest_code": "1",
                "sequence_id": secrets.randbelow(10**12),
            }
            return await self._post_json(f"{self._aliyun}/replies", [reply])
        body = {
            "extend": "",
            "mobile": number.removeprefix("+86"),
            "nationcode": "86",
            "sign": self._settings.tencent_sign_name,
            "text": text,
            "time": int(at.timestamp()),
        }
        return await self._post_json(f"{self._tencent}/replies", body)

    async def push_wechat(self, fields: Fields) -> Answer:
        """Pushed at once; what fails for now is queued."""
        xml = format_wechat_xml(fields)
        answer = await self._post_wechat(xml)
        if answer.may_work_later:
            self.others.add(("wechat", xml))
        return answer

    def queue_wechat(self, fields: Fields, delay_s: float = 0) -> None:
        self.others.add(("wechat", format_wechat_xml(fields)), delay_s)

    async def _post_json(self, url: str, body: object) -> Answer:
        content = orjson.dumps(body)
        answer = await self._send(url, content)
        if answer.may_work_later:
            self.others.add((url, content))
        return answer

    async def _deliver_receipts(self, receipts: Sequence[Receipt]) -> int:
        return (await self._send(f"{self._tencent}/receipts", orjson.dumps(receipts))).status

    async def _deliver_aliyun_receipts(self, receipts: Sequence[Receipt]) -> int:
        return (await self._send(f"{self._aliyun}/receipts", orjson.dumps(receipts))).status

    async def _deliver_other(self, batch: Sequence[tuple[str, bytes]]) -> int:
        ((target, content),) = batch
        if target == "wechat":
            return (await self._post_wechat(content)).status
        return (await self._send(target, content)).status

    async def _post_wechat(self, xml: bytes) -> Answer:
        """Signed anew at each try, as WeChat does."""
        timestamp, nonce = str(int(self._now().timestamp())), str(secrets.randbelow(10**9))
        token_signature = compute_signature(self._settings.wechat_token, timestamp, nonce)
        query = {"signature": token_signature, "timestamp": timestamp, "nonce": nonce}
        if self._crypto:
            xml, message_signature = self._crypto.seal(xml, timestamp, nonce)
            query |= {"encrypt_type": "aes", "msg_signature": message_signature}
        return await self._send(
            f"{self._settings.intake}/callbacks/wechat", xml, content_type="text/xml", query=query
        )

    async def _send(
        self,
        url: str,
        content: bytes,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        if not self._settings.intake:
            return Answer(204)
        headers = {"Content-Type": content_type}
        try:
            reply = await self._http.post(
                url, content, headers=headers, params=query, timeout_s=INTAKE_TIMEOUT_S
            )
        except CallError:
            return Answer(0)
        return Answer(reply.status, reply.text[:ANSWER_CHARACTERS_MAX])
