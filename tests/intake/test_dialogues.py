"""An amount to who was asked how much he needs, and the number of a donor's answer: which is it."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.intake.callbacks.conversation import Conversation
from services.intake.callbacks.dialogue import SlotQuestion, choose_question, find_request_of
from services.intake.callbacks.submitting import build_request_commands
from services.intake.channels import text
from services.intake.channels.donor_answers import DonorAnswer
from services.intake.model import Correspondence, Dialogue, Sealed
from services.intake.vault.messages import Inbound, Talk
from shared.contracts.values import Category, Channel
from tests.intake.builders import NOW, PHONE, VAULT


class Clock:
    async def now(self) -> datetime:
        return NOW


class Thread(Conversation):
    """Which way a text goes; nothing is stored."""

    def __init__(self, dialogue: Dialogue | None) -> None:
        inbound = Inbound("", "1", "/callbacks/tencent", Channel.SMS, phone=PHONE)
        runtime: Any = SimpleNamespace(resources=SimpleNamespace(vault=VAULT), processor=Clock())
        super().__init__(runtime, inbound)
        self._thread = Correspondence(id=self._point_id, dialogue=dialogue)

    async def _load_thread(self) -> Correspondence:
        return self._thread

    async def _hear_donor(self, answer: DonorAnswer) -> str:
        return f"donor {answer.code}"

    async def _ask_or_request(self, _understood: text.Understood) -> str:
        return "dialogue"

    async def _is_awaited(self) -> bool:
        return False


DIALOGUE = Dialogue(
    slot="what", asked=("what",), message_ids=("W-1",), content=Sealed(cipher=b"", key=b"")
)


@pytest.mark.parametrize(
    "written", ["好，3000。", "可以 2000", "行 1500", "ok 3000", "不要 2000", "3000，可以"]
)
async def test_an_amount_to_who_was_asked_how_much_goes_on_with_what_he_asks_for(
    written: str,
) -> None:
    understood = text.understand(written)
    assert isinstance(understood, DonorAnswer)
    assert await Thread(DIALOGUE).answer(understood) == "dialogue"
    assert await Thread(None).answer(understood) == f"donor {understood.code}"


@pytest.mark.parametrize(
    "written", ["Y4821", "n4821", "yes 4821", "NO 4821", "Y加4821", "回复N4821 太远了", "4821 Y"]
)
async def test_a_donor_who_asks_for_something_too_answers_with_the_letter(written: str) -> None:
    assert await Thread(DIALOGUE).answer(text.understand(written)) == "donor 4821"


async def test_a_yes_alone_goes_on_with_what_he_was_asked() -> None:
    assert await Thread(DIALOGUE).answer(text.understand("Y")) == "dialogue"
    assert await Thread(None).answer(text.understand("Y")) == "donor "


class Talking(Thread):
    """One person's messages, one after another; what became of each, without a database."""

    def __init__(self) -> None:
        super().__init__(None)
        self.requested: text.Draft | None = None

    async def says(self, written: str) -> str:
        """What he is answered by SMS; “” for nothing."""
        self._inbound = Inbound(written, written, "/callbacks/tencent", Channel.SMS, phone=PHONE)
        self.answer_code = ""
        await self.answer(text.understand(written))
        return self.answer_code

    async def _is_awaited(self) -> bool:
        return False

    async def _ask_or_request(self, understood: text.Understood) -> str:
        return await Conversation._ask_or_request(self, understood)

    async def _settle(self, *_read: str, **settled: Any) -> str:
        self.answer_code = settled.get("answer") or ""
        if settled.get("thread"):
            changes = {"dialogue": settled.get("dialogue")}
            self._thread = self._thread.model_copy(update=changes)
        return self.answer_code

    async def _submit_request(self, thread: Correspondence, talk: Talk) -> str:
        self.requested, self.answer_code = talk.draft, "request"
        await self._settle("request", "understood", thread=thread, answer="request")
        return "request"


DIALOGUES = (
    ("求助 what|茶山镇 whom|李四 what_again|轮椅1辆 request"),
    ("求助 what|轮椅 where|惠州 where_again|茶山那边 whom|我妈 whom_again|黄阿婆 request"),
    ("轮椅 where|深圳 where_again|虎门 whom|我自己 whom_again|张三 request"),
    ("想要一床棉被 where|虎门或者长安 where_again|长安 whom|阿婆 whom_again|王芳 request"),
    ("想要一床棉被 where|先等等 where_again|茶山 whom|张三 request"),
    ("棉被 what|随便 what_again|棉被2床 where|唔知 whom|张三 request"),
    ("一台风扇 where|李四 where_again|虎门 request"),
    ("棉被 what|2床 where|茶山镇 whom|张三 request"),
    ("棉被 what|1 where|茶山镇 whom|张三 request"),
    ("我要米 what|2袋 where|茶山镇 whom|梁好 request"),
    ("我想要床 what|一张 where|茶山镇 whom|梁好 request"),
    ("要对鞋 where|茶山 whom|梁好 request"),
    ("我要张轮椅 where|茶山 whom|梁好 request"),
    ("想要部轮椅 where|茶山 whom|梁好 request"),
    ("我想要张床 where|茶山 whom|刘三妹 request"),
    ("我屋企冇米煮饭啦 what|一袋 where|茶山 whom|梁好 request"),
    ("求助 what|米 what_again|一袋 where|茶山 whom|梁好 request"),
    ("我要一只轮椅 where|不知道 whom|给我妈妈 whom_again|陈阿妹，虎门 request"),
    ("求书包1个 where|茶山 whom|细路仔叫张小明 request"),
)


@pytest.mark.parametrize("lines", DIALOGUES)
async def test_a_dialogue_goes_on_when_the_right_answer_comes(lines: str) -> None:
    talking = Talking()
    for line in lines.split("|"):
        written, code = line.split(" ")
        assert (written, await talking.says(written)) == (written, code)
    assert talking.requested is not None
    assert talking.requested.missing == ()


@pytest.mark.parametrize("written", ["深圳", "先等等", "你们什么时候下班"])
async def test_each_question_is_asked_twice_at_most(written: str) -> None:
    """Then a person reads it all."""
    talking = Talking()
    assert await talking.says("求轮椅1辆") == "where"
    assert await talking.says(written) == "where_again"
    assert await talking.says(written) == "unread"
    assert (await talking._load_thread()).dialogue is None


async def test_an_answer_to_another_question_is_taken_though_none_may_be_asked_again() -> None:
    talking = Talking()
    for written in ("求助", "随便", "随便那个"):
        await talking.says(written)
    assert (await talking._load_thread()).dialogue is None
    draft = text.Draft(town_code="441900103")
    dialogue = DIALOGUE.model_copy(update={"asked": ("what", "what", "whom", "whom")})
    assert choose_question(dialogue, text.Draft(), draft) is None


def test_what_was_never_asked_comes_before_what_is_asked_again() -> None:
    draft = text.Draft(town_code="441900103")
    assert choose_question(DIALOGUE, text.Draft(), draft) == SlotQuestion("whom")
    assert choose_question(DIALOGUE, draft, draft) == SlotQuestion("what", is_again=True)


async def test_a_thing_to_who_was_asked_which_delivery_begins_nothing_new() -> None:
    talking = Talking()
    talking._thread = talking._thread.model_copy(update={"asked_message": "W-1"})
    assert await talking.says("轮椅") == "unread"


@pytest.mark.parametrize(
    ("kind", "minutes", "follows"),
    [("image", 5, True), ("voice", 30, True), ("image", 31, False), ("location", 5, False)],
)
def test_a_photo_right_after_a_request_belongs_to_it(
    kind: Any, minutes: int, follows: bool
) -> None:
    thread = Correspondence(id="K-1", request_id="R-1", requested_at=NOW)
    inbound = Inbound("", "2", "/callbacks/wechat", Channel.WECHAT, openid="oA", kind=kind)
    found = find_request_of(thread, inbound, NOW + timedelta(minutes=minutes))
    assert found == ("R-1" if follows else None)
    assert find_request_of(Correspondence(id="K-1"), inbound, NOW) is None


@pytest.mark.parametrize(
    ("lines", "needs"),
    [
        ("2床被子和一袋米 where|茶山镇 whom|张三 request", "1袋米 2床被子"),
        ("要轮椅,还要3000块看病 where|茶山 whom|我妈王芳 request", "300000fen 1辆轮椅"),
        ("一台轮椅和500元 what|看病 where|茶山 whom|张三 request", "50000fen 1台轮椅"),
        ("求助 what|2床被子和一袋米 where|茶山镇 whom|张三 request", "1袋米 2床被子"),
    ],
)
async def test_each_of_two_wishes_comes_to_the_end_of_a_dialogue(lines: str, needs: str) -> None:
    talking = Talking()
    for line in lines.split("|"):
        written, code = line.split(" ")
        assert (written, await talking.says(written)) == (written, code)
    assert talking.requested is not None
    commands = build_request_commands(talking._inbound, Talk(talking.requested, ("的",)))
    found = [each.data.need for each in commands]
    assert " ".join(f"{need.quantity}{need.unit}{need.item}" for need in found) == needs
    assert len({each.key for each in commands}) == 2
    assert all(each.data.category is not Category.OTHER for each in commands)


@pytest.mark.parametrize("written", ["取消", "算了不要了", "我要撤回"])
async def test_who_cancels_ends_the_dialogue_and_is_told_so(written: str) -> None:
    talking = Talking()
    assert await talking.says("求轮椅1辆") == "where"
    assert await talking.says(written) == "ended"
    assert (await talking._load_thread()).dialogue is None
    assert await talking.says(written) == "withdrawn"


@pytest.mark.parametrize("written", ["我想帮忙", "想捐", "我想捐点衣服", "我要捐款", "想帮人"])
async def test_a_giver_is_told_where_to_offer(written: str) -> None:
    assert await Talking().says(written) == "giving"


@pytest.mark.parametrize("written", ["我需要帮忙", "请帮忙", "我想申请帮助"])
async def test_who_needs_help_is_no_giver(written: str) -> None:
    assert await Talking().says(written) == "what"


async def test_who_asks_how_far_it_is_goes_on_with_his_dialogue() -> None:
    talking = Talking()
    for written, code in (("求轮椅1辆", "where"), ("批了没", ""), ("茶山", "whom")):
        assert await talking.says(written) == code
