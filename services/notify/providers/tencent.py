"""Tencent Cloud SMS, `SendSms` 2021-01-11, signed with TC3-HMAC-SHA256.

Source: https://cloud.tencent.com/document/product/382/55981 and /213/30654 (signature).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlsplit

from services.notify.providers.protocol import (
    Message,
    Outcome,
    Ruling,
    classify_failure,
    classify_status,
    find_ruling,
    format_e164,
    list_values,
    redact,
)
from shared.clock import Clock
from shared.http import CallError, HttpClient

ENDPOINT = "https://sms.tencentcloudapi.com/"
CONTENT_TYPE = "application/json"
SESSION_CONTEXT_BYTES_MAX = 511

# Looked up from the most specific to the family (see `find_ruling`).
CODES: Mapping[str, Ruling] = {
    "Ok": Ruling("sent"),
    # Explicit throttles: not sent, will pass later.
    "RequestLimitExceeded": Ruling("retry", 1, throttles=True),
    "LimitExceeded": Ruling("retry", 3600),
    "LimitExceeded.DeliveryFrequencyLimit": Ruling("retry", 60),
    "LimitExceeded.PhoneNumberThirtySecondLimit": Ruling("retry", 30),
    "LimitExceeded.PhoneNumberOneHourLimit": Ruling("retry", 3600),
    "LimitExceeded.PhoneNumberDailyLimit": Ruling("retry", 6 * 3600),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": Ruling("retry", 6 * 3600),
    "LimitExceeded.GlobalSmsSendingRateLimit": Ruling("retry", 1, throttles=True),
    # Our account's own limit of the day: a person raises it, and the other provider sends.
    "LimitExceeded.AppDailyLimit": Ruling("misconfigured"),
    "LimitExceeded.AppMainlandChinaDailyLimit": Ruling("misconfigured"),
    "LimitExceeded.AppGlobalDailyLimit": Ruling("misconfigured"),
    "LimitExceeded.AppCountryOrRegionDailyLimit": Ruling("misconfigured"),
    "LimitExceeded.DailyLimit": Ruling("misconfigured"),
    "LimitExceeded.PhoneNumberCountLimit": Ruling("misconfigured"),
    "FailedOperation.MarketingSendTimeConstraint": Ruling("retry", 3600),
    # May have been sent: never again by itself.
    "InternalError": Ruling("unknown"),
    "InternalError.Timeout": Ruling("unknown"),
    "InternalError.SendAndRecvFail": Ruling("unknown"),
    # Internal by name: the call itself was not understood, so nothing went out.
    "InternalError.SigVerificationFail": Ruling("misconfigured"),
    "InternalError.SigFieldMissing": Ruling("misconfigured"),
    "InternalError.RequestTimeException": Ruling("misconfigured"),
    "InternalError.RestApiInterfaceNotExist": Ruling("misconfigured"),
    "InternalError.JsonParseFail": Ruling("misconfigured"),
    # This recipient, or what this message says.
    "FailedOperation.PhoneNumberInBlacklist": Ruling("refused", blocks=True),
    "FailedOperation.PhoneNumberParseFail": Ruling("refused"),
    "FailedOperation.ContainSensitiveWord": Ruling("refused", blames_name=True),
    "InvalidParameter.DirtyWordFound": Ruling("refused", blames_name=True),
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": Ruling(
        "refused", blames_name=True
    ),
    "InvalidParameterValue.IncorrectPhoneNumber": Ruling("refused"),
    "LimitExceeded.AppCountryOrRegionInBlacklist": Ruling("refused"),
    "InvalidParameterValue.TemplateParameterFormatError": Ruling("refused", blames_name=True),
    "InvalidParameterValue.TemplateParameterLengthLimit": Ruling("refused", blames_name=True),
    "UnsupportedOperation.UnsupportedRegion": Ruling("refused"),
    "UnsupportedOperation.UnsuportedRegion": Ruling("refused"),  # the provider's own spelling
    # Our account, signature, template or parameters.
    "FailedOperation": Ruling("misconfigured"),
    "AuthFailure": Ruling("misconfigured"),
    "UnauthorizedOperation": Ruling("misconfigured"),
    "UnsupportedOperation": Ruling("misconfigured"),
    "InvalidParameter": Ruling("misconfigured"),
    "InvalidParameterValue": Ruling("misconfigured"),
    "MissingParameter": Ruling("misconfigured"),
    "UnknownParameter": Ruling("misconfigured"),
    "InvalidAction": Ruling("misconfigured"),
    "NoSuchVersion": Ruling("misconfigured"),
    "UnsupportedProtocol": Ruling("misconfigured"),
}
UNLISTED = Ruling("unknown")


def _compute_hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


@lru_cache(maxsize=4)
def _derive_key(secret_key: str, date: str, service: str) -> bytes:
    """Of a day."""
    key = _compute_hmac(f"TC3{secret_key}".encode(), date)
    return _compute_hmac(_compute_hmac(key, service), "tc3_request")


def sign_tencent(
    secret_id: str,
    secret_key: str,
    *,
    host: str,
    body: bytes,
    at: datetime,
    service: str = "sms",
    content_type: str = CONTENT_TYPE,
) -> str:
    """The Authorization header for exactly these bytes, this Content-Type and this Host."""
    timestamp = int(at.timestamp())
    date = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
    scope = f"{date}/{service}/tc3_request"
    request = (
        f"POST\n/\n\ncontent-type:{content_type}\nhost:{host}\n\ncontent-type;host\n"
        f"{hashlib.sha256(body).hexdigest()}"
    )
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = _derive_key(secret_key, date, service)
    signature = _compute_hmac(key, f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}").hex()
    return (
        f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, "
        f"SignedHeaders=content-type;host, Signature={signature}"
    )


def parse_tencent_reply(body: bytes) -> Outcome:
    """Both levels of the answer: an error of the call, then the status of the one number."""
    try:
        response = json.loads(body)["Response"]
        if "Error" in response:
            return _build_outcome(response["Error"], None)
        (status,) = response["SendStatusSet"]
        return _build_outcome(status, status.get("SerialNo"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Outcome("unknown", code="unreadable", detail="the answer is not SendSms's")


def _build_outcome(status: Mapping[str, object], serial: object) -> Outcome:
    code = str(status["Code"])
    ruling = find_ruling(CODES, code, UNLISTED)
    message_id = str(serial) if ruling.kind == "sent" and serial else None
    detail = "" if ruling.kind == "sent" else redact(str(status.get("Message", "")))
    return ruling.build_outcome(code, detail, message_id)


class TencentSms:
    """Sends one SMS per call. Safe to share among tasks; holds no state of its own.

    templates: our template name -> Tencent's template id.
    """

    name = "tencent"

    def __init__(
        self,
        http: HttpClient,
        endpoint: str,
        secret_id: str,
        secret_key: str,
        app_id: str,
        sign_name: str,
        templates: Mapping[str, str],
        now: Clock,
        *,
        region: str = "ap-guangzhou",
        timeout_s: float = 10,
    ) -> None:
        self._http, self._url, self._host = http, endpoint, urlsplit(endpoint).netloc
        self._secret_id, self._secret_key = secret_id, secret_key
        self._app_id, self._sign_name, self._region = app_id, sign_name, region
        self._templates, self._now, self._timeout_s = templates, now, timeout_s

    async def send(self, message: Message) -> Outcome:
        number = format_e164(message.recipient)
        if number is None:
            return Outcome("refused", code="not_a_number", detail="no E.164 number")
        fault = self._find_fault(message)
        if fault:
            return Outcome("misconfigured", code=fault, detail=f"template {message.template}")
        body = self._build_body(message, number)
        try:
            reply = await self._http.post(
                self._url, body, headers=self._build_headers(body), timeout_s=self._timeout_s
            )
        except CallError as error:
            return classify_failure(error)
        return classify_status(reply) or parse_tencent_reply(reply.body)

    def _find_fault(self, message: Message) -> str | None:
        if message.template not in self._templates:
            return "no_template"
        if len(message.notice_id.encode()) > SESSION_CONTEXT_BYTES_MAX:
            return "notice_id_too_long"
        # A link in a variable gets the template banned; it belongs in the template's text.
        if any("://" in value for value in list_values(message)):
            return "link_in_variable"
        return None

    def _build_body(self, message: Message, number: str) -> bytes:
        content = {
            "PhoneNumberSet": [number],
            "SmsSdkAppId": self._app_id,
            "TemplateId": self._templates[message.template],
            "SignName": self._sign_name,
            "TemplateParamSet": list_values(message),
            "SessionContext": message.notice_id,
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    def _build_headers(self, body: bytes) -> dict[str, str]:
        at, host = self._now(), self._host
        return {
            "Authorization": sign_tencent(
                self._secret_id, self._secret_key, host=host, body=body, at=at
            ),
            "Content-Type": CONTENT_TYPE,
            "Host": host,
            "X-TC-Action": "SendSms",
            "X-TC-Version": "2021-01-11",
            "X-TC-Timestamp": str(int(at.timestamp())),
            "X-TC-Region": self._region,
        }
