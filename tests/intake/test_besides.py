"""What a message asks for beside what becomes its request: nothing of it is lost."""

from collections.abc import Iterator

import pytest

from services.intake.channels.besides import list_besides
from services.intake.channels.text import Draft, understand
from services.intake.conversations import WrittenLine, read_wish
from shared.contracts.events import MessageAnswered, MessageQueued
from shared.contracts.values import Channel
from shared.references import format_reference
from tests.intake.door import Door, reads_in_memory


@pytest.fixture(autouse=True)
def _in_memory() -> Iterator[None]:
    with reads_in_memory():
        yield


def find_besides(written: str) -> tuple[list[str], list[str]]:
    """What becomes requests, and what a person reads."""
    draft = understand(written)
    drafts = draft.list_each() if isinstance(draft, Draft) else ()
    needs = [each.need for each in drafts if each.need]
    besides = list_besides([written], needs, [each.category for each in drafts])
    return [need.item or "money" for need in needs], [beside.item for beside in besides]


@pytest.mark.parametrize(
    ("written", "requests", "besides"),
    [
        ("想要轮椅和棉被", "轮椅", "棉被"),
        ("我想要轮椅、棉被，茶山镇", "轮椅", "棉被"),
        ("轮椅、棉被、大米", "轮椅", "棉被 大米"),
        ("想要轮椅x2和棉被", "轮椅", "棉被"),
        ("想要轮椅，屋顶漏水也想修", "轮椅", "住房修缮"),
        ("想要轮椅，还想找份工作", "轮椅", "就业"),
        ("想要轮椅和钱看病", "轮椅", "医疗救助"),
        ("求轮椅和助听器", "轮椅 助听器", ""),
        ("妈妈要轮椅，孩子要书包", "轮椅 书包", ""),
        ("想要一辆轮椅，还想要2床棉被", "棉被 轮椅", ""),
        ("一台轮椅和500元", "money 轮椅", ""),
        ("棉被2床，茶山镇，张三", "棉被", ""),
        ("妈妈有拐杖，想要轮椅", "轮椅", ""),
        ("轮椅坏了，想要一辆轮椅", "轮椅", ""),
        ("不需要棉被，想要轮椅", "轮椅", ""),
        ("每月药费800元，想要轮椅1辆，茶山镇，张三", "轮椅", ""),
    ],
)
def test_what_is_asked_for_is_a_request_or_read_by_a_person(
    written: str, requests: str, besides: str
) -> None:
    assert find_besides(written) == (requests.split(), besides.split())


async def test_the_second_wish_waits_beside_the_request_of_the_first() -> None:
    door = Door()
    said = await door.write("想要轮椅和棉被，虎门镇，张三")
    (request,) = door.requests()
    assert request.need.item == "轮椅"
    assert said.message.waits
    assert said.message.request_id == request.id
    assert any(isinstance(fact, MessageQueued) for fact in said.facts)
    (answer,) = [fact for fact in said.facts if isinstance(fact, MessageAnswered)]
    assert (answer.full_answer, answer.detail) == ("added", format_reference(request.id))


async def test_on_wechat_it_is_said_with_the_number_of_the_first() -> None:
    said = await Door(Channel.WECHAT).write("想要轮椅和棉被，虎门镇，张三")
    assert "诉求已登记" in said.said
    assert "工作人员会查看" in said.said


async def test_it_waits_too_where_the_place_was_asked_for_before() -> None:
    door = Door()
    await door.write("想要轮椅和棉被，张三")
    last = await door.write("虎门镇")
    assert len(door.requests()) == 1
    assert last.message.waits


async def test_it_stands_against_no_later_yes() -> None:
    door = Door()
    first = await door.write("求轮椅1辆，虎门镇，张三")
    door.deliver(str(first.message.request_id), "M-1")
    second = await door.write("求书包1个和棉被，虎门镇，张三")
    assert second.message.waits
    assert not second.message.may_doubt


def test_the_form_suggests_what_is_no_request_yet() -> None:
    written = "想要轮椅和棉被，茶山镇，张三"
    wish = read_wish([WrittenLine(written, is_recorded=True)])
    assert (wish.values["item"], wish.values["unit"], wish.values["category"]) == (
        "棉被",
        "床",
        "supplies",
    )
    assert "quantity" not in wish.values, "nobody said how many"
    assert (wish.values["name"], wish.besides) == ("张三", ("棉被",))
    assert read_wish([WrittenLine(written)]).values["item"] == "轮椅"


def test_things_that_nobody_counted_are_suggested_too() -> None:
    wish = read_wish([WrittenLine("家里缺棉被和大米")])
    assert wish.besides == ("棉被", "大米")
    assert wish.values["item"] == "棉被"
