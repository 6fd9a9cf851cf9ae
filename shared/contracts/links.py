"""The links table: what each signed link is for, whose page it opens, where, and for how long.

A link is a token of `Keyring.make_link(purpose, subject, expires_at)` in the path of its row.
Whoever has it needs no account; the purpose keeps a link to one page from opening another.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

LinkService = Literal["intake", "matching", "audit"]


@dataclass(frozen=True, slots=True)
class SignedLink:
    """purpose: what the token is signed for. subject: which aggregate's id it carries.

    service, template: who serves the page, and under which path. lifetime: None where the event
    that calls for the link says when it expires.
    """

    purpose: str
    subject: str
    holder: Literal["applicant", "donor"]
    service: LinkService
    template: str
    lifetime: timedelta | None

    @property
    def segment(self) -> str:
        """The first part of the path, such as `d` of `/d/{token}`."""
        return self.template.split("/")[1]

    @property
    def lifetime_days(self) -> int:
        if self.lifetime is None:
            raise ValueError(f"a link for {self.purpose} lives as long as its event says")
        return self.lifetime.days

    def route(self, *below: str) -> str:
        """The path that the page's service registers; below: of a button, such as `accept`."""
        return "/".join((self.template, *below))

    def path(self, token: str, *below: str) -> str:
        return self.route(*below).format(token=token)

    def compute_end(self, made_at: datetime, deadline: datetime | None = None) -> datetime:
        """deadline: what the event says; it must be there where the row has no lifetime."""
        if self.lifetime is not None:
            return made_at + self.lifetime
        if deadline is None:
            raise ValueError(f"a link for {self.purpose} needs the deadline of its event")
        return deadline


@dataclass(frozen=True, slots=True)
class StaffPage:
    """What a notice to staff leads to: who reads it signs in, so nothing is signed.

    lifetime: how long there is something to do on it.
    """

    purpose: str
    service: LinkService
    template: str
    lifetime: timedelta

    @property
    def segment(self) -> str:
        return self.template.split("/")[1]

    def path(self, subject: str) -> str:
        return self.template.format(subject=subject)

    def compute_end(self, made_at: datetime) -> datetime:
        return made_at + self.lifetime


REQUEST = SignedLink(
    purpose="request",
    subject="request id",
    holder="applicant",
    service="intake",
    template="/r/{token}",
    lifetime=timedelta(days=90),
)
PROPOSAL = SignedLink(
    purpose="match.donor",
    subject="match id",
    holder="donor",
    service="matching",
    template="/d/{token}",
    lifetime=None,
)
PROPOSALS = SignedLink(
    purpose="proposals.donor",
    subject="donor id",
    holder="donor",
    service="matching",
    template="/p/{token}",
    lifetime=timedelta(days=30),
)
DELIVERY = SignedLink(
    purpose="match.applicant",
    subject="match id",
    holder="applicant",
    service="matching",
    template="/c/{token}",
    lifetime=timedelta(days=30),
)
MENU = SignedLink(
    purpose="offer.menu",
    subject="offer id",
    holder="donor",
    service="matching",
    template="/m/{token}",
    lifetime=timedelta(days=30),
)
GIFT_RECEIPT = SignedLink(
    purpose="gift.receipt",
    subject="donation id",
    holder="donor",
    service="audit",
    template="/g/{token}",
    lifetime=timedelta(days=365),
)
MANDATE = SignedLink(
    purpose="mandate.donor",
    subject="mandate id",
    holder="donor",
    service="audit",
    template="/a/{token}",
    lifetime=timedelta(days=365),
)

LINKS = (REQUEST, PROPOSAL, PROPOSALS, DELIVERY, MENU, GIFT_RECEIPT, MANDATE)
BY_PURPOSE = {link.purpose: link for link in LINKS}

MEETING = StaffPage("meeting", "intake", "/meetings/{subject}", timedelta(days=90))
STAFF_PAGES = {page.purpose: page for page in (MEETING,)}
