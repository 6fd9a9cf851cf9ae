"""The wish that a conversation may be: the fields of the form, each with the words it is from."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.conversations import WrittenLine, read_wish
from tests.intake.builders import CHASHAN
from tests.support.examples import count_examples


def test_what_a_dialogue_read_fills_the_form_with_the_words_it_is_from() -> None:
    lines = (
        WrittenLine("家里老人瘫痪，求一辆轮椅", answer="where"),
        WrittenLine("茶山那边", answer="whom"),
        WrittenLine("我妈妈王芳", answer="unread"),
    )
    wish = read_wish(lines)
    assert wish.values == {
        "category": "disability",
        "item": "轮椅",
        "quantity": "1",
        "unit": "辆",
        "town": CHASHAN,
        "name": "王芳",
    }
    assert wish.words == {
        "category": "求一辆轮椅",
        "item": "求一辆轮椅",
        "quantity": "求一辆轮椅",
        "unit": "求一辆轮椅",
        "town": "茶山那边",
        "name": "我妈妈王芳",
    }


@pytest.mark.parametrize(
    ("texts", "field", "value", "words"),
    [
        (("轮椅", "惠州", "茶山那边"), "town", CHASHAN, "茶山那边"),
        (("学费3000块交不起，虎门", "张三"), "name", "张三", "张三"),
        (("学费3000块交不起，虎门",), "amount", "3000.00", "学费3000块交不起"),
        (("棉被", "2床"), "quantity", "2", "2床"),
        (("2床棉被，茶山镇，我叫李桂芳", "不是，叫王五"), "name", "李桂芳", "我叫李桂芳"),
    ],
)
def test_pieces_that_no_rule_made_a_request_of_are_read_in_order(
    texts: tuple[str, ...], field: str, value: str, words: str
) -> None:
    wish = read_wish([WrittenLine(text) for text in texts])
    assert (wish.values[field], wish.words[field]) == (value, words)


def test_a_place_that_was_sent_says_the_town() -> None:
    wish = read_wish([WrittenLine("", label="广东省东莞市茶山镇某路1号")])
    assert wish.values["town"] == CHASHAN


@given(st.lists(st.builds(WrittenLine, st.text(max_size=40), answer=st.sampled_from(["", "what"]))))
@settings(max_examples=count_examples(30, 500), deadline=None)
def test_whatever_was_written_each_field_has_its_words(lines: list[WrittenLine]) -> None:
    wish = read_wish(lines)
    assert wish.values.keys() == wish.words.keys()
