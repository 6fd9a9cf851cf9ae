"""WeChat's access token, shared by all instances: sealed in Mongo, fetched by one at a time.

docs/decisions/0226.
"""

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog

from services.notify.providers.wechat_tokens import Token, TokenRefusedError
from services.notify.tokens import LeaseToken, StoreToken
from shared import mongo
from shared.clock import Clock, system_now
from shared.errors import BugBrake, Transient
from shared.messaging.decision import Answer, Command
from shared.messaging.sealing import Sealer, UnreadableError
from shared.moments import as_stored
from shared.security import Keyring

log = structlog.get_logger()

AWAY = (Transient, BugBrake, mongo.PyMongoError)
AWAITED_S = 10.0
LOOK_EVERY_S = 0.2


class Processor(Protocol):
    async def execute(self, command: Command[LeaseToken] | Command[StoreToken]) -> Answer: ...


class SharedToken:
    """One per process, used as soon as it is opened; while the database is away each process asks
    WeChat itself: a stable token is the same for whoever asks."""

    def __init__(self, appid: str, keyring: Keyring, now: Clock = system_now) -> None:
        self._appid, self._now = appid, now
        self._sealer = Sealer(partial(keyring.list_sealing_keys, "wechat-token"))
        self._holder = secrets.token_hex(8)
        self._processor: Processor | None = None

    def open(self, processor: Processor) -> None:
        self._processor = processor

    async def obtain(self, rejected: str | None, fetch: Callable[[], Awaitable[Token]]) -> Token:
        """As stored, or fetched anew by this process alone. Raises TokenRefusedError."""
        if self._processor is None:
            return await fetch()
        try:
            return await self._obtain(self._processor, rejected, fetch)
        except AWAY as error:
            log.warning("wechat_token_not_shared", reason=str(error))
            return await fetch()

    async def _obtain(
        self, processor: Processor, rejected: str | None, fetch: Callable[[], Awaitable[Token]]
    ) -> Token:
        give_up_at = time.monotonic() + AWAITED_S
        ask = LeaseToken(
            appid=self._appid,
            holder=self._holder,
            rejected=compute_digest(rejected) if rejected else "",
        )
        while True:
            answer = await processor.execute(Command(ask))
            if answer.status == 201:
                return await self._fetch(processor, fetch)
            token = self._read(answer) if answer.status == 200 else None
            if token is not None:
                return token
            if answer.status == 200 or time.monotonic() > give_up_at:
                # Sealed by a root that is gone, or whoever fetches is stuck.
                return await fetch()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _fetch(self, processor: Processor, fetch: Callable[[], Awaitable[Token]]) -> Token:
        store = StoreToken(appid=self._appid, holder=self._holder)
        try:
            token = await fetch()
        except TokenRefusedError:
            await processor.execute(Command(store))
            raise
        sealed = base64.b64encode(self._sealer.seal(self._appid, token.value.encode())).decode()
        fields = {
            "sealed": sealed,
            "digest": compute_digest(token.value),
            "ends_at": as_stored(self._now() + timedelta(seconds=token.lives_s)),
        }
        await processor.execute(Command(store.model_copy(update=fields)))
        return token

    def _read(self, answer: Answer) -> Token | None:
        try:
            value = self._sealer.open(self._appid, base64.b64decode(answer.body["sealed"]))
        except UnreadableError:
            return None
        return Token(value.decode(), float(answer.body["lives_s"]))


def compute_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
