"""What one donor is told together, so that 57 proposals are one message."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from shared.contracts.events import DonorNews
from shared.contracts.values import Whole
from shared.messaging.decision import Due, State


@dataclass(frozen=True, slots=True)
class DigestRules:
    """wait_s: so long after the first proposal more may join it; 0: each is told alone, at once.
    gap_s: so long after a message new proposals wait for the next."""

    wait_s: float
    gap_s: float

    @property
    def is_on(self) -> bool:
        return self.wait_s > 0


class DonorDigest(State):
    """Its id is the donor's. proposed, reminded, expired: how many since the last message; whether
    they still wait is asked when it is sent. due_at: when; None while there is nothing to say.
    told_at: when he was told last.
    """

    COLLECTION: ClassVar[str] = "donor_digests"

    proposed: int = 0
    reminded: int = 0
    expired: int = 0
    told_at: datetime | None = None

    def count(self, news: DonorNews, rules: DigestRules, now: datetime) -> "DonorDigest":
        """What is about to run out waits for no gap."""
        due_at = now + timedelta(seconds=rules.wait_s)
        if news != "reminded" and self.told_at is not None:
            due_at = max(due_at, self.told_at + timedelta(seconds=rules.gap_s))
        if self.due_at is not None:
            due_at = min(due_at, self.due_at)
        return self.model_copy(update={news: getattr(self, news) + 1, "due_at": due_at})

    def empty(self, told_at: datetime | None) -> "DonorDigest":
        """told_at: None where there was nothing left to say."""
        return self.model_copy(
            update={
                "proposed": 0,
                "reminded": 0,
                "expired": 0,
                "due_at": None,
                "told_at": told_at or self.told_at,
            }
        )


class SendDonorDigest(Due):
    """waiting: how many proposals wait for the donor now. only: which, where it is one."""

    waiting: Whole
    only: str | None = None
