"""A page that is opened inside WeChat, signed so that it may show WeChat's own buttons.

Source: developers.weixin.qq.com, "JS-SDK", appendix 1: jsapi_ticket and its signature.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from services.notify.providers.protocol import Outcome
from services.notify.providers.wechat import TOKEN_REJECTED
from services.notify.providers.wechat_tokens import (
    Token,
    TokenCache,
    TokenRefusedError,
    TokenSource,
)
from shared.clock import Clock
from shared.documents import Document
from shared.http import CallError, FetchingClient

log = structlog.get_logger()

BYTES_MAX = 16_384
LEFT_ALONE_S = 30.0
"""After no ticket came: whoever opens the page again and again asks WeChat no more often."""


@dataclass(frozen=True, slots=True)
class PageSignature:
    """As `wx.config` takes it. timestamp: in seconds."""

    appid: str
    nonce: str
    timestamp: int
    signature: str


class PageSigner:
    """Share one per process. access: the account's token. tickets: shared with other processes."""

    def __init__(
        self,
        http: FetchingClient,
        endpoint: str,
        appid: str,
        access: TokenCache,
        now: Clock,
        *,
        tickets: TokenSource | None = None,
        elapsed: Callable[[], float] = time.monotonic,
        timeout_s: float = 10,
    ) -> None:
        self._http, self._endpoint, self._appid = http, endpoint.rstrip("/"), appid
        self._access, self._now, self._elapsed = access, now, elapsed
        self._timeout_s = timeout_s
        self._ticket = TokenCache(self._fetch_ticket, tickets, elapsed)
        self._left_alone_until = 0.0

    async def sign(self, url: str) -> PageSignature | None:
        """url: as the browser has it, without what follows `#`. None while WeChat gives no ticket.

        Anybody may open the page, so a ticket that does not come is not asked for at each look.
        """
        if self._elapsed() < self._left_alone_until:
            return None
        try:
            ticket = await self._ticket.get()
        except TokenRefusedError as refused:
            log.warning("wechat_ticket_refused", code=refused.outcome.code)
            self._left_alone_until = self._elapsed() + LEFT_ALONE_S
            return None
        nonce, timestamp = secrets.token_hex(8), int(self._now().timestamp())
        signature = sign_address(ticket, nonce, timestamp, url)
        return PageSignature(self._appid, nonce, timestamp, signature)

    async def _fetch_ticket(self) -> Token:
        """Raises TokenRefusedError."""
        token = await self._access.get()
        answer = await self._ask(token)
        if answer.get("errcode") in TOKEN_REJECTED:
            answer = await self._ask(await self._access.get(rejected=token))
        try:
            return Token(str(answer["ticket"]), float(answer["expires_in"]))
        except (KeyError, TypeError, ValueError):
            raise _refuse(str(answer.get("errcode"))) from None

    async def _ask(self, token: str) -> Document:
        """Raises TokenRefusedError."""
        try:
            reply = await self._http.get(
                f"{self._endpoint}/cgi-bin/ticket/getticket",
                bytes_max=BYTES_MAX,
                params={"access_token": token, "type": "jsapi"},
                timeout_s=self._timeout_s,
            )
            answer = reply.json()
        except CallError as error:
            raise _refuse(str(error)) from None
        except ValueError:
            raise _refuse("unreadable") from None
        return answer if isinstance(answer, dict) else {}


def sign_address(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _refuse(code: str) -> TokenRefusedError:
    return TokenRefusedError(Outcome("retry", code=code, detail="no ticket"))
