"""What intake says of messages that people write: ids alone, never a word of them."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self, get_args

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
ProgressAnswer = Literal[
    "progress_none",
    "progress_where",
    "progress_waiting",
    "progress_returned",
    "progress_open",
    "progress_promised",
    "progress_delivered",
]
PlainAnswer = Literal["ended", "withdrawn", "giving", "none_awaited", "added", "urgent_noted"]
Wording = Literal["usual", "again", "noted"]
SenderAnswer = Literal[
    SentAnswer,
    ProgressAnswer,
    PlainAnswer,
    "noted",
    "arrived",
    "what_again",
    "where_again",
    "whom_again",
]
"""What a sender is told: a person reads it; call for help; which delivery do you mean; notices
stopped, or began again; the questions of a dialogue: what is needed, where, for whom. noted: a
person reads it, and what waits to be confirmed is not confirmed by it. arrived: did the only help
that waits arrive, yes or no. progress: how far the latest case is, where to look, or that there is
none. again: in other words. ended: the dialogue is over, nothing was recorded; withdrawn: staff ask
before anything stops; giving: where help is offered; none_awaited: no delivery waits; added: it
goes with the case; urgent_noted: it goes with the message of danger before it."""
OTHER_WORDINGS: Mapping[SenderAnswer, tuple[SentAnswer, Wording]] = {
    "noted": ("unread", "noted"),
    "what_again": ("what", "again"),
    "where_again": ("where", "again"),
    "whom_again": ("whom", "again"),
}
PHRASES: Mapping[SenderAnswer, SentAnswer] = {
    "arrived": "which",
    **dict.fromkeys((*get_args(ProgressAnswer), *get_args(PlainAnswer)), "unread"),
}
"""What says something of its own, and what an instance says that does not know it yet."""


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
    anybody's. detail: what the template leaves open, such as a hotline's number. wording, phrase:
    who does not know it says the usual one."""

    TYPE: ClassVar[str] = "guanjia.message.answered.v1"
    person_id: Identifier
    answer: SentAnswer
    wording: Wording = "usual"
    phrase: Annotated[str, Field(pattern=r"^[a-z_]{0,32}$")] = ""
    detail: Annotated[str, Field(max_length=6)] = ""

    @classmethod
    def of(cls, person_id: str, answer: SenderAnswer, detail: str) -> Self:
        fields: dict[str, str] = {"person_id": person_id, "detail": detail}
        if answer in PHRASES:
            fields |= {"answer": PHRASES[answer], "phrase": answer}
        else:
            plain, wording = OTHER_WORDINGS.get(answer, (answer, "usual"))
            fields |= {"answer": plain, "wording": wording}
        return cls.model_validate(fields)

    @property
    def full_answer(self) -> SenderAnswer:
        if phrase := next((each for each in PHRASES if each == self.phrase), None):
            return phrase
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
