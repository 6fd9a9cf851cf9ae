"""WeChat's API as its clients see it: stable_token, template and subscribe messages."""

import asyncio
import json
import re
import secrets
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.simulators.callbacks import Callbacks, Fields, format_china_time
from deploy.simulators.dispatch import ReceiptDispatch
from deploy.simulators.phones import Entry, Phones
from deploy.simulators.plans import Plan
from deploy.simulators.scripts import Scripts
from deploy.simulators.settings import SimulatorSettings
from shared.clock import Clock
from shared.documents import Document

RENEWED_BEFORE_END_S = 300
DEDUPLICATED_FOR_S = 600
REMEMBERED_MAX = 200_000

REFUSALS = {
    "throttled": 45011,
    "overloaded": 45011,
    "blacklisted": 43004,
    "ambiguous": -1,
    "token": 42001,
}
MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40013: "invalid appid",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    42001: "access_token expired",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
}
CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
DAY = r"\d{4}(?:年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2})"
SHAPES = {
    "thing": re.compile(r".{1,20}", re.DOTALL),
    "number": re.compile(r"[+-]?(?=.{1,32}$)\d+(?:[.,]\d+)*"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "time": re.compile(rf"{CLOCK}|{DAY}(?: {CLOCK})?(?:[~～].+)?"),
    "date": re.compile(rf"{DAY}(?: {CLOCK})?(?:[~～].+)?"),
    "amount": re.compile(r"[^\d\s]?(?=[\d.]{1,11}元?$)\d{1,10}(?:\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+() -]{1,17}"),
    "car_number": re.compile(r"\S{1,8}"),
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .'-]{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
}
"""What a field's whole value looks like, by the kind that begins its name."""
FORCED_A_DAY, FORCED_APART_S = 20, 30

_OPENID = re.compile(r"[A-Za-z0-9_-]{6,64}")
_FIELD_KIND = re.compile(r"([a-z_]+?)\d*")


class ApiError(Exception):
    """An errcode, answered with HTTP 200."""

    def __init__(self, errcode: int, errmsg: str = "") -> None:
        super().__init__(str(errcode))
        self.errcode, self.errmsg = errcode, errmsg or MESSAGES.get(errcode, "error")


class Tokens:
    """Stable tokens: the same one until shortly before its end, then two overlap."""

    def __init__(self, lifetime_s: int, now: Clock) -> None:
        self._lifetime_s, self._now = lifetime_s, now
        self._ends: OrderedDict[str, float] = OrderedDict()
        self._forced_at: deque[float] = deque(maxlen=FORCED_A_DAY)

    def issue(self, force: bool) -> tuple[str, int]:
        now = self._now().timestamp()
        if force:
            self._count_forced(now)
            self._ends.clear()
        newest = next(reversed(self._ends), None)
        spare_s = min(RENEWED_BEFORE_END_S, self._lifetime_s / 2)
        if newest is None or self._ends[newest] - now <= spare_s:
            newest = secrets.token_urlsafe(64)
            self._ends[newest] = now + self._lifetime_s
            while len(self._ends) > 2:
                self._ends.popitem(last=False)
        return newest, int(self._ends[newest] - now)

    def _count_forced(self, now: float) -> None:
        """Twenty a day, each half a minute after the last."""
        at = self._forced_at
        if at and now - at[-1] < FORCED_APART_S:
            raise ApiError(45011)
        if len(at) == FORCED_A_DAY and now - at[0] < 86_400:
            raise ApiError(45009)
        at.append(now)

    def check(self, token: str) -> None:
        ends = self._ends.get(token)
        if ends is None:
            raise ApiError(40001)
        if ends <= self._now().timestamp():
            raise ApiError(42001)

    def expire(self) -> None:
        self._ends.clear()


class WeChat:
    """Everybody follows until the control API says otherwise."""

    def __init__(
        self,
        settings: SimulatorSettings,
        phones: Phones,
        scripts: Scripts,
        callbacks: Callbacks,
        counters: Counter[str],
        now: Clock,
    ) -> None:
        self._settings, self._phones, self._scripts = settings, phones, scripts
        self._callbacks, self._counters, self._now = callbacks, counters, now
        self.tokens = Tokens(settings.wechat_token_lifetime_s, now)
        self._unfollowed: set[str] = set()
        self._credits: Counter[tuple[str, str]] = Counter()
        self._day, self._sent_today = "", 0
        self._sent: OrderedDict[tuple[str, str], tuple[datetime, int]] = OrderedDict()
        # Ids grow past those of an earlier run of the simulator.
        self._last_id = int(now().timestamp() * 1000) * 1000
        self._dispatch = ReceiptDispatch(settings, callbacks.queue_wechat, self._push_now)

    async def answer_stable_token(self, request: Request) -> Response:
        self._counters["wechat_token_calls"] += 1
        try:
            body = _parse_json(await request.body())
            if body.get("appid") != self._settings.wechat_appid:
                raise ApiError(40013)
            if body.get("secret") != self._settings.wechat_secret:
                raise ApiError(40125)
            token, expires_in_s = self.tokens.issue(force=bool(body.get("force_refresh")))
        except ApiError as error:
            return _build_error(error)
        return JSONResponse({"access_token": token, "expires_in": expires_in_s})

    async def send_template(self, request: Request) -> Response:
        return await self._take_call(request, self._send, names_message=True)

    async def send_subscription(self, request: Request) -> Response:
        """One consent is one message, and no repetition is known again; its id comes with the event
        alone."""
        return await self._take_call(request, self._send_subscription, names_message=False)

    def choose(self, openid: str, template: str, *, accepted: bool) -> None:
        """What a person taps where he is asked for one more message."""
        if accepted:
            self._credits[openid, template] += 1
        else:
            self._credits.pop((openid, template), None)

    async def _take_call(
        self,
        request: Request,
        send: Callable[[str, Document, Plan], Awaitable[int]],
        *,
        names_message: bool,
    ) -> Response:
        body = await request.body()
        self._counters["wechat_calls"] += 1
        try:
            self.tokens.check(request.query_params.get("access_token", ""))
            content = self._parse_body(body)
            openid = content["touser"]
            plan = self._scripts.plan_call(openid, "wechat")
            await asyncio.sleep(self._settings.answer_delay_s)
            if plan.refusal == "unavailable":
                return JSONResponse({"errmsg": "service unavailable"}, status_code=503)
            self._check_recipient(openid, plan)
            message_id = await send(openid, content, plan)
        except ApiError as error:
            self._counters["wechat_errors"] += 1
            return _build_error(error)
        if plan.hangs:
            await asyncio.sleep(self._settings.hang_s)
        named = {"msgid": message_id} if names_message else {}
        return JSONResponse({"errcode": 0, "errmsg": "ok", **named})

    def set_following(self, openid: str, follows: bool) -> None:
        if follows:
            self._unfollowed.discard(openid)
        elif len(self._unfollowed) < REMEMBERED_MAX:
            self._unfollowed.add(openid)

    def take_next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _parse_body(self, body: bytes) -> Document:
        if b"\\u" in body:
            raise ApiError(40033)
        content = _parse_json(body)
        if not _OPENID.fullmatch(str(content.get("touser", ""))):
            raise ApiError(40003)
        templates, template = self._settings.wechat_templates, content.get("template_id")
        if not isinstance(template, str) or (templates and template not in templates):
            raise ApiError(40037)
        data = content.get("data")
        if not isinstance(data, dict):
            raise ApiError(47003, "argument invalid! data is empty")
        for name, field in data.items():
            _check_field(name, field)
        return content

    def _check_recipient(self, openid: str, plan: Plan) -> None:
        if plan.refusal == "token":
            self.tokens.expire()
        if plan.refusal:
            raise ApiError(REFUSALS[plan.refusal])
        if openid in self._unfollowed:
            raise ApiError(43004)

    async def _send(self, openid: str, content: Document, plan: Plan) -> int:
        """The message id; an earlier one for the same client_msg_id within ten minutes."""
        key, now = (openid, str(content.get("client_msg_id") or "")), self._now()
        earlier = self._sent.get(key) if key[1] else None
        if earlier and (now - earlier[0]).total_seconds() < DEDUPLICATED_FOR_S:
            self._counters["wechat_deduplicated"] += 1
            return earlier[1]
        if earlier:
            self._counters["wechat_repeated_notices"] += 1
        self._count_today(now)
        message_id = self.take_next_id()
        self._remember(key, now, message_id)
        self._record(openid, content, plan, message_id)
        if plan.fate != "dropped":
            await self._dispatch.send(openid, self._build_receipt(openid, message_id, plan), plan)
        return message_id

    def _count_today(self, now: datetime) -> None:
        day = format_china_time(now)[:10]
        self._day, self._sent_today = day, self._sent_today if day == self._day else 0
        if self._sent_today >= self._settings.wechat_day_max:
            raise ApiError(45009)
        self._sent_today += 1

    async def _send_subscription(self, openid: str, content: Document, plan: Plan) -> int:
        key = openid, content["template_id"]
        if self._credits[key] <= 0:
            raise ApiError(43101)
        self._credits[key] -= 1
        message_id = self.take_next_id()
        self._counters["wechat_subscriptions"] += 1
        self._record(openid, content, plan, message_id)
        if plan.fate != "dropped":
            receipt = self._build_sent_event(openid, content["template_id"], message_id, plan)
            await self._dispatch.send(openid, receipt, plan)
        return message_id

    def _remember(self, key: tuple[str, str], now: datetime, message_id: int) -> None:
        self._sent[key] = (now, message_id)
        if len(self._sent) > REMEMBERED_MAX:
            self._sent.popitem(last=False)

    def _record(self, openid: str, content: Document, plan: Plan, message_id: int) -> None:
        self._counters["wechat_accepted"] += 1
        self._counters[f"wechat_{plan.fate}"] += 1
        template = content["template_id"]
        self._phones.add(
            Entry(
                seq=self._phones.take_next_seq(),
                recipient=openid,
                channel="wechat",
                direction="in",
                text="\n".join(str(field["value"]) for field in content["data"].values()),
                at=self._now(),
                url=str(content.get("url") or content.get("page") or ""),
                title=self._settings.wechat_templates.get(template, template),
                template=template,
                notice_id=str(content.get("client_msg_id") or ""),
                provider_message_id=str(message_id),
                fate=plan.fate,
            )
        )

    def _build_receipt(self, openid: str, message_id: int, plan: Plan) -> Fields:
        delivered = plan.fate == "delivered"
        return {
            **self.build_event(openid, "TEMPLATESENDJOBFINISH"),
            "MsgID": message_id,
            "Status": "success" if delivered else "failed:user block",
        }

    def _build_sent_event(self, openid: str, template: str, message_id: int, plan: Plan) -> Fields:
        code, status = ("0", "success") if plan.fate == "delivered" else ("20004", "user block")
        row = {"TemplateId": template, "MsgID": str(message_id)}
        row |= {"ErrorCode": code, "ErrorStatus": status}
        return {
            **self.build_event(openid, "subscribe_msg_sent_event"),
            "SubscribeMsgSentEvent": [row],
        }

    def build_event(self, openid: str, kind: str) -> Fields:
        return {
            "ToUserName": self._settings.wechat_account,
            "FromUserName": openid,
            "CreateTime": int(self._now().timestamp()),
            "MsgType": "event",
            "Event": kind,
        }

    async def _push_now(self, fields: Fields) -> None:
        await self._callbacks.push_wechat(fields)


def _check_field(name: str, field: Any) -> None:
    value = field.get("value") if isinstance(field, dict) else None
    kind = _FIELD_KIND.fullmatch(name)
    if not isinstance(value, str) or not value:
        raise ApiError(47003, f"argument invalid! data.{name}.value is empty")
    if kind is None or kind[1] not in SHAPES or not SHAPES[kind[1]].fullmatch(value):
        raise ApiError(47003, f"argument invalid! data.{name}.value")


def _parse_json(body: bytes) -> Document:
    try:
        content = json.loads(body)
    except ValueError:
        raise ApiError(47001) from None
    if not isinstance(content, dict):
        raise ApiError(47001)
    return content


def _build_error(error: ApiError) -> JSONResponse:
    return JSONResponse(format_error(error))


def format_error(error: ApiError) -> dict[str, object]:
    return {"errcode": error.errcode, "errmsg": error.errmsg}
