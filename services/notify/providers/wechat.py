"""WeChat official account: template messages with a cached stable access token.

Source: developers.weixin.qq.com, "getStableAccessToken" and "sendTemplateMessage".
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from services.notify.providers.provider import (
    Message,
    Outcome,
    Ruling,
    outcome_of_failure,
    outcome_of_status,
    without_persons,
)
from services.notify.providers.wechat_fields import fit

ENDPOINT = "https://api.weixin.qq.com"
TOKEN_REJECTED = frozenset({40001, 40014, 42001})
# The old and the new token both work in the last five minutes: refresh inside them.
TOKEN_SPARE_S = 240.0

CODES: Mapping[int, Ruling] = {
    0: Ruling("sent"),
    -1: Ruling("retry", 5),
    40001: Ruling("retry", 30),  # only after a fresh token was rejected too
    40014: Ruling("retry", 30),
    42001: Ruling("retry", 30),
    45011: Ruling("retry", 60),
    40003: Ruling("refused"),
    43004: Ruling("refused"),
    43101: Ruling("refused"),
    40037: Ruling("misconfigured"),
    40033: Ruling("misconfigured"),
    45009: Ruling("misconfigured"),  # the day's quota is gone: use another channel
    47003: Ruling("misconfigured"),
}
# A non-zero errcode says it was not sent; one that we do not know needs a person.
UNLISTED = Ruling("misconfigured")


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    usable_until: float


class TokenRefused(Exception):  # noqa: N818 - carries an outcome, not a fault of ours
    """No token, hence nothing was sent."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


def read_reply(body: bytes, *private: str) -> Outcome:
    """private: words that must not appear in the outcome, such as the openid."""
    try:
        said = json.loads(body)
        code = int(said["errcode"])
        return _outcome(code, said, private)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Outcome("unknown", code="unreadable", detail="the answer is not WeChat's")


def _outcome(code: int, said: Mapping[str, Any], private: tuple[str, ...]) -> Outcome:
    ruling = CODES.get(code, UNLISTED)
    if ruling.kind == "sent":
        return Outcome("sent", str(said["msgid"]), str(code))
    detail = without_persons(str(said.get("errmsg", "")), *private)
    return Outcome(ruling.kind, None, str(code), detail, ruling.retry_after_s)


class WeChatTemplate:
    """Sends template messages. Share one per process: the token is fetched once for all.

    templates: our template name -> WeChat's template id.
    elapsed: a monotonic clock in seconds, for the token's life only.
    """

    name = "wechat_template"

    def __init__(
        self,
        http: httpx.AsyncClient,
        endpoint: str,
        appid: str,
        secret: str,
        templates: Mapping[str, str],
        *,
        elapsed: Callable[[], float] = time.monotonic,
        timeout_s: float = 10,
    ) -> None:
        self._http, self._endpoint = http, endpoint.rstrip("/")
        self._appid, self._secret, self._templates = appid, secret, templates
        self._elapsed, self._timeout_s = elapsed, timeout_s
        self._token: Token | None = None
        self._fetching = asyncio.Lock()

    async def send(self, message: Message) -> Outcome:
        try:
            body = self._body(message)
        except ValueError as error:
            return Outcome("misconfigured", code=str(error), detail=message.template)
        heard: list[Outcome] = []
        try:
            await self._send_with_fresh_token(body, message.recipient, heard)
        except TokenRefused as refused:
            return _unclear(heard) or refused.outcome
        return _last_word(heard)

    async def _send_with_fresh_token(self, body: bytes, openid: str, heard: list[Outcome]) -> None:
        """Adds to `heard` what WeChat says to each post. Raises TokenRefused."""
        token = await self._usable_token()
        await self._post_surely(body, token, openid, heard)
        if _rejects_token(heard[-1]):
            token = await self._usable_token(rejected=token)
            await self._post_surely(body, token, openid, heard)

    async def _post_surely(
        self, body: bytes, token: str, openid: str, heard: list[Outcome]
    ) -> None:
        """Asks once more after an ambiguous end: client_msg_id makes WeChat drop the double."""
        heard.append(await self._post(body, token, openid))
        if heard[-1].kind == "unknown":
            heard.append(await self._post(body, token, openid))

    async def _post(self, body: bytes, token: str, openid: str) -> Outcome:
        try:
            reply = await self._http.post(
                f"{self._endpoint}/cgi-bin/message/template/send",
                params={"access_token": token},
                content=body,
                headers={"Content-Type": "application/json"},
                timeout=self._timeout_s,
            )
        except httpx.HTTPError as error:
            return outcome_of_failure(error)
        return outcome_of_status(reply) or read_reply(reply.content, openid, token)

    def _body(self, message: Message) -> bytes:
        """Raw UTF-8, for WeChat refuses \\u escapes. Raises ValueError(code) if it cannot fit."""
        if message.template not in self._templates:
            raise ValueError("no_template")
        content: dict[str, Any] = {
            "touser": message.recipient,
            "template_id": self._templates[message.template],
            "client_msg_id": message.notice_id,
            "data": dict(_field(p) for p in message.parameters),
        }
        if message.url:
            content["url"] = message.url
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    async def _usable_token(self, rejected: str | None = None) -> str:
        """The cached token unless spent or just rejected; however many ask, one fetches."""
        async with self._fetching:
            token = self._token
            if token and token.value != rejected and self._elapsed() < token.usable_until:
                return token.value
            self._token = await self._fetch_token()
            return self._token.value

    async def _fetch_token(self) -> Token:
        asked_at = self._elapsed()
        try:
            reply = await self._http.post(
                f"{self._endpoint}/cgi-bin/stable_token",
                json={
                    "grant_type": "client_credential",
                    "appid": self._appid,
                    "secret": self._secret,
                    "force_refresh": False,
                },
                timeout=self._timeout_s,
            )
            said = reply.json()
            lives_s = float(said["expires_in"])
            return Token(str(said["access_token"]), asked_at + lives_s - TOKEN_SPARE_S)
        except httpx.HTTPError as error:
            code = type(error).__name__
            raise TokenRefused(Outcome("retry", code=code, detail="no token")) from None
        except (ValueError, KeyError, TypeError):
            raise TokenRefused(_why_no_token(reply)) from None


def _last_word(heard: Sequence[Outcome]) -> Outcome:
    """A post that may have gone out stays so, unless WeChat then says `sent` or `refused`."""
    last = heard[-1]
    return last if last.kind in ("sent", "refused") else _unclear(heard) or last


def _unclear(heard: Sequence[Outcome]) -> Outcome | None:
    return next((outcome for outcome in heard if outcome.kind == "unknown"), None)


def _rejects_token(outcome: Outcome) -> bool:
    return outcome.code.isdigit() and int(outcome.code) in TOKEN_REJECTED


def _why_no_token(reply: httpx.Response) -> Outcome:
    """Whatever it is, no message has left: only retry or misconfigured."""
    outcome = outcome_of_status(reply) or read_reply(reply.content)
    if outcome.kind == "unknown":
        return Outcome("retry", None, outcome.code, "no token", 5)
    # 40001 here means a wrong secret, not a spent token.
    if _rejects_token(outcome):
        return Outcome("misconfigured", None, outcome.code, "appid or secret is wrong")
    return outcome


def _field(parameter: str | tuple[str, str]) -> tuple[str, dict[str, str]]:
    if isinstance(parameter, str):
        raise ValueError("parameter_without_field_name")
    name, value = parameter
    return name, {"value": fit(name, value)}
