"""Who wants no more messages is obeyed, and whatever else he says is read by a person."""

import pytest

from services.intake.channels.answers import Sense, read_answer

STOPS = (
    "请帮我退订|帮忙退订一下|把我拉黑|请把我移出名单|不接收|回复T|别发这些东西了|发微信就行，别发短信"
    "|请把我的号码从系统中删掉|烦死了，不要再来短信|谢谢不用再通知了"
    "|please stop sending me messages|NO MORE|老人不会看短信，别发了"
    "|我要求停止接收所有短信|退\u200b订|退 订"
    "|唔好再发短信俾我|唔好再發短信畀我|咪再发|停啦|停吧"
)
# Less of something else, or otherwise: their notices must not stop for it.
NO_STOPS = (
    "不要再发旧衣服了|不要再发棉被了，够了|别发米了|不要发给我，发给我女儿|别发给我妈，发给我|晚上不要发短信"
    "|不要半夜发短信|中午别发短信|不要打电话，发短信就行|请社工帮老人退订牛奶"
    "|之前退订错了|不要发短信给我女儿"
)
MORE = (
    "收到了，退订|1 退订|没收到，退订|退订我的申请|不要再发了，东西已经收到"
    "|机主已去世，请勿再发|我已经换号了，别发这里"
    "|我不是张三，别再发|不用发了，已收到"
    "|退订，我要钱|退订 我想要轮椅|请不要再发送，我不需要帮助了|取消我的申请，别再发短信"
    "|不用再发了，送错人了"
    "|不要再通知了，东西坏了|不要再来短信了，老人走了|老人没了，别发了|退订，他已身故|我住院了，别发"
)


@pytest.mark.parametrize("text", STOPS.split("|"))
def test_who_wants_no_more_is_obeyed(text: str) -> None:
    answer = read_answer(text)
    assert (answer.sense, answer.says_more) == (Sense.STOP, False)


@pytest.mark.parametrize("text", NO_STOPS.split("|"))
def test_who_wants_less_of_something_else_still_gets_notices(text: str) -> None:
    assert read_answer(text).sense is not Sense.STOP


@pytest.mark.parametrize("text", ["不用短信，打电话", "以后有事打电话，短信别发"])
def test_who_wants_a_call_instead_is_called(text: str) -> None:
    assert read_answer(text).sense is Sense.CALL


@pytest.mark.parametrize("text", MORE.split("|"))
def test_what_is_said_beside_it_is_read_by_a_person(text: str) -> None:
    answer = read_answer(text)
    assert (answer.sense, answer.says_more) == (Sense.STOP, True)


def test_a_leak_is_no_part_of_a_delivery() -> None:
    assert read_answer("屋漏水漏到床都湿晒").sense is Sense.UNKNOWN
    assert read_answer("漏了一床被没到").sense is Sense.PARTLY
