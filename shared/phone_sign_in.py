"""Signing in by a code: a spoken word (0110) that comes to somebody's own phone, and that he types
himself."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.events import WordAsked
from shared.contracts.values import Identifier, Value
from shared.ids import make_id
from shared.messaging.decision import Answer, Command, Decision, States
from shared.spoken_words import (
    HearWord,
    ask_word,
    carry_out,
    compute_end,
    derive_word_id,
    hear_word,
)

TALLY = "sign_in"
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""No part of what a word's id follows from."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who may sign in. subject: whose session it is. person_id: whose phone the code goes to.

    name: who asks for the code and enters it, so that wrong codes count for him alone. No
    credential is called so.
    """

    subject: str
    person_id: str
    name: str


class AskSignIn(Value):
    """A code for his own pages goes to his own phone. Principal: the signer's name."""

    person_id: Identifier


def name_signer(kind: str, subject: str) -> str:
    """kind: of whose pages, such as `giver`."""
    return f"{kind}-{make_id('G', subject).lower()}"


def ask_sign_in(
    states: States, command: Command[AskSignIn], now: datetime, fact: type[WordAsked]
) -> Decision:
    """Counted apart from what he asks for by phone: whoever types his number stops no support."""
    word = _build_fact(fact, command.data.person_id, command.principal, compute_end(now))
    return ask_word(states, command, word, now, tally=TALLY)


def hear_sign_in(states: States, command: Command[HearWord], now: datetime) -> Decision:
    heard = hear_word(states, command, now)
    if heard.word is None:
        return heard.refused
    return carry_out(Decision(answer=Answer(200, {})), heard.word)


def find_sign_in_word(fact: type[WordAsked], signer: Signer, ticket: str) -> str:
    """The id of the word that this visit asked for, if it did."""
    return derive_word_id(_build_fact(fact, signer.person_id, signer.name, ANY_TIME), "", ticket)


def _build_fact(
    fact: type[WordAsked], person_id: str, signer_name: str, expires_at: datetime
) -> WordAsked:
    return fact(
        about=person_id,
        donor_id=person_id,
        act="sign_in",
        asked_by=signer_name,
        expires_at=expires_at,
    )
