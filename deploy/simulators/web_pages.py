"""What WeChat does for a page that is opened inside it: tickets, its script, what is tapped.

The stand-in for WeChat's script (`jweixin.js`) knows whose phone it is by `#wechat=OPENID`.
"""

import hashlib
import json
import secrets
from collections import Counter
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.simulators.control import Choice, Openid, People
from deploy.simulators.settings import SimulatorSettings
from deploy.simulators.wechat import ApiError, Tokens, format_error

SCRIPT = Path(__file__).with_name("jweixin.js")
ANYWHERE = {"Access-Control-Allow-Origin": "*"}
"""The script runs in our page and asks here."""
TEMPLATES_MAX = 3
TICKET_LIVES_S = 7200


class Config(BaseModel):
    """What a page says of itself (`wx.config`). url: where it stands, as the browser has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    appid: str = Field(alias="appId")
    timestamp: int
    nonce: str = Field(alias="nonceStr")
    signature: str
    url: str


class Tap(BaseModel):
    """accepted: of each template that the button asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: Config
    openid: Openid
    accepted: dict[str, bool] = Field(min_length=1)


class WebPages:
    """One ticket as long as the simulator runs."""

    def __init__(
        self, settings: SimulatorSettings, tokens: Tokens, people: People, counters: Counter[str]
    ) -> None:
        self._settings, self._tokens, self._people = settings, tokens, people
        self._counters = counters
        self._ticket = secrets.token_urlsafe(64)

    async def give_ticket(self, request: Request) -> Response:
        self._counters["wechat_ticket_calls"] += 1
        try:
            self._tokens.check(request.query_params.get("access_token", ""))
            if request.query_params.get("type") != "jsapi":
                raise ApiError(40097, "invalid args")
        except ApiError as error:
            self._counters["wechat_errors"] += 1
            return JSONResponse(format_error(error))
        answer = {"errcode": 0, "errmsg": "ok", "ticket": self._ticket}
        return JSONResponse({**answer, "expires_in": TICKET_LIVES_S})

    async def check_page(self, request: Request) -> Response:
        """`wx.config`: whether the page is the account's."""
        return _build_reply(self._judge(Config.model_validate_json(await request.body())))

    async def tap(self, request: Request) -> Response:
        """One button: pushed to intake as WeChat does, and answered as its tag answers."""
        tap = Tap.model_validate_json(await request.body())
        if (verdict := self._judge(tap.config)) != "config:ok":
            return _build_reply(verdict)
        templates = self._settings.wechat_templates
        if len(tap.accepted) > TEMPLATES_MAX:
            return _build_reply("subscribe:fail", errCode=20003)
        if templates and not templates.keys() >= tap.accepted.keys():
            return _build_reply("subscribe:fail", errCode=20001)
        choices = [Choice(template_id=id_, accepted=yes) for id_, yes in tap.accepted.items()]
        await self._people.choose(tap.openid, *choices)
        details = {
            id_: json.dumps({"status": "accept" if yes else "reject"})
            for id_, yes in tap.accepted.items()
        }
        return _build_reply("subscribe:ok", subscribeDetails=json.dumps(details))

    def _judge(self, config: Config) -> str:
        if config.appid != self._settings.wechat_appid:
            return "config:invalid appid"
        text = (
            f"jsapi_ticket={self._ticket}&noncestr={config.nonce}"
            f"&timestamp={config.timestamp}&url={config.url}"
        )
        is_ours = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() == config.signature
        return "config:ok" if is_ours else "config:invalid signature"


def _build_reply(message: str, **more: Any) -> JSONResponse:
    return JSONResponse({"errMsg": message, **more}, headers=ANYWHERE)


def add_web_pages(app: FastAPI, pages: WebPages) -> None:
    script = SCRIPT.read_text(encoding="utf-8")

    async def send_script(_: Request) -> Response:
        return Response(script, media_type="text/javascript")

    app.add_route("/cgi-bin/ticket/getticket", pages.give_ticket, methods=["GET"])
    app.add_route("/open/js/jweixin-1.6.0.js", send_script, methods=["GET"])
    app.add_route("/open/config", pages.check_page, methods=["POST"])
    app.add_route("/open/tap", pages.tap, methods=["POST"])
