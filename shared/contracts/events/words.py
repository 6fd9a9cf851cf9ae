"""What is said of a donor's word over the phone: that a code is asked for. Never the code."""

from typing import ClassVar, Literal

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import Identifier, Moment

SpokenAct = Literal["accept", "decline", "give", "withdraw"]
"""What a donor may have done in his name: a match's answer, or a mandate given or taken back."""


class WordAsked(Fact):
    """Subject: the word. about: the match or mandate. asked_by: the staff who hears the code."""

    about: Identifier
    donor_id: Identifier
    act: SpokenAct
    asked_by: Identifier
    expires_at: Moment


class MatchWordAsked(WordAsked):
    TYPE: ClassVar[str] = "guanjia.match.word_asked.v1"
    TOPIC: ClassVar[str] = topics.MATCHES


class MandateWordAsked(WordAsked):
    TYPE: ClassVar[str] = "guanjia.mandate.word_asked.v1"
    TOPIC: ClassVar[str] = topics.LEDGER
