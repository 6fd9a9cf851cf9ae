"""An amount to who was asked how much he needs, and the number of a donor's answer: which is it."""

from types import SimpleNamespace
from typing import Any

import pytest

from services.intake.callbacks.conversation import Conversation
from services.intake.channels import text
from services.intake.channels.donor_answers import DonorAnswer
from services.intake.model import Correspondence, Dialogue, Sealed
from services.intake.vault.messages import Inbound
from shared.contracts.values import Channel
from tests.intake.builders import PHONE, VAULT


class Thread(Conversation):
    """Which way a text goes; nothing is stored."""

    def __init__(self, dialogue: Dialogue | None) -> None:
        inbound = Inbound("", "1", "/callbacks/tencent", Channel.SMS, phone=PHONE)
        runtime: Any = SimpleNamespace(resources=SimpleNamespace(vault=VAULT))
        super().__init__(runtime, inbound)
        self._thread = Correspondence(id=self._point_id, dialogue=dialogue)

    async def _load_thread(self) -> Correspondence:
        return self._thread

    async def _hear_donor(self, answer: DonorAnswer) -> str:
        return f"donor {answer.code}"

    async def _ask_or_request(self, _understood: text.Understood) -> str:
        return "dialogue"


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


@pytest.mark.parametrize(
    ("slot", "written", "stays"),
    [("whom", "拐杖1副", True), ("whom", "石排镇", True), ("whom", "你们什么时候下班", False)],
)
def test_what_else_somebody_says_leaves_the_question_open(
    slot: str, written: str, stays: bool
) -> None:
    dialogue = Dialogue(
        slot=slot, asked=(slot,), message_ids=("W-1",), content=Sealed(cipher=b"", key=b"")
    )
    thread = Thread(dialogue)
    thread._inbound = Inbound(written, "1", "/callbacks/tencent", Channel.SMS, phone=PHONE)
    assert thread._says_more(dialogue) is stays
