"""WeChat's media/get as its clients see it: what people sent, by media id, until it is let go."""

import secrets
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.simulators.control import ControlModel, IntakeAnswer, Openid, People
from deploy.simulators.wechat import ApiError, Tokens, format_error

ITEMS_MAX = 1000
TYPES = {"image": "image/jpeg", "voice": "audio/amr"}
FORMATS = {"image": "jpg", "voice": "amr"}

MediaKind = Literal["image", "voice"]


@dataclass(frozen=True, slots=True)
class Item:
    kind: MediaKind
    content: bytes


class MediaShelf:
    """The newest ITEMS_MAX; whatever is no longer here WeChat calls an invalid media_id."""

    def __init__(self, tokens: Tokens, counters: Counter[str]) -> None:
        self._tokens, self._counters = tokens, counters
        self._items: OrderedDict[str, Item] = OrderedDict()

    def put(self, kind: MediaKind, content: bytes) -> str:
        media_id = secrets.token_urlsafe(48)
        self._items[media_id] = Item(kind, content)
        if len(self._items) > ITEMS_MAX:
            self._items.popitem(last=False)
        return media_id

    def clear(self) -> None:
        self._items.clear()

    async def answer(self, request: Request) -> Response:
        self._counters["wechat_media_calls"] += 1
        try:
            self._tokens.check(request.query_params.get("access_token", ""))
            media_id = request.query_params.get("media_id", "")
            item = self._items.get(media_id)
            if item is None:
                raise ApiError(40007, "invalid media_id")
        except ApiError as error:
            self._counters["wechat_errors"] += 1
            return JSONResponse(format_error(error))
        name = f"{media_id}.{FORMATS[item.kind]}"
        headers = {"Content-disposition": f'attachment; filename="{name}"'}
        return Response(item.content, media_type=TYPES[item.kind], headers=headers)


class Media(ControlModel):
    media_id: str


def build_media_router(shelf: MediaShelf, people: People) -> APIRouter:
    router = APIRouter(prefix="/simulator/wechat")

    @router.post("/media/{kind}")
    async def put_media(kind: MediaKind, request: Request) -> Media:
        """The body is the file. Nothing is pushed."""
        return Media(media_id=shelf.put(kind, await request.body()))

    @router.post("/media-expiry")
    async def expire_media() -> dict[str, str]:
        """Three days are over for everything."""
        shelf.clear()
        return {"media": "expired"}

    @router.post("/{openid}/media/{kind}")
    async def send_media(openid: Openid, kind: MediaKind, request: Request) -> IntakeAnswer:
        """The body is the file; its message is pushed."""
        media_id = shelf.put(kind, await request.body())
        return await people.send_media(openid, kind, media_id, FORMATS[kind])

    return router
