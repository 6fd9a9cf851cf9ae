"""Tencent Cloud SMS as its clients see it: `POST /` with X-TC-Action SendSms."""

import asyncio
import json
import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.simulators import tc3
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
from shared.documents import Document

NUMBERS_MAX = 200
SESSION_CONTEXT_BYTES_MAX = 511
VARIABLE_MAX = 6

REFUSALS = {
    "throttled": ("LimitExceeded.PhoneNumberThirtySecondLimit", "the same number within 30 s"),
    "blacklisted": ("FailedOperation.PhoneNumberInBlacklist", "the number has opted out"),
    "ambiguous": ("InternalError.Timeout", "request timed out"),
}
LIMITS: Mapping[NumberLimit, str] = {
    "day": "LimitExceeded.PhoneNumberDailyLimit",
    "same_content": "LimitExceeded.PhoneNumberThirtySecondLimit",
}

_NUMBER = re.compile(r"\+861[0-9]{10}")
_PLACE = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Call:
    numbers: Sequence[str]
    template: str
    text: str
    session: str


class Tencent:
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
        self._accounts = {settings.tencent_secret_id: settings.tencent_secret_key}
        self._limits = NumberLimits(settings.per_day_max, settings.same_content_s)
        self._dispatch = ReceiptDispatch(settings, callbacks.receipts.add, callbacks.push_receipt)

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        self._counters["sms_calls"] += 1
        try:
            call = self._parse_request(request, body)
        except CallError as error:
            self._counters["sms_call_errors"] += 1
            return _build_response({"Error": {"Code": error.code, "Message": error.message}})
        plans = [(number, self._scripts.plan_call(number, "tencent")) for number in call.numbers]
        await asyncio.sleep(self._settings.answer_delay_s)
        refusals = {plan.refusal for _, plan in plans}
        if "unavailable" in refusals:
            return JSONResponse({"message": "service unavailable"}, status_code=503)
        if "overloaded" in refusals:
            content = {"Code": "RequestLimitExceeded", "Message": "too many calls"}
            return _build_response({"Error": content})
        statuses = [await self._send(call, number, plan) for number, plan in plans]
        if any(plan.hangs for _, plan in plans):
            await asyncio.sleep(self._settings.hang_s)
        return _build_response({"SendStatusSet": statuses})

    def _parse_request(self, request: Request, body: bytes) -> Call:
        failure = tc3.find_failure(request.headers, body, self._accounts, self._now())
        if failure:
            raise CallError(failure, "the signature or its time is not accepted")
        if request.headers.get("x-tc-action") != "SendSms":
            raise CallError("InvalidAction", "only SendSms is known here")
        if request.headers.get("x-tc-version") != "2021-01-11":
            raise CallError("NoSuchVersion", "only 2021-01-11 is known here")
        try:
            content = json.loads(body)
            return self._parse_call(content)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CallError("InvalidParameter", "the body is not SendSms's") from None

    def _parse_call(self, content: Document) -> Call:
        if content["SmsSdkAppId"] != self._settings.tencent_app_id:
            raise CallError("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "SmsSdkAppId")
        if content.get("SignName", "") != self._settings.tencent_sign_name:
            raise CallError("FailedOperation.SignatureIncorrectOrUnapproved", "SignName")
        numbers = content["PhoneNumberSet"]
        if not isinstance(numbers, list) or not 1 <= len(numbers) <= NUMBERS_MAX:
            raise CallError("LimitExceeded.PhoneNumberCountLimit", "1 to 200 numbers")
        session = str(content.get("SessionContext") or "")
        if len(session.encode()) > SESSION_CONTEXT_BYTES_MAX:
            raise CallError("InvalidParameterValue.SessionContextLengthLimit", "below 512 bytes")
        template, values = str(content["TemplateId"]), content.get("TemplateParamSet") or []
        return Call(
            [str(n) for n in numbers], template, self._format_text(template, values), session
        )

    def _format_text(self, template: str, values: Sequence[str]) -> str:
        """The SMS as a phone shows it, or a CallError for what the template does not allow."""
        templates = self._settings.sms_templates
        if not templates:
            text = " ".join(values)
        elif template not in templates:
            raise CallError("FailedOperation.TemplateUnapprovedOrNotExist", template)
        else:
            text = _fill(templates[template], values)
            _check_values(values)
        if BANNED.search(text):
            raise CallError("FailedOperation.ContainSensitiveWord", "no appeals for donations")
        return f"【{self._settings.tencent_sign_name}】{text}"

    async def _send(self, call: Call, number: str, plan: Plan) -> Document:
        refusal = self._find_refusal(call, number, plan)
        if refusal:
            self._counters["sms_refused"] += 1
            return _build_status(number, call.session, *refusal)
        serial = f"2028:{uuid.uuid4().int % 10**20}"
        sms = Sms(number, call.text, call.template, call.session, serial, "tencent")
        self._book.record(sms, plan, self._limits)
        if plan.fate != "dropped":
            receipt = _build_receipt(number, serial, plan, self._now())
            await self._dispatch.send(number, receipt, plan)
        return _build_status(
            number, call.session, "Ok", "send success", serial, count_segments(call.text)
        )

    def _find_refusal(self, call: Call, number: str, plan: Plan) -> tuple[str, str] | None:
        if not _NUMBER.fullmatch(number):
            return "InvalidParameterValue.IncorrectPhoneNumber", "the number is not valid"
        if plan.refusal in REFUSALS:
            return REFUSALS[plan.refusal]
        limit = self._limits.find_limit(number, call.text, self._now())
        return (LIMITS[limit], "the number has reached a limit") if limit else None


def _fill(text: str, values: Sequence[str]) -> str:
    places = {int(n) for n in _PLACE.findall(text)}
    if places != set(range(1, len(values) + 1)) or not all(isinstance(v, str) for v in values):
        code = "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
        raise CallError(code, f"{len(places)} parameters expected")
    return _PLACE.sub(lambda place: values[int(place[1]) - 1], text)


def _check_values(values: Sequence[str]) -> None:
    """As for a newer account: short, and no address."""
    if any("://" in value for value in values):
        code = "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
        raise CallError(code, "no address in a variable")
    if any(len(value) > VARIABLE_MAX for value in values):
        code = "InvalidParameterValue.TemplateParameterLengthLimit"
        raise CallError(code, f"a variable has {VARIABLE_MAX} characters at most")


def _build_response(content: Document) -> JSONResponse:
    return JSONResponse({"Response": {**content, "RequestId": str(uuid.uuid4())}})


def _build_status(
    number: str, session: str, code: str, message: str, serial: str = "", fee: int = 0
) -> dict[str, object]:
    return {
        "SerialNo": serial,
        "PhoneNumber": number,
        "Fee": fee,
        "SessionContext": session,
        "Code": code,
        "Message": message,
        "IsoCode": "CN",
    }


def _build_receipt(number: str, serial: str, plan: Plan, now: datetime) -> Document:
    delivered = plan.fate == "delivered"
    return {
        "user_receive_time": format_china_time(now),
        "nationcode": "86",
        "mobile": number.removeprefix("+86"),
        "report_status": "SUCCESS" if delivered else "FAIL",
        "errmsg": "DELIVRD" if delivered else "UNDELIV",
        "description": "用户短信送达成功" if delivered else "用户短信送达失败",
        "sid": serial,
    }
