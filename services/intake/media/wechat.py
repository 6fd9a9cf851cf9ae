"""WeChat official account: what was sent to it, by media id, for three days.

The access token is the stable one, asked for without force: WeChat answers notify and intake with
the same token, and neither makes the other's void (docs/decisions/0153).
Source: developers.weixin.qq.com, "getStableAccessToken" and "获取临时素材" (media/get).
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.intake.attachments.files import FILE_BYTES_MAX
from shared.documents import Document
from shared.errors import Transient
from shared.http import CallError, FetchingClient, Reply

TOKEN_REJECTED = frozenset({40001, 40014, 42001})
MEDIA_GONE = frozenset({40007, 41006})
# Old and new token both work in the last five minutes: refresh inside them.
TOKEN_SPARE_S = 240.0
JSON: Mapping[str, str] = {"Content-Type": "application/json"}


class MediaGoneError(Exception):
    """WeChat has it no longer, or never had it."""


class TokenRejectedError(Exception):
    """This token is not, or no longer, the account's."""


@dataclass(frozen=True, slots=True)
class Token:
    value: str = field(repr=False)
    usable_until: float


class WeChatMediaClient:
    """Share one per process: the token is fetched once for all.

    elapsed: a monotonic clock in seconds, for the token's lifetime only.
    """

    def __init__(
        self,
        http: FetchingClient,
        endpoint: str,
        appid: str,
        secret: str,
        *,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._endpoint = http, endpoint.rstrip("/")
        self._appid, self._secret = appid, secret
        self._elapsed = elapsed
        self._token: Token | None = None
        self._fetching = asyncio.Lock()

    async def fetch(self, media_id: str) -> bytes:
        """One byte more than is taken where it is too large.

        Raises MediaGoneError, and Transient for what may come right later.
        """
        token = await self._get_token()
        try:
            return await self._get_media(token, media_id)
        except TokenRejectedError:
            token = await self._get_token(rejected=token)
        try:
            return await self._get_media(token, media_id)
        except TokenRejectedError:
            raise Transient("wechat media: token rejected twice") from None

    async def _get_media(self, token: str, media_id: str) -> bytes:
        try:
            reply = await self._http.get(
                f"{self._endpoint}/cgi-bin/media/get",
                params={"access_token": token, "media_id": media_id},
                bytes_max=FILE_BYTES_MAX,
            )
        except CallError as error:
            raise Transient(f"wechat media: {error}") from None
        if not reply.is_success:
            raise Transient(f"wechat media: status {reply.status}")
        code = find_error_code(reply)
        if code in TOKEN_REJECTED:
            raise TokenRejectedError
        if code in MEDIA_GONE:
            raise MediaGoneError
        if code:
            raise Transient(f"wechat media: errcode {code}")
        return reply.body

    async def _get_token(self, rejected: str | None = None) -> str:
        """The cached one unless spent or just rejected; of many callers, one fetches."""
        async with self._fetching:
            token = self._token
            if token and token.value != rejected and self._elapsed() < token.usable_until:
                return token.value
            self._token = await self._fetch_token()
            return self._token.value

    async def _fetch_token(self) -> Token:
        started_at = self._elapsed()
        content = {
            "grant_type": "client_credential",
            "appid": self._appid,
            "secret": self._secret,
            "force_refresh": False,
        }
        url = f"{self._endpoint}/cgi-bin/stable_token"
        try:
            reply = await self._http.post(url, json.dumps(content).encode(), headers=JSON)
            answer: Document = reply.json()
            usable_until = started_at + float(answer["expires_in"]) - TOKEN_SPARE_S
            return Token(str(answer["access_token"]), usable_until)
        except CallError as error:
            raise Transient(f"wechat token: {error}") from None
        except (ValueError, KeyError, TypeError):
            code = find_error_code(reply)
            raise Transient(f"wechat token: status {reply.status}, errcode {code}") from None


def find_error_code(reply: Reply) -> int:
    """0 for a file. Errors are JSON with status 200; so may be what a person sent, as a file."""
    if not reply.body.startswith(b"{"):
        return 0
    try:
        return int(reply.json()["errcode"])
    except (ValueError, KeyError, TypeError):
        return 0
