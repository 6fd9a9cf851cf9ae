"""What audit says of mandates: on whose word money is offered. Facts beside the log."""

from typing import ClassVar, Literal

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import (
    BeneficiaryClass,
    Category,
    Identifier,
    Moment,
    PositiveFen,
    TownCode,
    Value,
)

MandateCover = Literal["fund", "gifts"]
"""Whose money: the fund's own, or what it received from the donor."""


class StandingLimits(Value):
    """The fund gives by itself, without the donor's yes to each: up to so much to one request and
    in a month of China's calendar."""

    request_fen: PositiveFen
    month_fen: PositiveFen


class MandateFact(Fact):
    """Subject: the mandate. donor_id: in whose name; source: who may offer, None is anybody.

    Empty tuples mean any. sum_fen: for all its matches together. standing: where the fund's
    managers let it give by itself.
    """

    TOPIC: ClassVar[str] = topics.LEDGER
    fund_id: Identifier
    donor_id: Identifier
    source: Identifier | None = None
    covers: MandateCover
    sum_fen: PositiveFen
    valid_until: Moment
    categories: tuple[Category, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    standing: StandingLimits | None = None


class MandateProposed(MandateFact):
    """Somebody asks for a donor's gifts: he may give the mandate himself, by his link."""

    TYPE: ClassVar[str] = "guanjia.mandate.proposed.v1"


class MandateGranted(MandateFact):
    """on_word, said_to: where the donor said it over the phone, by which word and to whom."""

    TYPE: ClassVar[str] = "guanjia.mandate.granted.v1"
    on_word: Identifier | None = None
    said_to: Identifier | None = None


class MandateRevoked(MandateFact):
    """Nothing new is committed under it; what is committed stands."""

    TYPE: ClassVar[str] = "guanjia.mandate.revoked.v1"
    on_word: Identifier | None = None
    said_to: Identifier | None = None


FACTS: tuple[type[Fact], ...] = (
    MandateProposed,
    MandateGranted,
    MandateRevoked,
)
