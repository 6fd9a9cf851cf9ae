"""Whose name a text says: nobody is called by what he is, where he lives, or what he answers."""

import pytest

from services.intake.channels.text import Draft, read_slot, understand
from shared.contracts.values import BeneficiaryClass
from shared.towns import town_name

NAMED = {
    "我叫张伟，低保户，求书包一个，茶山镇": "张伟",
    "申请人：欧阳修文 轮椅一辆 茶山镇": "欧阳修文",
    "姓名：买买提 求轮椅一辆 茶山镇": "买买提",
    "我是李和平，求轮椅一辆，茶山镇": "李和平",
    "我就是赵铁柱，求轮椅一辆，茶山镇": "赵铁柱",
    "心愿：学习桌一张 万江街道 低保边缘 何小明": "何小明",
    "细路仔叫张小明，求书包一个，茶山镇": "张小明",
    "我妈妈叫陈阿妹，求轮椅一辆，茶山镇": "陈阿妹",
    "求轮椅一辆，茶山镇，我妈妈的名字叫陈阿妹": "陈阿妹",
}
NAMELESS = (
    "残疾人|退伍军人|孤儿|单亲妈妈|外地人|他女儿|茶山人|网格员|新来的|低保|低保户|五保户|一个老人|独居老人"
    "|农民|学生|打工的|租客|村民代表|工人|湖南人|患者家属|石龙人|江西人|钟点工|高中生|王芳的女儿|代办人|高血压|江西|金牌司机|石匠"
)


@pytest.mark.parametrize(("text", "name"), NAMED.items())
def test_who_says_his_name_is_called_so(text: str, name: str) -> None:
    draft = understand(text)
    assert isinstance(draft, Draft)
    assert draft.name == name


@pytest.mark.parametrize("what", NAMELESS.split("|"))
def test_what_somebody_is_names_nobody(what: str) -> None:
    draft = understand(f"我是{what}，求轮椅一辆，茶山镇")
    assert isinstance(draft, Draft)
    assert draft.missing == ("whom",)


@pytest.mark.parametrize(
    "text",
    [
        *("申请人是我妈妈，求轮椅一辆，茶山镇", "姓名是保密，求轮椅，茶山镇"),
        *("我妈妈叫王师傅来修，求轮椅一辆，茶山镇", "老公叫我来的，求轮椅一辆，茶山镇"),
    ],
)
def test_what_is_written_for_a_name_and_is_none_is_asked_for(text: str) -> None:
    draft = understand(text)
    assert isinstance(draft, Draft)
    assert draft.missing == ("whom",)


def test_the_class_that_somebody_says_he_is_counts() -> None:
    draft = understand("我是低保户，求轮椅一辆，茶山镇")
    assert isinstance(draft, Draft)
    assert draft.beneficiary_class is BeneficiaryClass.SUBSISTENCE


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("我是他邻居，他叫陈伯", "陈伯"),
        ("细路仔叫张小明", "张小明"),
        ("細路仔叫張小明", "张小明"),
        ("我妈妈的名字叫陈阿妹", "陈阿妹"),
        ("小孩叫张小明，5岁", "张小明"),
        ("名字系陈阿妹", "陈阿妹"),
        ("我系张三", "张三"),
        ("我妈妈今年70岁，叫陈阿妹", "陈阿妹"),
        ("我是低保户王芳", "王芳"),
        ("我奶奶，叫陈玉兰", "陈玉兰"),
        ("我妈（王芳）", "王芳"),
        ("王芳（我妈）", "王芳"),
        ("李和平", "李和平"),
        ("王根生", "王根生"),
        ("刘奶奶", "刘奶奶"),
        ("陈嫂子", "陈嫂子"),
        ("江南", "江南"),
        ("单伟", "单伟"),
        ("陈可以", "陈可以"),
        ("买买提江", "买买提江"),
        ("张三，男，78岁", "张三"),
    ],
)
def test_an_answer_names_a_person(answer: str, name: str) -> None:
    assert read_slot("whom", answer).name == name


NOBODY = (
    "我是退伍军人|我姓王|保密|匿名|取消|全家|我和我老婆|茶山镇增埗村|增埗村|茶山人|我妈|老人家"
    "|我叫张三，我妈妈叫陈阿妹|妈妈叫我来的|孩子叫得很厉害|大家叫我张姨|两个人，张三和李四|什么意思|你好|可以|好的|明天|随便|某某|公司|单位|学校|湖南|江西|大伯|我岳母|我嫂子|王姓老人"
)


@pytest.mark.parametrize("answer", NOBODY.split("|"))
def test_an_answer_without_a_name_names_nobody(answer: str) -> None:
    assert read_slot("whom", answer).name is None


@pytest.mark.parametrize(
    ("text", "quantity", "name"),
    [
        ("2 袋大米，虎门镇", 2, None),
        ("需要 2 袋大米，虎门镇", 2, None),
        ("3 床棉被，虎门镇，张三", 3, "张三"),
        ("两 袋大米，虎门镇", 2, None),
    ],
)
def test_a_blank_behind_a_number_loses_no_number(
    text: str, quantity: int, name: str | None
) -> None:
    draft = understand(text)
    assert isinstance(draft, Draft)
    assert draft.need
    assert (draft.need.quantity, draft.name) == (quantity, name)


@pytest.mark.parametrize(
    ("name", "town"), [("Li Hongmei", "茶山"), ("Fan Li", "茶山"), ("Li Mei Fan", "茶山")]
)
def test_towns_and_things_are_names_in_english_too(name: str, town: str) -> None:
    draft = understand(f"2 quilts, Chashan, NAME {name}")
    assert isinstance(draft, Draft)
    assert draft.name == name
    assert draft.town_code
    assert town_name(draft.town_code).startswith(town)
