"""A donor signs in by a code: a spoken word that he types himself."""

from datetime import UTC, datetime

from services.matching.model.match import AskSignIn
from shared.contracts.events import MatchWordAsked
from shared.ids import make_id
from shared.messaging.decision import Command, Decision, States
from shared.spoken_words import ask_word, compute_end, derive_word_id

TALLY = "sign_in"
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""No part of what a word's id follows from."""


def decide_ask_sign_in(states: States, command: Command[AskSignIn], now: datetime) -> Decision:
    """Counted apart from what he asks for by phone: whoever types his number stops no support."""
    fact = _build_fact(command.data.donor_id, compute_end(now))
    return ask_word(states, command, fact, now, tally=TALLY)


def _build_fact(donor_id: str, expires_at: datetime) -> MatchWordAsked:
    return MatchWordAsked(
        about=donor_id,
        donor_id=donor_id,
        act="sign_in",
        asked_by=name_signer(donor_id),
        expires_at=expires_at,
    )


def find_sign_in_word(donor_id: str, ticket: str) -> str:
    """The id of the word that this visit asked for, if it did."""
    return derive_word_id(_build_fact(donor_id, ANY_TIME), "", ticket)


def name_signer(donor_id: str) -> str:
    """Who asks for the code and enters it: for each donor one, so that wrong codes count for that
    donor alone. No credential is called so."""
    return f"giver-{make_id('G', donor_id).lower()}"
