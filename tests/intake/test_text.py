"""What people write: understood in any order, never guessed, never an exception."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.text import Draft, Slot, Unclear, read_slot, understand
from services.intake.channels.typed_requests import build_typed_request
from services.intake.rules import find_problems
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Channel, Kind, Need
from shared.towns import load_towns
from tests.intake.builders import RULES

WORDS = ("心愿", "生活物资", "200元", "茶山镇", "低保", "张三")


def wanted(text: str) -> Draft:
    found = understand(text)
    assert isinstance(found, Draft)
    return found


@pytest.mark.parametrize(
    ("text", "town", "village"),
    [
        ("棉被2床 茶山镇增埗村 低保 张三", "441900103", "441900103206"),
        ("棉被2床 增埗村 低保 张三", "441900103", "441900103206"),
        ("棉被2床 上元村 低保 张三", None, None),  # of two towns: it is asked
        ("棉被2床 东城街道增埗村 低保 张三", "441900003", None),
        ("棉被2床 全市 低保 张三", "441900000", None),
        ("棉被2床 441900103206 低保 张三", "441900103", "441900103206"),
        ("棉被2床 我住441900103 低保 张三", "441900103", None),
        ("棉被2床 茶山镇441900103206 低保 张三", "441900103", "441900103206"),
        ("求棉被2床 东城街道 441900103206 低保 张三", None, None),  # which of them is asked
        ("求棉被2床 441900999206 低保 张三", None, None),  # nobody's code
    ],
)
def test_a_village_is_a_place(text: str, town: str | None, village: str | None) -> None:
    draft = understand(text)
    assert isinstance(draft, Draft)
    assert (draft.town_code, draft.village_code, draft.name) == (town, village, "张三")


@pytest.mark.parametrize(
    ("answer", "town", "village"),
    [
        ("增埗", "441900103", "441900103206"),
        ("441900103206", "441900103", "441900103206"),
        ("我在石龙那边", "441900102", None),
        ("说不清", "441900000", None),
        ("那边", None, None),
    ],
)
def test_who_is_asked_where_may_name_a_village_or_none(
    answer: str, town: str | None, village: str | None
) -> None:
    draft = read_slot("where", answer)
    assert (draft.town_code, draft.village_code) == (town, village)


@given(st.permutations(WORDS), st.sampled_from([" ", "，", "、", "  ", "\n"]))
def test_the_order_of_words_is_free(words: list[str], between: str) -> None:
    found = wanted(between.join(words))
    assert found.missing == ()
    assert (found.kind, found.category) == (Kind.WISH, Category.SUPPLIES)
    assert found.beneficiary_class is BeneficiaryClass.SUBSISTENCE
    assert found.need == Need(unit="fen", quantity=20_000)
    assert (found.town_code, found.name) == ("441900103", "张三")


def test_words_without_spaces_are_understood() -> None:
    assert wanted("".join(WORDS)) == wanted(" ".join(WORDS))


@given(st.integers(1, 99_999_999))
def test_an_amount_is_exact_to_the_fen(fen: int) -> None:
    text = f"心愿 生活物资 {fen // 100}.{fen % 100:02d}元 茶山镇"
    assert wanted(text).need == Need(unit="fen", quantity=fen)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1,500元", 150_000),
        ("1.5万元", 1_500_000),
        ("２００元", 20_000),
        ("￥80元", 8_000),
        ("三百元", 30_000),
        ("一千五百块", 150_000),
        ("两万元整", 2_000_000),
        ("十元", 1_000),
        ("1500蚊", 150_000),
        ("三百蚊", 30_000),
        ("一千五元", 150_000),
        ("一百零五元", 10_500),
    ],
)
def test_amounts_as_people_write_them(text: str, fen: int) -> None:
    assert wanted(f"助学 {text} 虎门镇").need == Need(unit="fen", quantity=fen)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("2千元", 200_000),
        ("3百元", 30_000),
        ("0.5万", 500_000),
        ("1w元", 1_000_000),
        ("5k元", 500_000),
        ("￥300", 30_000),
        ("¥1,200", 120_000),
        ("人民币500", 50_000),
        ("500RMB", 50_000),
        ("壹佰元整", 10_000),
        ("贰仟伍佰元", 250_000),
        ("1,000,000元", 100_000_000),
        ("2,000.50元", 200_050),
        ("1500 元", 150_000),
        ("兩百塊", 20_000),
        ("大概1000元左右", 100_000),
    ],
)
def test_amounts_as_some_people_write_them(text: str, fen: int) -> None:
    assert wanted(f"助学 {text} 虎门镇").need == Need(unit="fen", quantity=fen)


@pytest.mark.parametrize(
    "text",
    [
        "2000-3000元",
        "2000到3000元",
        "¥2000-3000",
        "三到五百元",
        "三五百元",
        "几百块钱",
        "好几百块",
        "上百元",
        "3000多块",
        "三千多块",
        "3000余元",
        "200,50元",
        "2E+05元",
        "1.255元",
        "0元",
        "负200元",
        "2千5百元",
        "200元5角",
        "一千元五角",
        "500港币",
        "$500",
        "500美元",
        "二百五",
    ],
)
def test_an_amount_that_is_not_certain_is_asked_for(text: str) -> None:
    found = wanted(f"助学 {text} 虎门镇")
    assert (found.need, found.missing[0]) == (None, "what")


@pytest.mark.parametrize(
    ("text", "need"),
    [
        ("帮我老爸申请拐杖两支", Need(unit="支", quantity=2, item="拐杖")),
        ("低保户黄伯需要轮椅2辆", Need(unit="辆", quantity=2, item="轮椅")),
        ("小孩奶粉两罐", Need(unit="罐", quantity=2, item="奶粉")),
        ("求给老人尿不湿3包", Need(unit="包", quantity=3, item="尿不湿")),
        ("一袋米", Need(unit="袋", quantity=1, item="米")),
        ("大米50kg", Need(unit="公斤", quantity=50, item="大米")),
        ("大米 50 KG", None),  # asked for
        ("輪椅一部", Need(unit="部", quantity=1, item="轮椅")),
        ("２床棉被", Need(unit="床", quantity=2, item="棉被")),
        ("想要一架轮椅", Need(unit="架", quantity=1, item="轮椅")),
        ("我想要個助聽器", Need(unit="个", quantity=1, item="助听器")),
    ],
)
def test_things_as_some_people_write_them(text: str, need: Need | None) -> None:
    found = understand(f"{text} 茶山鎮")
    assert (found.need if isinstance(found, Draft) else None) == need


def test_traditional_letters_are_read() -> None:
    found = wanted("棉被兩床 生活物資 茶山鎮增埗村 殘疾人 張三")
    assert (found.town_code, found.village_code) == ("441900103", "441900103206")
    assert (found.name, found.beneficiary_class) == ("张三", BeneficiaryClass.DISABLED)


@pytest.mark.parametrize("text", ["求帮助！", "我需要帮助", "怎样才能得到帮助", "我想申请"])
def test_who_wants_help_and_says_no_more_is_asked_what(text: str) -> None:
    assert wanted(text).missing == ("what", "where", "whom")


@pytest.mark.parametrize("text", ["棉被2床", "2床棉被", "两床棉被", "二床棉被", "求两床棉被"])
def test_goods_as_people_write_them(text: str) -> None:
    found = wanted(f"{text} 茶山")
    assert found.need == Need(unit="床", quantity=2, item="棉被")
    assert found.category is Category.SUPPLIES
    assert found.missing == ("whom",)


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("生活物资 200元 张三", "where"),
        ("200元 茶山镇 我叫张三", "what"),  # what for
        ("生活物资 200元 300元 茶山镇 张三", "what"),
        ("生活物资 助学 200元 茶山镇 张三", "what"),
        ("生活物资 200元 茶山镇 虎门镇 张三", "where"),
        ("生活物资 棉被2床 200元 茶山镇 张三", "what"),
        ("生活物资 200元 茶山镇", "whom"),
        ("家里老人瘫痪，求一辆轮椅，茶山镇", "whom"),
        ("生活物资 三百元 茶山镇", "whom"),
    ],
)
def test_what_is_missing_or_said_twice_is_asked_for(text: str, slot: Slot) -> None:
    assert wanted(text).missing == (slot,)


@pytest.mark.parametrize(
    ("text", "need"),
    [
        ("家里老人瘫痪，求一辆轮椅，茶山镇", Need(unit="辆", quantity=1, item="轮椅")),
        ("母亲听不见，想申请助听器", Need(unit="个", quantity=1, item="助听器")),
        ("屋顶漏水，请帮忙修房，石排镇", Need(unit="次", quantity=1, item="住房修缮")),
        ("屋顶漏雨，落雨就湿，求帮忙，厚街镇", Need(unit="次", quantity=1, item="住房修缮")),
        ("求助：尿不湿两包，石排", Need(unit="包", quantity=2, item="尿不湿")),
        ("急需手术费5000元", Need(unit="fen", quantity=500_000)),
        ("女儿读高一，学费差两千，能不能帮一下", Need(unit="fen", quantity=200_000)),
        ("想给老人要张护理床", Need(unit="张", quantity=1, item="护理床")),
        ("尿片用完了 想要2包成人纸尿裤 樟木头", Need(unit="包", quantity=2, item="成人纸尿裤")),
        ("我爸瘸了脚，想要一副拐杖，可以帮忙吗", Need(unit="副", quantity=1, item="拐杖")),
    ],
)
def test_plain_words_say_what_is_needed(text: str, need: Need) -> None:
    assert wanted(text).need == need


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("家里没米了", Category.SUPPLIES),
        ("冇米落锅喇，帮下我哋啦 万江", Category.SUPPLIES),
        ("阿爷日日一个人喺屋企，冇人煮饭", Category.MEALS),
        ("透析每个月要3000多，撑不住了", Category.MEDICAL),
        ("想问下有冇旧衣服可以领", Category.SUPPLIES),
        ("想申请临时救助", None),
        ("请问怎么求助", None),
    ],
)
def test_who_says_what_is_lacking_is_asked_how_much(text: str, category: Category | None) -> None:
    draft = wanted(text)
    assert (draft.category, draft.need, draft.missing[0]) == (category, None, "what")


@pytest.mark.parametrize("text", ["助学 两三百元 虎门镇", "助学 三四千块 虎门镇"])
def test_of_two_sums_none_is_guessed(text: str) -> None:
    assert wanted(text).need is None


@pytest.mark.parametrize(
    "text",
    [
        "没收到500元",
        "谢谢你们的200元",
        "不需要200元了",
        "2床棉被收到了",
        "收到通知了，200元",
        "我要一个说法，茶山镇",
        "工资被拖欠5000元，茶山镇",
        "请问低保申请要什么材料，茶山镇",
        "小区物业乱收费200元，茶山镇",
    ],
)
def test_what_asks_for_no_help_is_no_request(text: str) -> None:
    assert not isinstance(understand(text), Draft)


@pytest.mark.parametrize(
    ("slot", "text", "field", "value"),
    [
        ("whom", "张三", "name", "张三"),
        ("whom", "我叫张三", "name", "张三"),
        ("whom", "我妈妈王芳", "name", "王芳"),
        ("whom", "给我爸李国强申请", "name", "李国强"),
        ("whom", "谢谢", "name", None),
        ("whom", "谢小明", "name", "谢小明"),
        ("whom", "本人", "name", None),
        ("whom", "爸爸 黄树根", "name", "黄树根"),
        ("whom", "阿婆叫周带好", "name", "周带好"),
        ("whom", "替邻居欧阳丽霞申请的", "name", "欧阳丽霞"),
        ("whom", "不知道", "name", None),
        ("where", "茶山", "town_code", "441900103"),
        ("where", "我在石龙那边", "town_code", "441900102"),
        ("where", "广东省东莞市茶山镇茶山大道1号", "town_code", "441900103"),
        ("where", "深圳", "town_code", None),
        ("what", "轮椅一辆", "need", Need(unit="辆", quantity=1, item="轮椅")),
        ("what", "随便", "need", None),
        ("what", "5000", "need", Need(unit="fen", quantity=500_000)),
        ("what", "大概一千五左右", "need", Need(unit="fen", quantity=150_000)),
        ("what", "两三千", "need", None),
    ],
)
def test_an_answer_to_one_question(slot: Slot, text: str, field: str, value: object) -> None:
    assert getattr(read_slot(slot, text), field) == value


def test_a_later_word_fills_what_is_missing_and_changes_nothing() -> None:
    first = wanted("家里老人瘫痪，求一辆轮椅，茶山镇")
    whole = first.fill(read_slot("whom", "张三，石龙镇，低保"))
    assert (whole.missing, whole.name, whole.town_code) == ((), "张三", "441900103")
    assert whole.beneficiary_class is BeneficiaryClass.SUBSISTENCE


@pytest.mark.parametrize("text", ["你好", "", "请问怎么申请", "0元 生活物资", "200"])
def test_without_amount_or_item_nothing_is_recorded(text: str) -> None:
    assert understand(text) == Unclear()


def test_a_longer_word_hides_the_shorter_one_in_it() -> None:
    found = wanted("心愿 生活物资 200元 茶山镇 低保边缘 张三")
    assert found.beneficiary_class is BeneficiaryClass.LOW_INCOME_EDGE


@pytest.mark.parametrize(
    ("text", "beneficiary_class"),
    [
        ("心愿 生活物资 低保 残疾 茶山镇 张三 棉被2床", BeneficiaryClass.SUBSISTENCE),
        ("茶山镇 我叫张三，本人残疾，家里低保，求助轮椅1辆", BeneficiaryClass.DISABLED),
        ("群众 独居老人 心愿 生活物资 茶山镇 张三 棉被2床", BeneficiaryClass.ELDERLY_ALONE),
        ("没有低保，茶山镇，我叫张三，想要棉被2床", BeneficiaryClass.GENERAL),
        ("我不是低保户，残疾，茶山镇，我叫张三，想要轮椅1辆", BeneficiaryClass.DISABLED),
        ("低保边缘，没评上低保，茶山镇，我叫张三，求棉被1床", BeneficiaryClass.LOW_INCOME_EDGE),
    ],
)
def test_of_several_classes_the_first_is_declared_and_what_is_denied_is_not(
    text: str, beneficiary_class: BeneficiaryClass
) -> None:
    found = wanted(text)
    assert (found.beneficiary_class, found.name) == (beneficiary_class, "张三")


def test_a_town_that_is_also_a_word_counts_only_alone() -> None:
    assert wanted("中堂漏水 住房修缮 200元 茶山镇").town_code == "441900103"
    assert wanted("住房修缮 200元 中堂").town_code == "441900128"


def test_every_town_class_and_category_is_known_by_its_name() -> None:
    for (code, town), class_, category in zip(
        load_towns().items(),
        itertools.cycle(BeneficiaryClass),
        itertools.cycle(Category),
        strict=False,
    ):
        found = wanted(f"{LABELS[category]} {town} {LABELS[class_]} 200元")
        assert (found.town_code, found.beneficiary_class) == (code, class_)
        assert found.category is category


@given(st.text(max_size=80))
def test_nothing_that_is_written_raises(text: str) -> None:
    understand(text)


_PIECES = st.sampled_from(
    [*WORDS, "棉被2床", "微实事", "5万元", "13800138000", "我叫王五", "，", "r"]
)


@given(st.lists(_PIECES, max_size=8).map("".join))
def test_what_is_understood_is_always_a_request_the_rules_accept(text: str) -> None:
    found = understand(text)
    if isinstance(found, Draft) and not found.missing:
        asked = build_typed_request(found, Channel.SMS, text, phone="+8613800138000", openid=None)
        assert find_problems(RULES, asked) == () or len(text) < 4
