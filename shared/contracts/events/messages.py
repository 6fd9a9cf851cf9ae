"""What intake says of messages that people write: ids alone, never a word of them."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.events.notices import NoticeChannel
from shared.contracts.values import Channel, Identifier, TownCode

SentAnswer = Literal[
    "unread",
    "emergency",
    "which",
    "opted_out",
    "resumed",
    "what",
    "where",
    "whom",
]
Wording = Literal["usual", "again", "noted"]
SenderAnswer = Literal[SentAnswer, "noted", "what_again", "where_again", "whom_again"]
"""What a sender is told: a person reads it; call for help; which delivery do you mean; notices
stopped, or began again; the questions of a dialogue: what is needed, where, for whom. noted: a
person reads it, and what waits to be confirmed is not confirmed by it. again: in other words."""
OTHER_WORDINGS: Mapping[SenderAnswer, tuple[SentAnswer, Wording]] = {
    "noted": ("unread", "noted"),
    "what_again": ("what", "again"),
    "where_again": ("where", "again"),
    "whom_again": ("whom", "again"),
}


class MessageFact(Fact):
    """Subject: the message's id."""

    TOPIC: ClassVar[str] = topics.RECEIPTS


class MessageQueued(MessageFact):
    """No rule understands it: somebody of that town's office has to read it.

    town_code: the whole city's where no town is known. urgent: life may be in danger.
    """

    TYPE: ClassVar[str] = "guanjia.message.queued.v1"
    channel: Channel
    town_code: TownCode
    urgent: bool = False


class MessageHandled(MessageFact):
    """Somebody read it. handling: what became of it."""

    TYPE: ClassVar[str] = "guanjia.message.handled.v1"
    handling: Literal["request", "answer", "note", "opt_out", "opt_in", "nothing"]
    request_id: Identifier | None = None
    match_id: Identifier | None = None


class MessageAnswered(MessageFact):
    """Its sender is to be told this by SMS. person_id: the contact point, which need not be
    anybody's. detail: what the template leaves open, such as a hotline's number. wording: who does
    not know it says the usual one."""

    TYPE: ClassVar[str] = "guanjia.message.answered.v1"
    person_id: Identifier
    answer: SentAnswer
    wording: Wording = "usual"
    detail: Annotated[str, Field(max_length=6)] = ""

    @classmethod
    def of(cls, person_id: str, answer: SenderAnswer, detail: str) -> Self:
        plain, wording = OTHER_WORDINGS.get(answer, (answer, "usual"))
        return cls.model_validate(
            {"person_id": person_id, "answer": plain, "wording": wording, "detail": detail}
        )

    @property
    def full_answer(self) -> SenderAnswer:
        pair = (self.answer, self.wording)
        answers = (answer for answer, each in OTHER_WORDINGS.items() if each == pair)
        return next(answers, self.answer)


class NoticesResumed(MessageFact):
    """Who wanted no notices wants them again. Subject: the reply's id."""

    TYPE: ClassVar[str] = "guanjia.reply.resumed.v1"
    person_id: Identifier
    channel: NoticeChannel


FACTS: tuple[type[Fact], ...] = (
    MessageQueued,
    MessageHandled,
    MessageAnswered,
    NoticesResumed,
)
