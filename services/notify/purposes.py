"""Who is told what: one line per notice. Nobody hears of a gift that may still vanish.

So an applicant hears of a match only when it is committed; a proposal and its acceptance are
between the house and the donor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from services.notify.model import LinkedService
from services.notify.templates import TEMPLATES, Template
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

WECHAT_FIRST: tuple[NoticeChannel, ...] = ("wechat", "sms")


@dataclass(frozen=True, slots=True)
class LinkUse:
    """purpose: what the link is signed for; service, path: whose page it leads to.

    lives: None when the fact says when it expires.
    """

    purpose: str
    path: str
    lives: timedelta | None = None
    service: LinkedService = "matching"


@dataclass(frozen=True, slots=True)
class Purpose:
    """recipient: whose id in the fact. channels: in order of preference.

    unless: a field of the fact that, when true, makes the notice needless.
    """

    name: str
    recipient: Literal["applicant", "donor"]
    link: LinkUse | None = None
    channels: tuple[NoticeChannel, ...] = WECHAT_FIRST
    unless: str = ""

    @property
    def template(self) -> Template:
        return TEMPLATES[self.name]


ANSWER_PROPOSAL = LinkUse("match.donor", "d")
CONFIRM_RECEIPT = LinkUse("match.applicant", "c", lives=timedelta(days=30))
FOLLOW_REQUEST = LinkUse("request", "r", lives=timedelta(days=90), service="intake")
TAKE_RECEIPT = LinkUse("gift.receipt", "g", lives=timedelta(days=365), service="audit")

PURPOSES: Mapping[type[Fact], tuple[Purpose, ...]] = {
    RequestRecorded: (Purpose("request_recorded", "applicant", FOLLOW_REQUEST),),
    RequestOpened: (Purpose("request_opened", "applicant", FOLLOW_REQUEST),),
    RequestDeclined: (Purpose("request_declined", "applicant"),),
    MatchProposed: (Purpose("match_proposed", "donor", ANSWER_PROPOSAL, unless="claimed"),),
    MatchCommitted: (Purpose("match_committed", "applicant"),),
    MatchDelivered: (Purpose("match_delivered", "applicant", CONFIRM_RECEIPT),),
    MatchReopened: (
        Purpose("match_reopened", "applicant"),
        Purpose("match_not_arrived", "donor"),
    ),
    LedgerDisbursed: (Purpose("ledger_disbursed", "donor"),),
    LedgerReceived: (Purpose("ledger_received", "donor", TAKE_RECEIPT),),
}

BY_NAME: Mapping[str, Purpose] = {
    purpose.name: purpose for purposes in PURPOSES.values() for purpose in purposes
}
