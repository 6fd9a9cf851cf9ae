"""Aliyun SMS as its clients see it: `POST /` with x-acs-action SendSms."""

import asyncio
import json
import re
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.simulators.acs3 import Gateway
from deploy.simulators.callbacks import Callbacks, format_china_time
from deploy.simulators.dispatch import ReceiptDispatch
from deploy.simulators.plans import Plan
from deploy.simulators.scripts import Scripts
from deploy.simulators.settings import SimulatorSettings
from deploy.simulators.sms import (
    BANNED,
    CallError,
    NumberLimit,
    NumberLimits,
    Sms,
    SmsBook,
    count_segments,
)
from shared.clock import Clock

VARIABLE_MAX = 35

REFUSALS = {
    "throttled": ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"),
    "blacklisted": ("isv.BLACK_KEY_CONTROL_LIMIT", "黑名单管控"),
    "ambiguous": ("isp.SYSTEM_ERROR", "系统异常"),
}
LIMITS: Mapping[NumberLimit, tuple[str, str]] = {
    "day": ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10"),
    "same_content": ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"),
}
FAILURES = {"SignatureDoesNotMatch": 400, "InvalidAccessKeyId.NotFound": 404}

_NUMBER = re.compile(r"(?:\+?86|0086)?(1[0-9]{10})")
_PLACE = re.compile(r"\{(\d+)\}")


class Aliyun:
    """Answers signed calls, delivers the texts to the phones and sends the receipts."""

    def __init__(
        self,
        settings: SimulatorSettings,
        book: SmsBook,
        scripts: Scripts,
        callbacks: Callbacks,
        counters: Counter[str],
        now: Clock,
    ) -> None:
        self._settings, self._book, self._scripts = settings, book, scripts
        self._counters, self._now = counters, now
        self._gateway = Gateway({settings.aliyun_key_id: settings.aliyun_key_secret})
        self._limits = NumberLimits(settings.aliyun_per_day_max, settings.same_content_s)
        self._dispatch = ReceiptDispatch(
            settings, callbacks.aliyun_receipts.add, callbacks.push_aliyun_receipt
        )

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        self._counters["sms_calls"] += 1
        failure = self._gateway.find_failure(request.headers, request.url.query, body, self._now())
        if failure:
            self._counters["sms_call_errors"] += 1
            status = FAILURES.get(failure, 400)
            return _build_response(failure, "the signature is not accepted", status=status)
        try:
            return await self._send(dict(parse_qsl(request.url.query, keep_blank_values=True)))
        except CallError as error:
            self._counters["sms_refused"] += 1
            return _build_response(error.code, error.message)

    async def _send(self, query: Mapping[str, str]) -> Response:
        number = _parse_number(query.get("PhoneNumbers", ""))
        plan = self._scripts.plan_call(number, "aliyun")
        await asyncio.sleep(self._settings.answer_delay_s)
        if plan.refusal == "unavailable":
            return _build_response("ServiceUnavailable", "try again", status=503)
        if plan.refusal == "overloaded":
            return _build_response("Throttling.User", "Request was denied", status=429)
        text = self._format_text(query)
        if plan.refusal in REFUSALS:
            raise CallError(*REFUSALS[plan.refusal])
        limit = self._limits.find_limit(number, text, self._now())
        if limit:
            raise CallError(*LIMITS[limit])
        message_id = f"{uuid.uuid4().int % 10**18}^0"
        session = query.get("OutId", "")
        sms = Sms(number, text, query["TemplateCode"], session, message_id, "aliyun")
        self._book.record(sms, plan, self._limits)
        if plan.fate != "dropped":
            await self._dispatch.send(number, _build_receipt(sms, plan, self._now()), plan)
        if plan.hangs:
            await asyncio.sleep(self._settings.hang_s)
        return _build_response("OK", "OK", biz_id=message_id)

    def _format_text(self, query: Mapping[str, str]) -> str:
        """The SMS as a phone shows it, or a CallError for what the template does not allow."""
        settings, code = self._settings, query.get("TemplateCode", "")
        if query.get("SignName") != settings.tencent_sign_name:
            raise CallError("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
        if code not in settings.aliyun_templates:
            raise CallError("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
        values = _parse_values(query.get("TemplateParam", "{}"))
        text = _fill(settings.aliyun_templates[code], values)
        if BANNED.search(text):
            raise CallError("isv.SMS_CONTENT_ILLEGAL", "短信内容包含禁止发送内容")
        return f"【{settings.tencent_sign_name}】{text}"


def _parse_number(text: str) -> str:
    number = _NUMBER.fullmatch(text)
    if number is None:
        raise CallError("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
    return f"+86{number[1]}"


def _parse_values(text: str) -> dict[str, str]:
    try:
        values = json.loads(text)
    except ValueError:
        raise CallError("isv.INVALID_JSON_PARAM", "参数格式错误") from None
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise CallError("isv.INVALID_JSON_PARAM", "参数格式错误")
    for value in values.values():
        if not 1 <= len(value) <= VARIABLE_MAX:
            raise CallError("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
        if "://" in value:
            raise CallError("isv.PARAM_NOT_SUPPORT_URL", "不支持URL")
    return values


def _fill(text: str, values: Mapping[str, str]) -> str:
    """Its variables are ${v1}, ${v2} ..., where Tencent's are {1}, {2} ..."""
    missing = {f"v{place}" for place in _PLACE.findall(text)} - set(values)
    if missing:
        raise CallError("isv.TEMPLATE_MISSING_PARAMETERS", "模板缺少变量")
    return _PLACE.sub(lambda place: values[f"v{place[1]}"], text)


def _build_response(
    code: str, message: str, *, status: int = 200, biz_id: str = ""
) -> JSONResponse:
    content = {"Code": code, "Message": message, "RequestId": str(uuid.uuid4()).upper()}
    return JSONResponse(content | ({"BizId": biz_id} if biz_id else {}), status_code=status)


def _build_receipt(sms: Sms, plan: Plan, now: datetime) -> dict[str, object]:
    delivered = plan.fate == "delivered"
    return {
        "phone_number": sms.number.removeprefix("+86"),
        "send_time": format_china_time(now),
        "report_time": format_china_time(now),
        "success": delivered,
        "err_code": "DELIVERED" if delivered else "MK:0001",
        "err_msg": "用户接收成功" if delivered else "空号",
        "sms_size": str(count_segments(sms.text)),
        "biz_id": sms.message_id,
        "out_id": sms.session,
    }
