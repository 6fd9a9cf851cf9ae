"""What a provider would refuse to carry costs nobody his message."""

import pytest

from services.notify.channels import SMS, WECHAT, Content, Donor
from services.notify.limits import SMS_VARIABLE_MAX, WECHAT_THING_MAX
from services.notify.model import About
from services.notify.providers.protocol import find_ruling
from services.notify.providers.tencent import CODES, UNLISTED
from services.notify.templates import TEMPLATES
from services.notify.wording import format_thing, format_what
from shared.catalogue import load_catalogue
from shared.contracts.values import LABELS, Category, DonorKind
from tests.notify.decisions import REQUEST_ID


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
    "name",
    [
        *(
            "王芳13900139000",
            "茶山139oo139ooo",
            "13900l39000",
            "139OO13900O（王）",
            "商会一三九零零一三九",
        ),
        *(
            "QQ12345678",
            "0769-22830000",
            "微信13900I39000",
            "壹叁玖零零壹叁玖零零零",
            "①③⑨⓪⓪①③⑨⓪⓪⓪",
        ),
        *(
            "www.abc好人",
            "http://a.cn",
            "王芳@qq",
            "爱心.com",
            "茶山商会 a.cn",
            "${v1}先生",
            "{{thing1.DATA}}",
        ),
        *(
            "拒收请回复R",
            "慈善捐款站",
            "“爱心”协会",
            "好人《一生》平安",
            "100%果汁",
            "王,李",
            "—王—",
            "[强]爱心",
        ),
        *(
            "\u202e王芳",
            "王\u2066芳",
            "王\ufeff芳",
            "王\t芳",
            "张三\r李四",
            "A&B公司",
            "#爱心#",
            "$100",
            "王|李",
        ),
    ],
)
def test_on_wechat_too_a_name_that_says_more_is_what_he_is(name: str) -> None:
    assert len(name) <= WECHAT_THING_MAX
    assert Donor(name, DonorKind.ENTERPRISE).format_name(WECHAT_THING_MAX) == "爱心企业"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "东莞市茶山镇商会（慈善会）",
            "某某有限公司",
            "中国移动10086",
            "3M中国",
            "7-Eleven",
            "José",
            "Иван",
        ),
        *(
            "日本ラーメン",
            "한국",
            "T恤厂",
            "欧阳·娜娜",
            "Müller GmbH",
            "爱心人士 匿名",
            "苹果（中国）有限公司",
        ),
    ],
)
def test_on_wechat_a_longer_name_is_shown_as_it_is(name: str) -> None:
    assert Donor(name, DonorKind.ENTERPRISE).format_name(WECHAT_THING_MAX) == name


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


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("轮椅", "轮椅"),
        ("被子", "棉被"),
        ("给陈秀英的轮椅", "助残"),
        ("一件目录里没有的东西", "助残"),
        ("", "助残"),
    ],
)
def test_the_thing_that_was_delivered_is_named_by_the_catalogue_or_its_category(
    item: str, words: str
) -> None:
    about = About(category=Category.DISABILITY, item=item)
    content = Content(TEMPLATES["match_delivered"], REQUEST_ID, about=about)
    assert SMS.format_parameters(content)[1] == words
    assert ("thing6", words) in WECHAT.format_parameters(content)


@pytest.mark.parametrize("purpose", ["match_committed", "match_delivered"])
def test_of_money_the_sum_is_named_as_it_may_be_a_part(purpose: str) -> None:
    about = About(category=Category.DISABILITY, quantity=70_000, unit="fen")
    content = Content(TEMPLATES[purpose], REQUEST_ID, about=about)
    assert "700元" in SMS.format_parameters(content)
    assert ("thing6", "700元") in WECHAT.format_parameters(content)


def test_every_name_of_the_catalogue_is_named_or_stands_as_its_category() -> None:
    for entry in load_catalogue().entries:
        thing = format_thing(entry.name, entry.category)
        assert 0 < len(thing) <= SMS_VARIABLE_MAX


def test_a_phone_that_several_share_does_not_tell_what_is_ones_own_matter() -> None:
    for category in (Category.COUNSELLING, Category.STREET_RESCUE, Category.OTHER):
        assert format_thing("", category) == "帮助"
    assert format_thing("", Category.MEALS) == LABELS[Category.MEALS]


def test_a_thing_of_the_catalogue_is_named_where_its_request_is_of_no_category() -> None:
    """其他 says only that nobody chose one; of a matter of one's own nothing is named."""
    assert format_thing("轮椅", Category.OTHER) == "轮椅"
    assert format_thing("一件目录里没有的东西", Category.OTHER) == "帮助"
    assert format_thing("轮椅", Category.OTHER, "en") == format_what(None, "en")
    for category in (Category.COUNSELLING, Category.STREET_RESCUE):
        assert format_thing("轮椅", category) == "帮助"
