"""What people write: understood in any order, never guessed, never an exception."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.text import (
    NotReceived,
    OptedOut,
    Received,
    Unclear,
    Wanted,
    understand,
)
from services.intake.channels.typed_requests import make_request
from services.intake.rules import find_problems
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Channel, Kind, Need
from shared.towns import towns
from tests.intake.builders import RULES

WORDS = ("心愿", "生活物资", "200元", "茶山镇", "低保", "张三")


def wanted(text: str) -> Wanted:
    found = understand(text)
    assert isinstance(found, Wanted)
    return found


@pytest.mark.parametrize("text", ["1", "收到", "已收到", " 收到！", "１", "收到了。"])
def test_it_arrived(text: str) -> None:
    assert understand(text) == Received()


@pytest.mark.parametrize("text", ["没收到", "没有收到。", " 未收到！", "还没收到"])
def test_it_did_not_arrive(text: str) -> None:
    assert understand(text) == NotReceived()


@pytest.mark.parametrize("text", ["退订", "T", "td", "N", "R", "Ｔ", " 退订 "])
def test_no_more_messages(text: str) -> None:
    assert understand(text) == OptedOut()


@given(st.permutations(WORDS), st.sampled_from([" ", "，", "、", "  ", "\n"]))
def test_the_order_of_words_is_free(words: list[str], between: str) -> None:
    found = wanted(between.join(words))
    assert found.sure
    assert (found.kind, found.category) == (Kind.WISH, Category.SUPPLIES)
    assert found.beneficiary_class is BeneficiaryClass.SUBSISTENCE
    assert found.need == Need(unit="fen", quantity=20_000)
    assert (found.town_code, found.name) == ("441900103", "张三")


def test_words_without_spaces_are_understood() -> None:
    assert wanted("".join(WORDS)) == wanted(" ".join(WORDS))


@given(st.integers(1, 99_999_999))
def test_an_amount_is_exact_to_the_fen(fen: int) -> None:
    text = f"心愿 生活物资 {fen // 100}.{fen % 100:02d}元 茶山镇"
    assert wanted(text).need.quantity == fen


@pytest.mark.parametrize(
    ("text", "fen"),
    [("1,500元", 150_000), ("1.5万元", 1_500_000), ("２００元", 20_000), ("￥80元", 8_000)],
)
def test_amounts_as_people_write_them(text: str, fen: int) -> None:
    assert wanted(f"助学 {text} 虎门镇").need.quantity == fen


@pytest.mark.parametrize("text", ["棉被2床", "2床棉被", "两床棉被", "二床棉被"])
def test_goods_as_people_write_them(text: str) -> None:
    found = wanted(f"{text} 茶山")
    assert found.need == Need(unit="床", quantity=2, item="棉被")
    assert found.category is Category.SUPPLIES
    assert found.sure


@pytest.mark.parametrize(
    "text",
    [
        "生活物资 200元",  # no town
        "200元 茶山镇",  # no category
        "生活物资 200元 300元 茶山镇",
        "生活物资 助学 200元 茶山镇",
        "生活物资 200元 茶山镇 虎门镇",
        "生活物资 棉被2床 200元 茶山镇",
    ],
)
def test_what_is_missing_or_said_twice_is_not_sure_and_has_no_category(text: str) -> None:
    found = wanted(text)
    assert not found.sure
    assert found.category is Category.OTHER


@pytest.mark.parametrize("text", ["你好", "", "请问怎么申请", "0元 生活物资", "200"])
def test_without_amount_or_item_nothing_is_recorded(text: str) -> None:
    assert understand(text) == Unclear()


def test_a_longer_word_hides_the_shorter_one_in_it() -> None:
    found = wanted("心愿 生活物资 200元 茶山镇 低保边缘 张三")
    assert found.beneficiary_class is BeneficiaryClass.LOW_INCOME_EDGE


def test_a_town_that_is_also_a_word_counts_only_alone() -> None:
    assert wanted("中堂漏水 住房修缮 200元 茶山镇").town_code == "441900103"
    assert wanted("住房修缮 200元 中堂").town_code == "441900128"


def test_every_town_class_and_category_is_known_by_its_name() -> None:
    for (code, town), class_, category in zip(
        towns().items(), itertools.cycle(BeneficiaryClass), itertools.cycle(Category), strict=False
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
    if isinstance(found, Wanted):
        asked = make_request(found, Channel.SMS, text, phone="+8613800138000", openid=None)
        assert find_problems(RULES, asked) == () or len(text) < 4
