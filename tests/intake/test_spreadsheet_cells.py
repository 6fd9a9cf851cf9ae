"""Cells of a sheet of requests, read as people write them."""

import pytest

from shared.contracts.values import Need
from tests.intake.sheets import GOOD, good, refused


@pytest.mark.parametrize(
    ("amount", "fen"),
    [
        ("￥200", 20_000),
        ("2万元", 2_000_000),
        ("300元整", 30_000),
        ("人民币200元", 20_000),
        ("１，０００", 100_000),
        ("三百元", 30_000),
    ],
)
def test_an_amount_is_read_as_people_write_it(amount: str, fen: int) -> None:
    assert good(GOOD | {"金额": amount}).request.need.quantity == fen


@pytest.mark.parametrize(
    "phone",
    [
        "\u202d13800138000\u202c",
        "13800138000\u200b",
        "138\u20110013\u20118000",
        "１３８００１３８０００",
        "（86）13800138000",
        "008613800138000",
        '="13800138000"',
        "'13800138000",
        "17951 13800138000",
    ],
)
def test_a_phone_is_read_as_people_write_it(phone: str) -> None:
    assert good(GOOD | {"手机": phone}).request.applicant.phone == "+8613800138000"


def test_a_word_for_no_phone_is_none() -> None:
    request = good(GOOD | {"手机": "无", "收集人": "C-01"}).request
    assert (request.applicant.phone, request.collector_id) == (None, "C-01")


def test_items_and_units_are_folded_before_they_are_compared() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"}
    row |= {"物品": "Ａ4纸　", "数量": "２", "单位": " 包\u200b"}
    assert good(row).request.need == Need(unit="包", quantity=2, item="A4纸")


def test_a_fraction_of_a_thing_is_refused() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"} | {"数量": "1,5", "单位": "床"}
    assert [problem.code for problem in refused(row).problems] == ["quantity_wrong"]


def test_money_may_be_counted_in_ten_thousands_and_soap_in_pieces() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"} | {"数量": "2"}
    assert good(row | {"单位": "万元"}).request.need.quantity == 2_000_000
    soap = good(row | {"单位": "块", "物品": "香皂"}).request.need
    assert soap == Need(unit="块", quantity=2, item="香皂")


def test_an_amount_in_another_currency_is_refused() -> None:
    row = refused(GOOD | {"币种": "HKD"})
    assert [problem.code for problem in row.problems] == ["currency_foreign"]
    assert good(GOOD | {"币种": "人民币"}).key == good(GOOD).key


def test_a_village_code_that_lost_its_digits_is_no_name() -> None:
    row = refused(GOOD | {"村居": "4.419E+11"})
    assert [problem.code for problem in row.problems] == ["village_unknown"]


GOODS = {k: v for k, v in GOOD.items() if k != "金额"}


@pytest.mark.parametrize(
    ("quantity", "unit", "need"),
    [
        ("2床", "", Need(unit="床", quantity=2, item="棉被")),
        ("两床", "", Need(unit="床", quantity=2, item="棉被")),
        ("两", "床", Need(unit="床", quantity=2, item="棉被")),
        ("２ 床", "床", Need(unit="床", quantity=2, item="棉被")),
        ("1,000", "件", Need(unit="件", quantity=1000, item="棉被")),
    ],
)
def test_a_quantity_may_say_its_unit(quantity: str, unit: str, need: Need) -> None:
    row = GOODS | {"物品": "棉被", "数量": quantity, "单位": unit}
    assert good(row).request.need == need


@pytest.mark.parametrize(
    "changed",
    [
        {"数量": "2条", "单位": "床"},
        {"数量": "2-3床"},
        {"数量": "若干"},
        {"数量": "约2床"},
        {"数量": "几"},
    ],
)
def test_a_quantity_that_is_not_certain_is_refused(changed: dict[str, str]) -> None:
    row = GOODS | {"物品": "棉被", "单位": "床"} | changed
    assert {problem.field for problem in refused(row).problems} == {"quantity"}


@pytest.mark.parametrize("amount", ["", "无", "/", "-", "0", "0.00", "暂无"])
def test_no_amount_beside_goods_costs_nothing(amount: str) -> None:
    row = GOOD | {"金额": amount, "物品": "棉被", "数量": "2", "单位": "床"}
    assert good(row).request.need == Need(unit="床", quantity=2, item="棉被")


def test_a_sum_and_goods_are_not_guessed_between() -> None:
    row = GOOD | {"物品": "棉被", "数量": "2", "单位": "床"}
    assert [problem.code for problem in refused(row).problems] == ["need_twice"]


def test_a_row_that_asks_for_nothing_says_how_to_ask() -> None:
    assert [problem.code for problem in refused(GOODS).problems] == ["need_missing"]
    foreign = GOODS | {"金额(万元)": "0.02"}
    assert [problem.code for problem in refused(foreign).problems] == ["need_missing"]


@pytest.mark.parametrize(
    "state", ["已撤销", "已办结", "完成", "不同意", "审核不通过", "作废", "已对接完成", "已去世"]
)
def test_what_is_over_is_not_recorded_anew(state: str) -> None:
    row = GOOD | {"办理状态": state}
    assert [problem.code for problem in refused(row).problems] == ["row_ended"]


@pytest.mark.parametrize(
    "state",
    [
        "",
        "无",
        "待办理",
        "待审批",
        "未对接",
        "办理中",
        "新增",
        "审核通过",
        "已审核",
        "有效",
        "正常",
    ],
)
def test_what_waits_is_recorded(state: str) -> None:
    assert good(GOOD | {"办理状态": state, "婚姻状态": "离异"})


@pytest.mark.parametrize(
    ("town", "code", "village"),
    [
        ("茶山鎮", "441900103", None),
        ("茶山镇增埗村", "441900103", "441900103206"),
        ("石龙镇（兴龙社区）", "441900102", "441900102006"),
        ("东莞市茶山镇人民政府", "441900103", None),
        (" 茶 山 ", "441900103", None),
    ],
)
def test_a_town_is_read_as_clerks_write_it(town: str, code: str, village: str | None) -> None:
    area = good(GOOD | {"镇街": town}).request.area
    assert (area.town_code, area.village_code) == (code, village)


@pytest.mark.parametrize("town", ["长安镇/虎门镇", "茶山镇、石龙镇", "广州市", "茶", "441900"])
def test_a_town_that_is_not_certain_is_refused(town: str) -> None:
    assert [problem.code for problem in refused(GOOD | {"镇街": town}).problems] == ["town_unknown"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(("低保对象", "subsistence"), ("城乡低保", "subsistence"), ("低邊戶", "low_income_edge")),
        *(("特困供养人员", "extreme_poverty"), ("支出型困难家庭", "temporary_hardship")),
        *(
            ("外来务工人员", "migrant_worker"),
            ("孤寡老人", "elderly_alone"),
            ("高龄", "elderly_alone"),
        ),
        *(("重残", "disabled"), ("残疾人一级", "disabled"), ("殘障人士", "disabled")),
        *(("事实无人抚养儿童", "child"), ("退伍军人", "veteran"), ("军烈属", "veteran")),
        *(("普通群众", "general"), ("一般", "general"), ("无", "general")),
    ],
)
def test_a_class_is_read_as_clerks_write_it(written: str, code: str) -> None:
    assert good(GOOD | {"困难类别": written}).request.beneficiary_class == code


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ("低保、残疾", "subsistence", "低保、残疾"),
        ("残疾人 / 低保户", "disabled", "残疾人、低保户"),
        ("低保，\n独居老人；重残", "subsistence", "低保、独居老人、重残"),
        ("一般群众和残疾(一级)", "disabled", "一般群众、残疾(一级)"),
        ("低保\n残疾", "subsistence", "低保、残疾"),
        ("普通、居民", "general", "普通、居民"),
    ],
)
def test_of_several_classes_the_first_counts_and_each_is_in_the_text(
    written: str, code: str, said: str
) -> None:
    request = good(GOOD | {"困难类别": written}).request
    assert request.beneficiary_class == code
    assert f"困难类别：{said}" in request.text.splitlines()
    assert "困难类别" not in good(GOOD).request.text


@pytest.mark.parametrize("written", ["低保/张三", "低保残疾人", "、", "不清楚", "张三"])
def test_a_class_that_is_not_certain_is_refused(written: str) -> None:
    assert [each.code for each in refused(GOOD | {"困难类别": written}).problems] == [
        "word_unknown"
    ]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(("物资类", "supplies"), ("日用品", "supplies"), ("看病", "medical"), ("大病", "medical")),
        *(("学习用品", "education"), ("辅具", "disability"), ("家政", "home_care")),
        *(("保洁", "home_care"), ("适老化", "home_adaptation"), ("工作", "employment")),
        *(("路灯", "public_works"), ("道路", "public_works"), ("托管", "after_school")),
        *(("醫療救助", "medical"), ("生活 物資", "supplies"), ("心理", "counselling")),
    ],
)
def test_a_category_is_read_as_clerks_write_it(written: str, code: str) -> None:
    assert good(GOOD | {"类别": written}).request.category == code


@pytest.mark.parametrize("written", ["现金", "资金", "临时救助", "物资和医疗", "路灯和轮椅"])
def test_a_category_that_is_not_certain_is_refused(written: str) -> None:
    assert [each.code for each in refused(GOOD | {"类别": written}).problems] == ["word_unknown"]
