"""What notify knows: notices with their attempts, dispatches, opt-outs; and what it may be asked.

    created -> sending -> sent -> delivered
                  |-> retry -> sending       certainly not sent: later, or on another channel
                  |-> unknown                may have been sent: a receipt or a person tells
                  |-> failed                 nothing more is tried

Only a receipt of delivery changes a notice that is failed, and nothing changes a delivered one.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.events import NoticeChannel
from shared.contracts.links import LinkService
from shared.contracts.values import DonorKind, Identifier, Value
from shared.messaging.decision import Due, State

"""Whose page a link leads to."""
NoticeState = Literal["created", "sending", "retry", "sent", "unknown", "failed", "delivered"]
Said = Literal["sent", "retry", "refused", "misconfigured", "unknown"]
Receipt = Literal["delivered", "failed"]
Code = Annotated[str, Field(max_length=100)]

PROVIDERS: dict[NoticeChannel, str] = {"sms": "tencent", "wechat": "wechat"}


def dispatch_id(channel: NoticeChannel, provider_message_id: str) -> str:
    """The subject under which intake reports what became of a message."""
    return f"{PROVIDERS[channel]}:{provider_message_id}"


class Attempt(Value):
    """One call to a provider.

    outcome: what it said, `unknown` also where nobody heard it; None while it runs;
    `written_off`: unclear, and a person decided to send again.
    """

    number: int
    channel: NoticeChannel
    claimed_at: datetime
    outcome: Said | Literal["written_off"] | None = None
    ended_at: datetime | None = None
    code: str = ""
    receipt: Receipt | None = None

    @property
    def is_open(self) -> bool:
        """Whether a clear word can still come."""
        return self.outcome in (None, "unknown", "written_off")

    @property
    def stands(self) -> bool:
        """It was taken by the provider, and nothing says that it did not arrive."""
        return self.outcome == "sent" and self.receipt != "failed"


class Link(Value):
    """What a signed link is for; the link itself is made when it is sent."""

    service: LinkService = "matching"
    purpose: str
    path: str
    subject: str
    expires_at: datetime


class Notice(State):
    """One message to one person about one event.

    channel: where the last attempt went. reachable: where the person could be reached then.
    tries: attempts ever made; some that were certainly not sent are not kept.
    donor_id: whose name the person may see; it is asked for at the moment of sending.
    """

    COLLECTION: ClassVar[str] = "notices"

    person_id: str
    purpose: str
    regarding: str
    correlation_id: str
    created_at: datetime
    state: NoticeState = "created"
    channel: NoticeChannel | None = None
    code: str = ""
    link: Link | None = None
    amount_fen: int | None = None
    donor_id: str | None = None
    donor_kind: DonorKind | None = None
    reachable: tuple[NoticeChannel, ...] = ()
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    resolved_by: str | None = None

    def attempt(self, number: int) -> Attempt | None:
        return next((a for a in self.attempts if a.number == number), None)

    @property
    def last_attempt(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None

    @property
    def unclear_since(self) -> datetime | None:
        """When the first attempt began of which nobody knows the outcome."""
        return next((a.claimed_at for a in self.attempts if a.outcome == "unknown"), None)

    def is_due(self, due_at: datetime, now: datetime) -> bool:
        return self.state in ("created", "retry") and self.due_at == due_at and due_at <= now

    def became(
        self,
        state: NoticeState,
        *,
        due_at: datetime | None = None,
        code: str = "",
        channel: NoticeChannel | None = None,
    ) -> "Notice":
        changed = {"state": state, "due_at": due_at, "code": code[:100]}
        return self.model_copy(update=changed | {"channel": channel or self.channel})

    def with_attempt(self, attempt: Attempt) -> "Notice":
        """Replaces the one with its number."""
        kept = tuple(attempt if a.number == attempt.number else a for a in self.attempts)
        return self.model_copy(update={"attempts": kept})


class Dispatch(State):
    """A provider's message id, and whose it is. id: `<provider>:<provider's message id>`.

    It comes into being with the provider's answer or with the receipt, whichever is first:
    an early receipt waits here for its notice.
    """

    COLLECTION: ClassVar[str] = "dispatches"

    notice_id: str | None = None
    attempt: int = 0
    receipt: Receipt | None = None
    code: str = ""
    expires_at: datetime


class OptOut(State):
    """This person wants no SMS. id: the person's."""

    COLLECTION: ClassVar[str] = "opt_outs"

    since: datetime


# --- what is asked ----------------------------------------------------------------------------


class ClaimNotice(Value):
    """Somebody is about to send it. The rest is what intake knows of the person right now."""

    notice_id: Identifier
    person_id: Identifier
    due_at: datetime
    reachable: tuple[NoticeChannel, ...]
    opted_out: bool = False
    erased: bool = False


class RecordOutcome(Value):
    """What the provider said to one attempt."""

    notice_id: Identifier
    attempt: int
    channel: NoticeChannel
    said: Said
    provider_message_id: Identifier | None = None
    code: Code = ""
    retry_after_s: float = 0


class NoticeDue(Due):
    """A claim ran out without an outcome."""


class ResolveNotice(Value):
    """A person found out what became of an unclear notice, or decides to send it again."""

    notice_id: Identifier
    verdict: Literal["sent", "failed", "resend"]
    provider_message_id: Identifier | None = None
