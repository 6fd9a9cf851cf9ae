"""What is said of a donor's word over the phone: that a code is asked for. Never the code."""

from typing import ClassVar, Literal

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import Identifier, Moment, PositiveFen, Quantity, TownCode, Unit

SpokenAct = Literal["accept", "decline", "claim", "give", "withdraw", "sign_in"]
"""What a donor may have done in his name: a match's answer, an open request claimed, or a mandate
given or taken back. sign_in: he himself, to his own pages."""


class WordAsked(Fact):
    """Subject: the word. about: the match, offer or mandate. asked_by: who hears the code.

    request_id: what is claimed for. quantity: how much of the offer it takes.
    """

    about: Identifier
    donor_id: Identifier
    act: SpokenAct
    asked_by: Identifier
    expires_at: Moment
    request_id: Identifier | None = None
    quantity: Quantity | None = None


class MatchWordAsked(WordAsked):
    """unit, town_code: of the need, so that the SMS says how much and for where."""

    TYPE: ClassVar[str] = "guanjia.match.word_asked.v1"
    TOPIC: ClassVar[str] = topics.MATCHES

    unit: Unit | None = None
    town_code: TownCode | None = None


class MandateWordAsked(WordAsked):
    """amount_fen: the mandate's sum, so that the SMS says it."""

    TYPE: ClassVar[str] = "guanjia.mandate.word_asked.v1"
    TOPIC: ClassVar[str] = topics.LEDGER

    amount_fen: PositiveFen | None = None


class PersonWordAsked(WordAsked):
    """Somebody who asked for help wants to read his own cases. about, donor_id: he himself."""

    TYPE: ClassVar[str] = "guanjia.person.word_asked.v1"
    TOPIC: ClassVar[str] = topics.RECEIPTS


FACTS: tuple[type[Fact], ...] = (
    MatchWordAsked,
    MandateWordAsked,
    PersonWordAsked,
)
