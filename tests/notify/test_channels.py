"""What a provider would refuse to carry costs nobody his message."""

import pytest

from services.notify.channels import Donor
from services.notify.limits import SMS_VARIABLE_MAX
from services.notify.providers.protocol import find_ruling
from services.notify.providers.tencent import CODES, UNLISTED
from shared.contracts.values import DonorKind


@pytest.mark.parametrize("name", ["王芳", "茶山商会", "A4纸业", "阿·不都", "陈（小）", "Lee"])
def test_a_name_is_shown_as_it_is(name: str) -> None:
    assert Donor(name, DonorKind.INDIVIDUAL).format_name(SMS_VARIABLE_MAX) == name


@pytest.mark.parametrize(
    "name",
    [
        *("王💖", "【茶山】", "a.cn", "http:", "甲\n乙", "★福★", "￥福", "·", "", None),
        *(
            "1390013",
            "一三九〇〇一三",
            "募捐会",
            "捐款箱",
            "拒收回R",
            "退订",
            "<b>",
            "{1}",
            "张三！",
        ),
        *("AT&T", "张、李", "张/李", "%s", "王\u200b芳", "王😀", "￥100", "张_+李", "“福”", "#福"),
    ],
)
def test_a_name_that_no_sms_carries_is_what_he_is(name: str | None) -> None:
    shown = Donor(name, DonorKind.ENTERPRISE).format_name(SMS_VARIABLE_MAX)
    assert shown == "爱心企业"


@pytest.mark.parametrize(
    "code",
    [
        "InvalidParameterValue.TemplateParameterFormatError",
        "InvalidParameterValue.TemplateParameterLengthLimit",
    ],
)
def test_what_one_message_says_is_not_the_accounts_fault(code: str) -> None:
    assert find_ruling(CODES, code, UNLISTED).kind == "refused"
    assert find_ruling(CODES, "InvalidParameterValue.Other", UNLISTED).kind == "misconfigured"
