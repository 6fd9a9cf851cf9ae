"""What one donor is told together, so that 57 proposals are one message."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.events import DonorNews, DonorReplied, DonorVerdict
from shared.contracts.events.donors import DeclineCause
from shared.contracts.values import Identifier, Value, Whole
from shared.ids import make_id
from shared.messaging.decision import Due, Ref, State


@dataclass(frozen=True, slots=True)
class DigestRules:
    """wait_s: so long after the first proposal more may join it; 0: each is told alone, at once.
    gap_s: so long after a message new proposals wait for the next."""

    wait_s: float
    gap_s: float

    @property
    def is_on(self) -> bool:
        return self.wait_s > 0


Counted = DonorNews | Literal["consented", "by_fund"]
"""What there may be to tell; the last two ask for nothing."""
REUSED_AFTER = timedelta(days=7)
CODES_LISTED = 20
WRONG_CODES_MAX = 5
"""A day, from one phone; what is written from it then decides nothing, right or wrong."""


class DonorDigest(State):
    """Its id is the donor's. proposed, reminded, expired: how many since the last message; whether
    they still wait is asked when it is sent. consented, by_fund: accepted by itself, at his
    standing consent or that of a fund's managers. due_at: when; None while there is nothing to say.
    told_at: when he was told last. summarized_year: the last year whose summary he was told.
    codes: the last numbers that he was sent. asked_on: the day on which he was asked which of his
    proposals he meant.
    """

    COLLECTION: ClassVar[str] = "donor_digests"
    HAS_DEADLINES: ClassVar[bool] = True
    RETIRED_FIELDS: ClassVar[frozenset[str]] = frozenset({"wrong", "wrong_on"})

    proposed: int = 0
    reminded: int = 0
    expired: int = 0
    consented: int = 0
    by_fund: int = 0
    told_at: datetime | None = None
    summarized_year: int = 0
    codes: tuple[str, ...] = ()
    asked_on: str = ""

    def count(self, news: Counted, rules: DigestRules, now: datetime) -> "DonorDigest":
        """What is about to run out waits for no gap."""
        due_at = now + timedelta(seconds=rules.wait_s)
        if news != "reminded" and self.told_at is not None:
            due_at = max(due_at, self.told_at + timedelta(seconds=rules.gap_s))
        if self.due_at is not None:
            due_at = min(due_at, self.due_at)
        return self.model_copy(update={news: getattr(self, news) + 1, "due_at": due_at})

    def add_code(self, number: str) -> "DonorDigest":
        """The oldest are forgotten: he answers them by their number."""
        return self.model_copy(update={"codes": (*self.codes, number)[-CODES_LISTED:]})

    def empty(self, told_at: datetime | None) -> "DonorDigest":
        """told_at: None where there was nothing left to say."""
        return self.model_copy(
            update={
                "proposed": 0,
                "reminded": 0,
                "expired": 0,
                "consented": 0,
                "by_fund": 0,
                "due_at": None,
                "told_at": told_at or self.told_at,
            }
        )


class ReplyCode(State):
    """Its id is the code: what a donor writes to answer the proposals that one message told of.

    There is no other of the same number while it is open, so a phone never gets two alike.
    verdict: what he answered, once; due_at: it is still to be carried out.
    """

    COLLECTION: ClassVar[str] = "reply_codes"
    HAS_DEADLINES: ClassVar[bool] = True

    donor_id: str
    match_ids: tuple[str, ...]
    expires_at: datetime
    verdict: DonorVerdict | None = None
    cause: DeclineCause = "other"

    def is_answerable(self, now: datetime) -> bool:
        return self.verdict is None and now < self.expires_at

    def answer(self, reply: DonorReplied, now: datetime) -> "ReplyCode":
        """It is carried out from now on."""
        update = {"verdict": reply.verdict, "cause": reply.cause, "due_at": now}
        return self.model_copy(update=update)

    def is_free(self, now: datetime) -> bool:
        """Whether another may have the number: so long after that nobody means this one."""
        return self.due_at is None and now > self.expires_at + REUSED_AFTER


class ReplyAttempts(State):
    """Wrong numbers of one day from one phone or account, whoever is reached there: its id stands
    for that. wrong: how many on that day. told: that it is locked was said.
    """

    COLLECTION: ClassVar[str] = "reply_attempts"

    day: str = ""
    wrong: int = 0
    told: bool = False

    @classmethod
    def find_ref(cls, reply: DonorReplied) -> Ref["ReplyAttempts"]:
        """Of a reply of before it said where it came from: by the persons who are reached there."""
        whence = [reply.contact_id] if reply.contact_id else sorted(set(reply.person_ids))
        return Ref(cls, make_id("attempts", *whence))

    @property
    def is_locked(self) -> bool:
        return self.wrong >= WRONG_CODES_MAX

    def on(self, day: str) -> "ReplyAttempts":
        return self if self.day == day else ReplyAttempts(id=self.id, day=day)

    def count_wrong(self) -> "ReplyAttempts":
        return self.model_copy(update={"wrong": self.wrong + 1})


class SummarizeYear(Value):
    """What a donor gave in a year that is over. count: of requests, each confirmed in it."""

    donor_id: Identifier
    year: Whole
    count: Annotated[Whole, Field(ge=1)]


class FinishReply(Due):
    """What a donor's reply came to has been decided. done: for so many proposals."""

    done: Whole


class SendDonorDigest(Due):
    """waiting: how many proposals wait for the donor now. only: which, where it is one.

    match_ids: those; ends_at: when the last of them does. codes: numbers to choose from.
    """

    match_ids: tuple[str, ...] = ()
    ends_at: datetime | None = None
    codes: tuple[str, ...] = ()
    waiting: Whole
    only: str | None = None
