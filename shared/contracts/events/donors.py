"""What a donor is told of his proposals together."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.events.matching import MatchFact
from shared.contracts.values import Identifier, Moment, Whole

DonorNews = Literal["proposed", "reminded", "expired"]


class MatchAnnounced(MatchFact):
    """One proposal that its donor is told of by itself, since no other waits for him."""

    TYPE: ClassVar[str] = "guanjia.match.announced.v1"
    expires_at: Moment
    news: DonorNews


class ProposalsGathered(Fact):
    """Several proposals that their donor is told of at once. Subject: the donor's id.

    count: how many wait for him, or ran out. news: the most pressing of what there is to say.
    """

    TYPE: ClassVar[str] = "guanjia.proposals.gathered.v1"
    TOPIC: ClassVar[str] = topics.MATCHES
    donor_id: Identifier
    news: DonorNews
    count: Annotated[Whole, Field(ge=1)]

    @property
    def detail(self) -> str:
        """What a notice says of it."""
        return str(self.count) if self.count < 10_000 else "9999+"
