"""What must not be taken for a yes, for another's words, or for what was read already."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.callbacks.dialogue import SlotQuestion, choose_question
from services.intake.channels.text import Draft
from services.intake.model import (
    ContactPoint,
    Dialogue,
    Request,
    RequestState,
)
from services.intake.model.classification import ClassifyRequest
from services.intake.model.commands import Sealed
from services.intake.vault.messages import Inbound, Talk, make_reply, seal_talk
from services.intake.vault.persons import derive_point_id
from shared.contracts.values import Channel
from shared.messaging.decision import Ref
from tests.intake.builders import (
    PHONE,
    RULES,
    SHIJIE,
    VAULT,
    get_body,
    make_command,
    make_submission,
)
from tests.intake.test_decide_doubts import confirm
from tests.intake.test_decide_inbox import SMS, Inbox, list_answers


def test_a_count_for_an_open_question_confirms_no_delivery() -> None:
    inbox = Inbox()
    inbox.deliver()
    message = inbox.keep(replace(SMS, text="棉被", message_id="1"))
    content = seal_talk(VAULT, message.point_id, Talk(texts=("棉被",)))
    dialogue = Dialogue(slot="what", asked=("what",), message_ids=(message.id,), content=content)
    inbox.settle(
        message,
        "asked",
        answer="what",
        reading="part_of_request",
        dialogue=dialogue,
        follows="",
    )
    assert confirm(inbox, "2") == []


def test_a_doubt_on_the_bound_account_counts_on_the_phone() -> None:
    inbox = Inbox()
    inbox.deliver()
    phone, account = (derive_point_id(VAULT, phone=PHONE), derive_point_id(VAULT, openid="o-1"))
    point = inbox.states[Ref(ContactPoint, phone)]
    assert isinstance(point, ContactPoint)
    inbox.states[Ref(ContactPoint, phone)] = point.model_copy(update={"bound_to": account})
    inbox.states[Ref(ContactPoint, account)] = ContactPoint(id=account, bound_to=phone)
    wrong = Inbound(
        "不是我，打错了", "w-1", "/callbacks/wechat", Channel.WECHAT, openid="o-1", is_phone=False
    )
    message = inbox.keep(wrong)
    inbox.settle(message)
    assert confirm(inbox, "2") == []


def test_chatter_keeps_the_hotline_from_nobody() -> None:
    inbox = Inbox()
    inbox.deliver()
    for number in range(9):
        inbox.settle(
            inbox.keep(replace(SMS, text="几点来", message_id=f"a{number}")), answer="unread"
        )
    cry = inbox.keep(replace(SMS, text="我不想活了", message_id="z"))
    decision = inbox.settle(cry, answer="emergency", detail="12356", urgent=True)
    assert list_answers(decision) == ["emergency"]


def test_an_opt_out_on_a_shared_phone_is_nobodys_words() -> None:
    inbox = Inbox()
    inbox.submit(make_submission())
    other = make_submission(applicant={"name": "李四", "phone": PHONE})
    inbox.decide_submission(make_command(other, key="x|m-b"))
    message = inbox.keep(replace(SMS, text="我是李四，别再发短信了", message_id="1"))
    said: dict[str, Any] = {"message_id": message.id, "says_more": True}
    inbox.handle_any(make_reply(VAULT, "Y-1", "opted_out", phone=PHONE, **said))
    assert inbox.message(message.id).person_id == ""


def test_a_returned_case_takes_no_words_of_a_phone_of_several() -> None:
    inbox = Inbox()
    inbox.deliver()
    other = make_submission(applicant={"name": "赵六", "phone": PHONE})
    decision = inbox.decide_submission(make_command(other, key="/callbacks/tencent|m-x"))
    id_ = get_body(decision)["request_id"]
    returned = inbox.request(id_).model_copy(update={"state": RequestState.RETURNED})
    inbox.states[Ref(Request, id_)] = returned
    message = inbox.keep(replace(SMS, text="别让邻居知道", message_id="q"))
    inbox.settle(message)
    assert inbox.message(message.id).request_id is None


def test_who_read_a_danger_and_says_that_it_can_wait_ends_it() -> None:
    inbox = Inbox()
    id_ = get_body(inbox.submit(make_submission(text="我不想活了，家里没米")))["request_id"]
    assert inbox.request(id_).danger
    read = ClassifyRequest(request_id=id_, by="wu", urgent=False, town_code=SHIJIE)
    decision = inbox.handle_any(read)
    assert not inbox.request(id_).danger
    assert RULES.clock.find_days("recorded", inbox.request(id_)) != 0
    assert [fact for _, fact in decision.events if getattr(fact, "danger", None)] == []


@pytest.mark.parametrize(
    ("slot", "asked", "question"),
    [
        ("whom", ("what", "where", "whom"), SlotQuestion("what", is_again=True)),
        ("what", ("what",), SlotQuestion("what", is_again=True)),
    ],
)
def test_what_is_there_is_not_asked_again(
    slot: str, asked: tuple[str, ...], question: SlotQuestion
) -> None:
    content = Sealed(cipher=b"c", key=b"k")
    dialogue = Dialogue.model_validate(
        {"slot": slot, "asked": asked, "message_ids": (), "content": content}
    )
    draft = Draft(town_code="441900103", name="张三")
    assert choose_question(dialogue, draft, draft) == question
