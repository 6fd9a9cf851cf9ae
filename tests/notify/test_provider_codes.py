"""Every code that providers document, and what it means to us; the official SDKs beside them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.request import DaraRequest
from darabonba.runtime import RuntimeOptions
from hypothesis import given, settings
from hypothesis import strategies as st
from tencentcloud.sms.v20210111 import errorcodes

from deploy.simulators.main import run_simulators
from services.notify.model import OutcomeKind
from services.notify.providers import Outcome, aliyun, tencent, wechat
from shared.http import Reply
from tests.notify.test_providers_aliyun import NONCE, SETTINGS, make_headers

TENCENT: Mapping[OutcomeKind, str] = {
    "sent": "Ok",
    "retry": """
        RequestLimitExceeded RequestLimitExceeded.UinLimitExceeded
        RequestLimitExceeded.IPLimitExceeded LimitExceeded.PhoneNumberThirtySecondLimit
        LimitExceeded.PhoneNumberOneHourLimit LimitExceeded.PhoneNumberDailyLimit
        LimitExceeded.PhoneNumberSameContentDailyLimit LimitExceeded.DeliveryFrequencyLimit
        FailedOperation.MarketingSendTimeConstraint""",
    "unknown": "InternalError.Timeout InternalError.SendAndRecvFail",
    "refused": """
        FailedOperation.PhoneNumberInBlacklist InvalidParameterValue.IncorrectPhoneNumber
        InvalidParameterValue.TemplateParameterFormatError""",
    "misconfigured": """
        FailedOperation.SignatureIncorrectOrUnapproved FailedOperation.TemplateUnapprovedOrNotExist
        FailedOperation.TemplateParamSetNotMatchApprovedTemplate
        FailedOperation.InsufficientBalanceInSmsPackage AuthFailure.SignatureFailure
        AuthFailure.SignatureExpire AuthFailure.SecretIdNotFound
        UnauthorizedOperation.SmsSdkAppIdVerifyFail
        UnauthorizedOperation.ServiceSuspendDueToArrears""",
}
ALIYUN: Mapping[OutcomeKind, str] = {
    "sent": "OK",
    "retry": """
        isv.BUSINESS_LIMIT_CONTROL Throttling Throttling.User Throttling.Api ServiceUnavailable""",
    # Transient by name, and nothing says that it did not go out.
    "unknown": "isp.SYSTEM_ERROR",
    "refused": """
        isv.MOBILE_NUMBER_ILLEGAL isv.BLACK_KEY_CONTROL_LIMIT isv.TEMPLATE_PARAMS_ILLEGAL
        isv.PARAM_LENGTH_LIMIT isv.SMS_CONTENT_ILLEGAL""",
    "misconfigured": """
        isv.OUT_OF_SERVICE isv.AMOUNT_NOT_ENOUGH isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL
        isp.RAM_PERMISSION_DENY SignatureDoesNotMatch isv.SMS_TEMPLATE_ILLEGAL
        isv.SMS_SIGNATURE_ILLEGAL isv.TEMPLATE_MISSING_PARAMETERS isv.INVALID_JSON_PARAM""",
}
WECHAT: Mapping[OutcomeKind, str] = {
    "sent": "0",
    "retry": "-1 40001 40014 42001",
    "refused": "40003 43004 43101",
    "misconfigured": "40037 40033 45009 47003",
}
PRIVATE = "13800138000"


def list_codes(table: Mapping[OutcomeKind, str]) -> list[tuple[str, OutcomeKind]]:
    return [(code, kind) for kind, codes in table.items() for code in codes.split()]


def read_tencent(code: str, *, is_call_error: bool = False) -> Outcome:
    error = {"Code": code, "Message": f"of {PRIVATE}", "SerialNo": "1:2"}
    response = {"Error": error} if is_call_error else {"SendStatusSet": [error]}
    return tencent.parse_tencent_reply(json.dumps({"Response": response}).encode())


def read_aliyun(code: str, status: int = 200) -> Outcome:
    body = {"Code": code, "Message": f"of {PRIVATE}", "BizId": "1^0"}
    return aliyun.parse_aliyun_reply(Reply(status, {}, json.dumps(body).encode()))


@pytest.mark.parametrize(("code", "kind"), list_codes(TENCENT))
def test_code_of_tencent(code: str, kind: str) -> None:
    outcome = read_tencent(code)
    assert (outcome.kind, outcome.code) == (kind, code)
    assert PRIVATE not in outcome.detail
    assert (outcome.provider_message_id is not None) == (kind == "sent")
    if kind != "sent":
        assert read_tencent(code, is_call_error=True).kind == kind


@pytest.mark.parametrize(("code", "kind"), list_codes(ALIYUN))
def test_code_of_aliyun(code: str, kind: str) -> None:
    outcomes = [read_aliyun(code, status) for status in (200, 400, 503)]
    assert {(outcome.kind, outcome.code) for outcome in outcomes} == {(kind, code)}
    assert all(PRIVATE not in outcome.detail for outcome in outcomes)


@pytest.mark.parametrize(("code", "kind"), list_codes(WECHAT))
def test_code_of_wechat(code: str, kind: str) -> None:
    answer = {"errcode": int(code), "errmsg": f"of {PRIVATE}", "msgid": 7}
    outcome = wechat.parse_wechat_reply(json.dumps(answer).encode())
    assert (outcome.kind, outcome.code) == (kind, code)
    assert PRIVATE not in outcome.detail


def test_only_the_recipients_own_wish_blocks_his_phone() -> None:
    reads = [read_tencent(code) for code, _ in list_codes(TENCENT)]
    reads += [read_aliyun(code) for code, _ in list_codes(ALIYUN)]
    assert {outcome.code for outcome in reads if outcome.blocked} == {
        "FailedOperation.PhoneNumberInBlacklist",
        "isv.BLACK_KEY_CONTROL_LIMIT",
    }


SDK_CODES = sorted(
    str(code)
    for name, code in vars(errorcodes).items()
    if name.isupper() and not isinstance(code, dict)
)


@pytest.mark.parametrize("code", SDK_CODES)
def test_no_code_of_tencents_sdk_is_unheard(code: str) -> None:
    """An account that is out of order must not leave every message with a person."""
    outcome = read_tencent(code)
    assert outcome.kind != "sent"
    assert outcome.kind != "unknown" or code.startswith("InternalError.")


# --- Aliyun's own SDK -----------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=60)
@given(st.dictionaries(st.text("abcXYZ", min_size=1, max_size=6), texts, min_size=1), texts)
def test_we_sign_as_aliyuns_sdk_signs(query: dict[str, str], key: str) -> None:
    headers = make_headers("dysmsapi.aliyuncs.com", "SendSms", "2017-05-25", "2026-01-15T10:30:00Z")
    request = DaraRequest()
    request.method, request.query, request.headers = "POST", query, headers
    judged = Utils.get_authorization(
        request, "ACS3-HMAC-SHA256", headers["x-acs-content-sha256"], "LTAI", key
    )
    assert aliyun.sign_aliyun("LTAI", key, query, headers)[1] == judged


async def test_aliyuns_own_sdk_is_served_as_by_aliyun() -> None:
    request = SendSmsRequest(
        phone_numbers=PRIVATE,
        sign_name=SETTINGS.tencent_sign_name,
        template_code="SMS_1",
        template_param=json.dumps({"v1": "0A1B2C", "v2": "已受理 *~+"}),
        out_id=NONCE,
    )
    runtime = RuntimeOptions(autoretry=False)
    async with run_simulators(replace(SETTINGS)) as url:
        client = open_sdk(url, SETTINGS.aliyun_key_secret)
        answer = await asyncio.to_thread(client.send_sms_with_options, request, runtime)
        assert answer.body is not None
        assert (answer.body.code, bool(answer.body.biz_id)) == ("OK", True)
        stranger = open_sdk(url, "another")
        with pytest.raises(ClientException) as refused:
            await asyncio.to_thread(stranger.send_sms_with_options, request, runtime)
        assert refused.value.code == "SignatureDoesNotMatch"


def open_sdk(url: str, key: str) -> Client:
    return Client(
        Config(
            access_key_id=SETTINGS.aliyun_key_id,
            access_key_secret=key,
            endpoint=url.removeprefix("http://"),
            protocol="http",
        )
    )
