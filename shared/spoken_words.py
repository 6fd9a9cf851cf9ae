"""A donor's word over the phone (电话代办): staff ask, he reads out a code, and they act for him.

    asked -> a code to the donor's own phone -> he reads it out -> the act, once, in his name

The code is for one act about one thing, for ten minutes and five tries. It follows from the root
key and the word's id (`shared/security/spoken_codes.py`): nobody stores it. The id follows from all
that the word is for, so that no other word has the code that the donor reads out.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, TypeVar

from pydantic import Field

from shared.contracts.events import SpokenAct, WordAsked
from shared.contracts.values import CHINA, Identifier, Value
from shared.errors import Message
from shared.ids import make_id
from shared.messages import (
    WORD_CODE_WRONG,
    WORD_CODES_TOO_MANY,
    WORD_ENDED,
    WORD_UNKNOWN,
    WORD_USED,
    WORDS_TOO_MANY,
)
from shared.messaging.decision import Answer, Command, Decision, State, States
from shared.moments import as_stored

LIFETIME = timedelta(minutes=10)
TRIES_MAX = 5
# Of one donor, and wrong ones of one member of staff, in a day: who guesses gets no further.
ASKED_PER_DAY = 5
WRONG_PER_DAY = 10

V = TypeVar("V", bound=Value)
Code = Annotated[str, Field(pattern=r"^\d{6}$")]


class SpokenWord(State):
    """One act that a donor may have done by his word. about: the match, offer or mandate.

    request_id: what is claimed for. quantity, unit, town_code, amount_fen: what the SMS says of it.
    asked_by: the principal who asked, and who alone may say the code. reason: why it is declined.
    """

    COLLECTION: ClassVar[str] = "spoken_words"

    act: SpokenAct
    about: str
    donor_id: str
    reason: str = ""
    request_id: str | None = None
    quantity: int | None = None
    unit: str | None = None
    town_code: str | None = None
    amount_fen: int | None = None
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    wrong_codes: int = 0
    used_at: datetime | None = None

    def find_obstacle(self, now: datetime) -> Message | None:
        """Why no code is taken any more."""
        if self.used_at is not None:
            return WORD_USED
        if now >= self.expires_at or self.wrong_codes >= TRIES_MAX:
            return WORD_ENDED
        return None

    def to_json(self) -> dict[str, object]:
        visible = self.model_dump(mode="json", exclude={"id", "due_at", "correlation_id"})
        return {"word_id": self.id, **visible}


class WordTally(State):
    """How often something happened on one day. ends_at: when it is forgotten."""

    COLLECTION: ClassVar[str] = "word_tallies"

    count: int = 0
    ends_at: datetime


class SpokenCode(Value):
    """What the donor read out."""

    code: Annotated[Code, Field(repr=False)]


class HearWord(Value):
    """is_right: whether what was said is this word's code; the code itself goes no further."""

    about: Identifier
    word_id: Identifier
    is_right: bool


INDEXES = ((WordTally.COLLECTION, [("ends_at", 1)], {"expireAfterSeconds": 0}),)

# --- asked ----------------------------------------------------------------------------------------


def compute_end(now: datetime) -> datetime:
    """Of a word that is asked now."""
    return as_stored(now + LIFETIME)


def ask_word(
    states: States,
    command: Command[V],
    fact: WordAsked,
    now: datetime,
    *,
    reason: str = "",
    correlation_id: str = "",
    tally: str = "asked",
) -> Decision:
    """The word, and the fact that lets notify send its code; refused where it is too often.

    tally: what it counts among, of the donor's day.
    """
    id_ = derive_word_id(fact, reason, command.key)
    asked_id = _name_tally(tally, fact.donor_id, now)
    wrong_id = _name_tally("wrong", fact.asked_by, now)
    existing, asked_tally, wrong = states.get_each(
        (SpokenWord, id_), (WordTally, asked_id), (WordTally, wrong_id)
    )
    if existing is not None:
        return Decision(answer=Answer(202, existing.to_json()))
    if wrong is not None and wrong.count >= WRONG_PER_DAY:
        return Decision(answer=WORD_CODES_TOO_MANY.refusal(409))
    if asked_tally is not None and asked_tally.count >= ASKED_PER_DAY:
        return Decision(answer=WORDS_TOO_MANY.refusal(409))
    word = SpokenWord(
        id=id_,
        reason=reason,
        asked_at=now,
        correlation_id=correlation_id,
        **fact.model_dump(),
    )
    counted = _count(asked_tally, asked_id, now)
    return Decision((word, counted), ((word, fact),), Answer(202, word.to_json()))


def derive_word_id(fact: WordAsked, reason: str, key: str) -> str:
    """The key is whatever the caller likes, so the service, the act and all that the donor is
    asked stand beside it: his code opens nothing else."""
    claims = fact.model_dump_json(exclude={"expires_at"})
    return make_id("W", fact.TYPE, claims, reason, key)


# --- heard ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """word: to be carried out; None where it is refused, and then `refused` says how."""

    word: SpokenWord | None
    refused: Decision


def hear_word(states: States, command: Command[HearWord], now: datetime) -> Heard:
    """The right code uses the word up, whatever becomes of the act; a wrong one is counted."""
    heard, principal = command.data, command.principal
    wrong_id = _name_tally("wrong", principal, now)
    word, wrong = states.get_each((SpokenWord, heard.word_id), (WordTally, wrong_id))
    if word is None or word.about != heard.about or word.asked_by != principal:
        return _refuse(WORD_UNKNOWN.refusal(404, "word_id"))
    if obstacle := word.find_obstacle(now):
        return _refuse(obstacle.refusal(409))
    if wrong is not None and wrong.count >= WRONG_PER_DAY:
        return _refuse(WORD_CODES_TOO_MANY.refusal(409))
    if heard.is_right:
        return Heard(word.model_copy(update={"used_at": now}), Decision())
    word = word.model_copy(update={"wrong_codes": word.wrong_codes + 1})
    answer = WORD_CODE_WRONG.refusal(409, "code", tries=TRIES_MAX - word.wrong_codes)
    return _refuse(answer, word, _count(wrong, wrong_id, now))


def _refuse(answer: Answer, *states: State) -> Heard:
    return Heard(None, Decision(states, answer=answer))


def carry_out(decision: Decision, word: SpokenWord) -> Decision:
    """The act as it was decided, with the word that it was done on: in what it says and stores."""
    marks = {"on_word": word.id, "said_to": word.asked_by}
    events = tuple(
        (state.model_copy(update=_pick(state, marks)), fact.model_copy(update=_pick(fact, marks)))
        for state, fact in decision.events
    )
    spoken = {state.id: state for state, _ in events}
    states = tuple(spoken.get(state.id, state) for state in decision.states)
    body = {**decision.answer.body, "word_id": word.id} if decision.answer else {}
    answer = replace(decision.answer, body=body) if decision.answer else None
    return replace(decision, states=(*states, word), events=events, answer=answer)


def _pick(model: State | Value, marks: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in marks.items() if name in type(model).model_fields}


def _name_tally(what: str, whose: str, now: datetime) -> str:
    return make_id("T", what, whose, now.astimezone(CHINA).date().isoformat())


def _count(tally: WordTally | None, id_: str, now: datetime) -> WordTally:
    tally = tally or WordTally(id=id_, ends_at=now + timedelta(days=2))
    return tally.model_copy(update={"count": tally.count + 1})
