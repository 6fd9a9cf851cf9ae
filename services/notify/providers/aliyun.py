"""Aliyun SMS, `SendSms` 2017-05-25, signed with ACS3-HMAC-SHA256.

Source: help.aliyun.com, "SendSms", "V3 request structure & signature", "API error codes". Nothing
here drops a repetition: after a call without an answer only the receipt tells, by its out_id.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

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
from shared.contracts.message_ids import fold_message_id
from shared.http import CallError, HttpClient, Reply

ENDPOINT = "https://dysmsapi.aliyuncs.com/"
ACTION, VERSION = "SendSms", "2017-05-25"
EMPTY_BODY_SHA256 = hashlib.sha256(b"").hexdigest()
EMPTY = "无"

CODES: Mapping[str, Ruling] = {
    "OK": Ruling("sent"),
    # Explicit throttles: not sent, will pass later. How long the number's own limit lasts stands in
    # the message.
    "isv.BUSINESS_LIMIT_CONTROL": Ruling("retry", 3600),
    "Throttling": Ruling("retry", 1, throttles=True),
    "ServiceUnavailable": Ruling("retry", 5, throttles=True),
    # May have been sent: never again by itself.
    "isp.SYSTEM_ERROR": Ruling("unknown"),
    "isp.GATEWAY_ERROR": Ruling("unknown"),
    "InternalError": Ruling("unknown"),
    # This recipient.
    "isv.MOBILE_NUMBER_ILLEGAL": Ruling("refused"),
    "isv.MOBILE_COUNT_OVER_LIMIT": Ruling("refused"),
    "isv.BLACK_KEY_CONTROL_LIMIT": Ruling("refused", blocks=True),
    # What this one message says: its name is what changes.
    "isv.TEMPLATE_PARAMS_ILLEGAL": Ruling("refused", blames_name=True),
    "isv.PARAM_LENGTH_LIMIT": Ruling("refused", blames_name=True),
    "isv.SMS_CONTENT_ILLEGAL": Ruling("refused", blames_name=True),
    "isv.PARAM_NOT_SUPPORT_URL": Ruling("refused", blames_name=True),
    # Our account, signature, template or parameters.
    "isv": Ruling("misconfigured"),
    "isp.RAM_PERMISSION_DENY": Ruling("misconfigured"),
    "SignatureDoesNotMatch": Ruling("misconfigured"),
    "SignatureNonceUsed": Ruling("retry", 1),
    "InvalidTimeStamp": Ruling("misconfigured"),
    "InvalidAccessKeyId": Ruling("misconfigured"),
    "Forbidden": Ruling("misconfigured"),
    "MissingParameter": Ruling("misconfigured"),
}
UNLISTED = Ruling("unknown")

# What the message of isv.BUSINESS_LIMIT_CONTROL names.
WINDOWS: Mapping[str, float] = {"分钟": 60, "小时": 3600, "天": 6 * 3600}


def sign_aliyun(
    key_id: str, key_secret: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[str, str]:
    """(query string, Authorization). headers: lower-case, and every one of them is signed."""
    line = format_query(query)
    names = ";".join(sorted(headers))
    signed = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    request = f"POST\n/\n{line}\n{signed}\n{names}\n{headers['x-acs-content-sha256']}"
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(key_secret.encode(), text.encode(), "sha256").hex()
    authorization = (
        f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"
    )
    return line, authorization


def format_query(query: Mapping[str, str]) -> str:
    return "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(query.items())
    )


def parse_aliyun_reply(reply: Reply) -> Outcome:
    """The code in the body, at any HTTP status; a gateway's own page says no more than its status.

    A 5xx without a code of ours may have been sent.
    """
    try:
        answer = json.loads(reply.body)
        code, text = str(answer["Code"]), str(answer.get("Message", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        failed = classify_status(reply)
        return failed or Outcome("unknown", code="unreadable", detail="no answer of SendSms")
    ruling = find_ruling(CODES, code, UNLISTED)
    if ruling.kind == "sent":
        message_id = answer.get("BizId")
        return ruling.build_outcome(
            code, "", fold_message_id(str(message_id)) if message_id else None
        )
    return ruling.build_outcome(
        code, redact(text), retry_after_s=_find_wait_s(code, text, reply.headers)
    )


def _find_wait_s(code: str, text: str, headers: Mapping[str, str]) -> float | None:
    if code == "isv.BUSINESS_LIMIT_CONTROL":
        return next((wait_s for word, wait_s in WINDOWS.items() if word in text), None)
    millis = headers.get("x-acs-retry-after", "")
    return float(millis) / 1000 if millis.isascii() and millis.isdigit() else None


class AliyunSms:
    """Sends one SMS per call. Safe to share among tasks; holds no state of its own.

    templates: our template name -> Aliyun's template code, whose variables are ${v1}, ${v2} ...
    """

    name = "aliyun"

    def __init__(
        self,
        http: HttpClient,
        endpoint: str,
        key_id: str,
        key_secret: str,
        sign_name: str,
        templates: Mapping[str, str],
        now: Clock,
        *,
        timeout_s: float = 10,
        make_nonce: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._http, self._url, self._host = http, endpoint, urlsplit(endpoint).netloc
        self._key_id, self._key_secret, self._sign_name = key_id, key_secret, sign_name
        self._templates, self._now, self._timeout_s = templates, now, timeout_s
        self._make_nonce = make_nonce

    async def send(self, message: Message) -> Outcome:
        number = format_e164(message.recipient)
        if number is None:
            return Outcome("refused", code="not_a_number", detail="no E.164 number")
        if message.template not in self._templates:
            detail = f"template {message.template}"
            return Outcome("misconfigured", code="no_template", detail=detail)
        headers = self._build_headers()
        query, authorization = sign_aliyun(
            self._key_id, self._key_secret, self._build_query(message, number), headers
        )
        try:
            reply = await self._http.post(
                f"{self._url}?{query}",
                b"",
                headers=headers | {"Authorization": authorization},
                timeout_s=self._timeout_s,
            )
        except CallError as error:
            return classify_failure(error)
        return parse_aliyun_reply(reply)

    def _build_query(self, message: Message, number: str) -> dict[str, str]:
        values = {f"v{place}": v or EMPTY for place, v in enumerate(list_values(message), 1)}
        return {
            "PhoneNumbers": number.removeprefix("+86").removeprefix("+"),
            "SignName": self._sign_name,
            "TemplateCode": self._templates[message.template],
            "TemplateParam": json.dumps(values, ensure_ascii=False),
            "OutId": message.notice_id,
        }

    def _build_headers(self) -> dict[str, str]:
        return {
            "host": self._host,
            "x-acs-action": ACTION,
            "x-acs-version": VERSION,
            "x-acs-date": format_date(self._now()),
            "x-acs-signature-nonce": self._make_nonce(),
            "x-acs-content-sha256": EMPTY_BODY_SHA256,
        }


def format_date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
