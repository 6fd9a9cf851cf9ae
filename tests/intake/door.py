"""What one contact writes, the whole way: kept, understood, decided and answered; in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from services.intake import store
from services.intake.callbacks import inbound as binding
from services.intake.callbacks.conversation import receive_message
from services.intake.model import Correspondence, Message, MessageKind, Person
from services.intake.vault.messages import Inbound, derive_message_id, derive_sender_id
from shared import mongo
from shared.contracts.envelope import Fact
from shared.contracts.events import MatchDelivered, MessageAnswered
from shared.contracts.values import Channel
from shared.messaging.decision import Answer, Command, Ref, State
from tests.intake.builders import (
    COMMANDS,
    EVENTS,
    PHONE,
    RULES,
    VAULT,
    DecisionHarness,
    make_match_event,
)

S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Outcome:
    """said: in the conversation; answers: by SMS. facts: all that was published."""

    message: Message
    said: str
    facts: tuple[Fact, ...] = field(repr=False)

    @property
    def answers(self) -> list[str]:
        told = (fact for fact in self.facts if isinstance(fact, MessageAnswered))
        return [fact.full_answer for fact in told]


class Door(DecisionHarness):
    """The processor and the database of a runtime, as far as a conversation uses them."""

    def __init__(self, channel: Channel = Channel.SMS) -> None:
        super().__init__()
        self._channel, self.written = channel, 0
        self._answers: dict[str, Answer] = {}
        self.facts: list[Fact] = []

    async def now_async(self) -> datetime:
        return self.now

    async def execute(self, command: Command[Any]) -> Answer:
        if command.key and command.key in self._answers:
            return self._answers[command.key]
        handler = COMMANDS[type(command.data)]
        decision = self.handle(handler, handler.prepare(command) if handler.prepare else command)
        self.facts += [fact for _, fact in decision.events]
        answer = decision.answer or Answer(200, {})
        if command.key:
            self._answers[command.key] = answer
        return answer

    async def write(
        self, text: str, number: int | None = None, kind: MessageKind = "text"
    ) -> Outcome:
        """number: of a message that is pushed once more."""
        if number is None:
            self.written += 1
        inbound = replace(self.make_inbound(text, number or self.written), kind=kind)
        before = len(self.facts)
        said = await receive_message(self._runtime, inbound)
        message = self.states[Ref(Message, derive_message_id(VAULT, inbound))]
        assert isinstance(message, Message)
        return Outcome(message, said, tuple(self.facts[before:]))

    def make_inbound(self, text: str, number: int) -> Inbound:
        is_sms = self._channel is Channel.SMS
        return Inbound(
            text,
            str(number),
            "/callbacks/tencent" if is_sms else "/callbacks/wechat",
            self._channel,
            phone=PHONE if is_sms else None,
            openid=None if is_sms else "o_test_of_door",
        )

    def deliver(self, request_id: str, match_id: str) -> None:
        event = make_match_event(MatchDelivered, self.request(request_id), 1, match_id)
        self.handle(EVENTS[MatchDelivered], event)

    def persons(self) -> list[Person]:
        return [state for state in self.states.values() if isinstance(state, Person)]

    @property
    def thread(self) -> Correspondence:
        point_id = derive_sender_id(VAULT, self.make_inbound("", 0))
        return self.find(Correspondence, point_id) or Correspondence(id=point_id)

    def find(self, type_: type[S], id_: str) -> S | None:
        state = self.states.get(Ref(type_, id_))
        return state if isinstance(state, type_) else None

    @property
    def _runtime(self) -> Any:
        resources = SimpleNamespace(vault=VAULT, rules=RULES)
        settings = SimpleNamespace(crisis_hotline="12356")
        processor = SimpleNamespace(execute=self.execute, now=self.now_async)
        return SimpleNamespace(
            resources=resources, settings=settings, processor=processor, database=self
        )


@contextmanager
def reads_in_memory() -> Iterator[None]:
    """A database is a `Door`; no code of ours was ever given out."""

    async def load(door: Door, type_: type[S], id_: str) -> S | None:
        return door.find(type_, id_)

    async def load_persons(door: Door, ids: list[str]) -> dict[str, Person]:
        found = {id_: door.find(Person, id_) for id_ in ids}
        return {id_: person for id_, person in found.items() if person}

    async def find_nothing(*_: object) -> None:
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mongo, "load", load)
        patch.setattr(store, "load_persons", load_persons)
        patch.setattr(store, "save_binding_code", find_nothing)
        patch.setattr(store, "find_binding_code", find_nothing)
        patch.setattr(binding, "record_proof", find_nothing)
        yield
