"""What somebody adds right after his request was recorded, or corrects of it: it goes with that."""

from collections.abc import Iterator

import pytest

from services.intake.channels.spoken_places import SpokenPlace
from services.intake.channels.text import understand
from services.intake.model import MessageKind
from shared.contracts.events import MessageAnswered, ReplyUnderstood
from shared.contracts.values import Channel
from shared.references import format_reference
from tests.intake.door import Door, reads_in_memory

HOUJIE, SHIJIE = "441900122", "441900101"
ASKED = "求轮椅1辆，虎门镇，张三"


@pytest.fixture(autouse=True)
def _in_memory() -> Iterator[None]:
    with reads_in_memory():
        yield


@pytest.mark.parametrize("written", ["石碣水南村", "是我妈妈用的", "门牌是12号，二楼", "13岁"])
async def test_what_is_added_right_after_a_request_goes_with_it(written: str) -> None:
    door = Door()
    first = await door.write(ASKED)
    assert first.message.request_id
    added = await door.write(written)
    assert added.answers == ["added"]
    assert added.message.request_id == first.message.request_id
    assert added.message.waits, "a person puts the request right"
    (fact,) = [fact for fact in added.facts if isinstance(fact, MessageAnswered)]
    assert fact.detail == format_reference(first.message.request_id)
    assert len(door.requests()) == 1


async def test_it_is_said_at_once_on_wechat_too() -> None:
    door = Door(Channel.WECHAT)
    await door.write(ASKED)
    added = await door.write("石碣水南村")
    assert "已记在您的诉求上" in added.said
    assert (await door.write("石碣水南村", number=2)).said == added.said, "pushed once more"


@pytest.mark.parametrize(
    ("kind", "words"), [("image", "保存好后"), ("voice", "保存好后"), ("video", "视频无法保存")]
)
@pytest.mark.parametrize("asked", [ASKED, "求轮椅1辆"])
async def test_of_what_is_sent_no_more_is_said_than_is_true(
    kind: MessageKind, words: str, asked: str
) -> None:
    """After a request, and within a dialogue."""
    door = Door(Channel.WECHAT)
    await door.write(asked)
    assert words in (await door.write("", kind=kind)).said


@pytest.mark.parametrize("written", ["你好", "您好，有人吗", "请问在吗"])
async def test_a_greeting_adds_nothing(written: str) -> None:
    door = Door()
    await door.write(ASKED)
    assert (await door.write(written)).answers == ["unread"]


async def test_later_it_is_a_message_like_any_other() -> None:
    door = Door()
    await door.write(ASKED)
    door.later(minutes=31)
    added = await door.write("石碣水南村")
    assert (added.answers, added.message.request_id) == (["unread"], None)


async def test_where_a_delivery_waits_it_may_be_about_that() -> None:
    """So it stands against the next yes, and is not said to belong to the request."""
    door = Door()
    first = await door.write(ASKED)
    door.deliver(str(first.message.request_id), "M-1")
    assert (await door.write("轮子坏的那种")).answers == ["noted"]
    yes = await door.write("1")
    assert not any(isinstance(fact, ReplyUnderstood) for fact in yes.facts)


CORRECTIONS = {
    "不是虎门,是厚街": HOUJIE,
    "不是虎门镇，是厚街镇": HOUJIE,
    "是厚街，不是虎门": HOUJIE,
    "写错了，应该是厚街": HOUJIE,
    "对不起，地址写错了，是石碣水南村": SHIJIE,
    "唔系虎门，系厚街": HOUJIE,
    "我不在虎门，在厚街": HOUJIE,
    "改成厚街镇": HOUJIE,
}


@pytest.mark.parametrize(("written", "town"), CORRECTIONS.items())
async def test_a_place_that_is_corrected_goes_with_the_case_whenever(
    written: str, town: str
) -> None:
    door = Door()
    first = await door.write(ASKED)
    door.later(days=9)
    await door.write("有人吗")
    corrected = await door.write(written)
    assert corrected.answers == ["added"]
    assert corrected.message.request_id == first.message.request_id
    assert corrected.message.waits
    assert corrected.message.town_code == town


@pytest.mark.parametrize("written", ["不是我，是我妈妈", "是厚街", "不是虎门", "不是轮椅，是拐杖"])
def test_what_denies_no_place_corrects_none(written: str) -> None:
    assert not isinstance(understand(written), SpokenPlace)


async def test_who_has_no_case_corrects_nothing() -> None:
    corrected = await Door().write("不是虎门,是厚街")
    assert (corrected.answers, corrected.message.request_id) == (["unread"], None)


async def test_a_place_is_corrected_within_a_dialogue() -> None:
    door = Door()
    for written, answers in (("求轮椅1辆，虎门镇", ["whom"]), ("不是虎门,是厚街", ["whom_again"])):
        assert (await door.write(written)).answers == answers
    done = await door.write("张三")
    (request,) = door.requests()
    assert (done.message.request_id, request.area.town_code) == (request.id, HOUJIE)


async def test_a_town_after_i_do_not_know_stands() -> None:
    door = Door()
    for written in ("我要一只轮椅", "不知道", "给我妈妈", "陈阿妹 虎门"):
        await door.write(written)
    (request,) = door.requests()
    assert request.area.town_code == "441900121"


async def test_who_presses_hears_how_far_it_is_and_staff_see_it() -> None:
    door = Door()
    await door.write(ASKED)
    for written in ("催一下", "还没有人来", "等了一个月了"):
        pressed = await door.write(written)
        assert pressed.answers == ["progress_open"]
        assert pressed.message.waits
    assert not any(isinstance(fact, ReplyUnderstood) for fact in door.facts)
