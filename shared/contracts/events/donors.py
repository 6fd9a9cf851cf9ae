"""What a donor is told of his proposals together."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.events.matching import MatchFact
from shared.contracts.values import Identifier, Moment, Whole

DonorNews = Literal["proposed", "reminded", "expired"]
DonorVerdict = Literal["accept", "decline"]
DeclineCause = Literal["capacity", "scope", "other"]
DonorOutcome = Literal["accepted", "declined", "stale", "unknown", "locked"]
ReplyCodeText = Annotated[str, Field(pattern=r"^(?:[0-9]{4,5})?$")]


class MatchAnnounced(MatchFact):
    """One proposal that its donor is told of by itself, since no other waits for him.

    reply_code: what he answers it with, together with yes or no.
    """

    TYPE: ClassVar[str] = "guanjia.match.announced.v1"
    expires_at: Moment
    news: DonorNews
    reply_code: ReplyCodeText = ""


class ProposalsGathered(Fact):
    """Several proposals that their donor is told of at once. Subject: the donor's id.

    count: how many wait for him, or ran out. news: the most pressing of what there is to say.
    reply_code: what he answers all of them with.
    """

    TYPE: ClassVar[str] = "guanjia.proposals.gathered.v1"
    TOPIC: ClassVar[str] = topics.MATCHES
    donor_id: Identifier
    news: DonorNews
    count: Annotated[Whole, Field(ge=1)]
    reply_code: ReplyCodeText = ""

    @property
    def detail(self) -> str:
        """What a notice says of it."""
        return str(self.count) if self.count < 10_000 else "9999+"


class DonorReplied(Fact):
    """Somebody answered a proposal by the number that was sent. Subject: the message's id.

    person_ids: whom the phone or account reaches and who answers by it; whose the number is,
    matching knows. contact_id: tells one phone or account from others, and not which it is. No
    word of what was written.
    """

    TYPE: ClassVar[str] = "guanjia.donor.replied.v1"
    TOPIC: ClassVar[str] = topics.RECEIPTS
    person_ids: tuple[Identifier, ...]
    verdict: DonorVerdict
    code: ReplyCodeText
    cause: DeclineCause = "other"
    contact_id: Identifier | None = None


class DonorAnswered(Fact):
    """What came of a donor's reply, for him. Subject: the person's id. count: of proposals.

    locked: too many wrong numbers that day. message_id: of the message that was the reply, where
    its number opened nothing. is_quiet: he was told the same already that day.
    """

    TYPE: ClassVar[str] = "guanjia.donor.answered.v1"
    TOPIC: ClassVar[str] = topics.MATCHES
    donor_id: Identifier
    outcome: DonorOutcome
    count: Whole = 0
    message_id: Identifier | None = None
    is_quiet: bool = False

    @property
    def detail(self) -> str:
        return str(min(self.count, 999_999))


class YearSummarized(Fact):
    """A donor's year is over: how many requests got what he gave, each confirmed. Subject: the
    donor's id. Once for a donor and year."""

    TYPE: ClassVar[str] = "guanjia.giving.summarized.v1"
    TOPIC: ClassVar[str] = topics.MATCHES
    donor_id: Identifier
    year: Annotated[Whole, Field(ge=2000, le=2999)]
    count: Annotated[Whole, Field(ge=1)]

    @property
    def detail(self) -> str:
        """What a notice says of it."""
        return str(min(self.count, 999_999))


FACTS: tuple[type[Fact], ...] = (
    DonorReplied,
    MatchAnnounced,
    ProposalsGathered,
    DonorAnswered,
    YearSummarized,
)
