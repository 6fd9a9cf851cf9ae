"""What becomes of standing consents (常设同意): given, ended, used."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import Identifier, Moment, Whole

ConsentKind = Literal["donor", "fund"]
"""Whose word it is: the donor's own, or that of a fund's managers on a mandate."""


class ConsentGiven(Fact):
    """From now on what lies within its terms is accepted by itself. Subject: the consent's id."""

    TYPE: ClassVar[str] = "guanjia.consent.given.v1"
    TOPIC: ClassVar[str] = topics.MATCHES
    donor_id: Identifier
    valid_until: Moment


class ConsentEnded(Fact):
    """It says yes no more. by_staff: somebody of the house ended it, at the donor's word."""

    TYPE: ClassVar[str] = "guanjia.consent.ended.v1"
    TOPIC: ClassVar[str] = topics.MATCHES
    donor_id: Identifier
    by_staff: bool = False


class ConsentUsed(Fact):
    """What was accepted by itself since the donor was told last. Subject: the donor's id."""

    TYPE: ClassVar[str] = "guanjia.consent.used.v1"
    TOPIC: ClassVar[str] = topics.MATCHES
    donor_id: Identifier
    kind: ConsentKind
    count: Annotated[Whole, Field(ge=1)]

    @property
    def detail(self) -> str:
        """What a notice says of it."""
        return str(min(self.count, 999_999))


FACTS: tuple[type[Fact], ...] = (ConsentGiven, ConsentEnded, ConsentUsed)
