"""Who is notified of what: one line per notice. Nobody hears of a gift that may still vanish.

So an applicant hears of a match only when it is committed; a proposal and its acceptance are
between matching and the donor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.notify.channels import PREFERRED
from services.notify.templates import TEMPLATES, Template
from shared.contracts import links
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    LedgerDisbursed,
    LedgerReceived,
    MatchCommitted,
    MatchDelivered,
    MatchProposed,
    MatchReopened,
    NoticeChannel,
    RequestDeclined,
    RequestOpened,
    RequestRecorded,
)
from shared.contracts.links import SignedLink


@dataclass(frozen=True, slots=True)
class Purpose:
    """recipient: whose id in the fact. channels: in order of preference.

    unless: a field of the fact that, when true, makes the notice needless.
    """

    name: str
    recipient: Literal["applicant", "donor"]
    link: SignedLink | None = None
    channels: tuple[NoticeChannel, ...] = PREFERRED
    unless: str = ""

    @property
    def template(self) -> Template:
        return TEMPLATES[self.name]


PURPOSES: Mapping[type[Fact], tuple[Purpose, ...]] = {
    RequestRecorded: (Purpose("request_recorded", "applicant", links.REQUEST),),
    RequestOpened: (Purpose("request_opened", "applicant", links.REQUEST),),
    RequestDeclined: (Purpose("request_declined", "applicant"),),
    MatchProposed: (Purpose("match_proposed", "donor", links.PROPOSAL, unless="claimed"),),
    MatchCommitted: (Purpose("match_committed", "applicant"),),
    MatchDelivered: (Purpose("match_delivered", "applicant", links.DELIVERY),),
    MatchReopened: (
        Purpose("match_reopened", "applicant"),
        Purpose("match_not_arrived", "donor"),
    ),
    LedgerDisbursed: (Purpose("ledger_disbursed", "donor"),),
    LedgerReceived: (Purpose("ledger_received", "donor", links.GIFT_RECEIPT),),
}

BY_NAME: Mapping[str, Purpose] = {
    purpose.name: purpose for purposes in PURPOSES.values() for purpose in purposes
}
