"""What notify stores (notices with their attempts, dispatches, opt-outs) and its commands.

    created -> sending -> sent -> delivered
       |          |-> retry -> sending       certainly not sent: later, or on another channel
       |          |-> unknown                may have been sent: a receipt or a person says
       |          |-> failed                 nothing more is tried
       |-> bundled                           it goes with others in one message
       |-> cancelled                         a later event made it needless before it was sent

Only a receipt of delivery changes a notice that is failed, and nothing changes a delivered one.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.notify.duties import Duty
from shared.contracts.events import NoticeChannel
from shared.contracts.links import LinkService
from shared.contracts.values import Category, DonorKind, Identifier, Value
from shared.messaging.decision import Due, State

NoticeState = Literal[
    "created", "sending", "retry", "sent", "unknown", "failed", "delivered", "bundled", "cancelled"
]
OutcomeKind = Literal["sent", "retry", "refused", "misconfigured", "unknown"]
Receipt = Literal["delivered", "failed"]
SmsProvider = Literal["tencent", "aliyun"]
ProviderName = Literal["tencent", "aliyun", "wechat"]
Code = Annotated[str, Field(max_length=100)]


class Attempt(Value):
    """One call to a provider.

    outcome: the provider's answer; `unknown` also where no answer came; None while it runs;
    `written_off`: unclear, and a person decided to send again. provider: None in the oldest ones.
    point_id: intake's name of the phone, or of the account of a WeChat subscribe message, whose
    credit it used: subscription_id. not_before: its provider takes it no earlier. register_id:
    where the call is noted when it begins; empty where it begins with its claim.
    """

    number: int
    channel: NoticeChannel
    provider: ProviderName | None = None
    point_id: str | None = None
    claimed_at: datetime
    outcome: OutcomeKind | Literal["written_off"] | None = None
    ended_at: datetime | None = None
    code: str = ""
    receipt: Receipt | None = None
    not_before: datetime | None = None
    subscription_id: str = ""
    register_id: str = ""

    @property
    def is_open(self) -> bool:
        """Whether a clear outcome can still come."""
        return self.outcome in (None, "unknown", "written_off")

    @property
    def sender(self) -> ProviderName:
        return self.provider or ("wechat" if self.channel == "wechat" else "tencent")

    @property
    def is_accepted(self) -> bool:
        """Whether the provider accepted it, and no receipt says that it did not arrive."""
        return self.outcome == "sent" and self.receipt != "failed"


class Link(Value):
    """What a signed link is for; the link itself is signed when the notice is sent."""

    service: LinkService = "matching"
    purpose: str
    path: str
    subject: str
    expires_at: datetime


class About(Value):
    """As the event says it; nothing of a person. day: as 2026-05-01. office: a department."""

    category: Category | None = None
    quantity: int = 0
    unit: str = ""
    item: str = ""
    town_code: str = ""
    until: datetime | None = None
    day: str = ""
    reason: str = ""
    office: str = ""


TaskOutcome = Literal["told", "not_reached", "wrong_number", "needless"]


class PhoneTask(Value):
    """No channel reaches the person: a member of staff calls or sees him. why: the code that ended
    the notice. calls: how often he was not reached. outcome: of the last; `needless` by nobody
    where later news ended it."""

    state: Literal["open", "done"] = "open"
    why: str
    calls: int = 0
    outcome: TaskOutcome | None = None
    done_by: str = ""
    done_at: datetime | None = None


class Notice(State):
    """One message to one person about one event.

    channel: where the last attempt went. reachable: where the person could be reached then. tries:
    attempts ever made; some that were certainly not sent are no longer stored. donor_id: whose name
    the person may see; it is fetched at the moment of sending. word_id: whose code it carries,
    which is made at the moment of sending; asked_by: who will hear it; valid_until: later than that
    it says nothing any more. asks: of a digest, whether one in it waits for a word. count,
    counted_at: of a digest for staff, how many things wait, and
    since what time of day. detail: what the template leaves open. reply_code: the number that a
    donor answers with. area: where somebody would tell the person, if no channel does; empty where
    nobody says. lane: with what else it takes turns while more is due than can be sent
    (`lanes.py`). about: what for, how much, where and until when, where its words say so.
    begins_at: not before this, from which it counts how old it is. bundle_id: the notice that tells
    it together with others. is_overtaken: a later event came while it was being sent, so it is not
    tried again.
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
    word_id: str | None = None
    asked_by: str = ""
    asks: bool = False
    count: int | None = None
    counted_at: str = ""
    valid_until: datetime | None = None
    detail: str = ""
    reply_code: str = ""
    area: str = ""
    lane: str = ""
    reachable: tuple[NoticeChannel, ...] = ()
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    resolved_by: str | None = None
    about: About | None = None
    begins_at: datetime | None = None
    task: PhoneTask | None = None
    bundle_id: str | None = None
    is_overtaken: bool = False

    def find_attempt(self, number: int) -> Attempt | None:
        return next((a for a in self.attempts if a.number == number), None)

    @property
    def last_attempt(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None

    @property
    def unclear_attempt(self) -> Attempt | None:
        """The first one that may have gone out without anybody knowing."""
        return next((a for a in self.attempts if a.outcome == "unknown"), None)

    @property
    def counts_from(self) -> datetime:
        """Since when it is news."""
        return self.begins_at or self.created_at

    def is_due(self, due_at: datetime, now: datetime) -> bool:
        return self.state in ("created", "retry") and self.due_at == due_at and due_at <= now

    def with_state(
        self,
        state: NoticeState,
        *,
        due_at: datetime | None = None,
        code: str = "",
        channel: NoticeChannel | None = None,
    ) -> "Notice":
        return self.model_copy(
            update={
                "state": state,
                "due_at": due_at,
                "code": code[:100],
                "channel": channel or self.channel,
            }
        )

    def with_attempt(self, attempt: Attempt) -> "Notice":
        """Replaces the attempt of the same number."""
        attempts = tuple(attempt if a.number == attempt.number else a for a in self.attempts)
        return self.model_copy(update={"attempts": attempts})


class Dispatch(State):
    """A provider's message id, and whose it is. id: `<provider>:<provider's message id>`.

    It comes into being with the provider's answer or with the receipt, whichever is first:
    an early receipt waits here for its notice. point_id, reported_at: of the receipt. named: whose
    it is by the provider's word, where it gives back what it was given.
    """

    COLLECTION: ClassVar[str] = "dispatches"

    notice_id: str | None = None
    attempt: int = 0
    receipt: Receipt | None = None
    code: str = ""
    point_id: str | None = None
    reported_at: datetime | None = None
    named: str = ""
    expires_at: datetime


class Waiting(Value):
    """A notice in a mailbox. about: its match, mandate or request; request_id: of the case.

    is_small: it may go together with others. is_late: the day was full, so it waits for the next
    morning. has_begun: it was sent, or tried. overtook: what was cancelled for its sake, oldest
    first: if it is taken back unheard, the last of that is the news.
    """

    notice_id: str
    purpose: str
    about: str
    request_id: str = ""
    at: datetime
    is_small: bool = False
    is_late: bool = False
    has_begun: bool = False
    overtook: tuple[str, ...] = ()


class Mailbox(State):
    """What one person was or will be sent: so that nobody gets too much, or old news. id: his.

    day, count: how many messages went to him on that day in China, without answers and codes.
    """

    COLLECTION: ClassVar[str] = "mailboxes"

    day: str = ""
    count: int = 0
    waiting: tuple[Waiting, ...] = ()

    def count_on(self, day: str) -> int:
        return self.count if self.day == day else 0

    def find(self, notice_id: str) -> Waiting | None:
        return next((each for each in self.waiting if each.notice_id == notice_id), None)

    def with_waiting(self, *entries: Waiting) -> "Mailbox":
        """Replaces those of the same notices."""
        ids = {each.notice_id for each in entries}
        others = (each for each in self.waiting if each.notice_id not in ids)
        return self.model_copy(update={"waiting": (*others, *entries)})

    def without(self, notice_ids: Collection[str]) -> "Mailbox":
        rest = tuple(each for each in self.waiting if each.notice_id not in notice_ids)
        return self.model_copy(update={"waiting": rest})

    def with_message(self, day: str) -> "Mailbox":
        """One more went to him."""
        return self.model_copy(update={"day": day, "count": self.count_on(day) + 1})


class StaffMember(State):
    """Who of the staff is told what waits for him. id: his staff number, as credentials hold it.

    person_id: under which his contact lies in intake's vault. area: he is told of this place alone;
    empty is the whole city. duties: none once he was removed.
    """

    COLLECTION: ClassVar[str] = "staff"

    person_id: str
    duties: tuple[Duty, ...]
    area: str = ""
    put_by: str = ""
    put_at: datetime

    def to_json(self) -> dict[str, object]:
        visible = self.model_dump(mode="json", exclude={"id", "due_at", "correlation_id"})
        return {"holder": self.id, **visible}


class Backlog(State):
    """What came in for one duty in one place since the last digest. due_at: of the next."""

    COLLECTION: ClassVar[str] = "backlogs"
    HAS_DEADLINES: ClassVar[bool] = True

    duty: Duty
    purpose: str
    area: str = ""
    count: int = 0


# --- commands ---


class PutStaffMember(Value):
    """Which duties somebody has, and where he is reached."""

    holder: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    person_id: Identifier
    duties: Annotated[tuple[Duty, ...], Field(min_length=1)]
    area: Annotated[str, Field(pattern=r"^(\d{6}|\d{9}|\d{12})?$")] = ""


class RemoveStaffMember(Value):
    holder: Identifier


class SendDigest(Due):
    """A digest's time has come. person_ids: of who has the duty there now."""

    person_ids: tuple[Identifier, ...]


class ClaimNotice(Value):
    """A process is about to send it. The rest is what intake knows of the person right now.

    own_phone: whether his phone is certainly his. sms_providers: who may send an SMS now; whose
    turn it is first. preferred: where he is told first, if he said so. is_budget_gone: only what
    is urgent goes by SMS this month. subscription_id: where his credits for its template stand.
    register_id: of the claim of a call that has no place yet.
    """

    notice_id: Identifier
    person_id: Identifier
    due_at: datetime
    reachable: tuple[NoticeChannel, ...]
    opted_out: bool = False
    erased: bool = False
    own_phone: bool = False
    sms_providers: tuple[SmsProvider, ...] = ("tencent",)
    point_id: Identifier | None = None
    preferred: NoticeChannel | None = None
    is_budget_gone: bool = False
    subscription_id: str = ""
    register_id: str = ""


class RecordOutcome(Value):
    """What became of one attempt. parts: SMS that it is billed as; shard: of who counts them."""

    notice_id: Identifier
    attempt: int
    channel: NoticeChannel
    provider: ProviderName | None = None
    outcome: OutcomeKind
    provider_message_id: Identifier | None = None
    code: Code = ""
    retry_after_s: float = 0
    blocked: bool = False
    blames_name: bool = False
    parts: int = 0
    shard: int = 0


class PutOffNotice(Due):
    """Its provider has no room now; others go first."""


class NoticeDue(Due):
    """A claim ran out, or no receipt came. dispatch_id: whose may be the unclear attempt's."""

    dispatch_id: str | None = None


class RecordCall(Value):
    """What came of a phone task. also: of the same person, by that call. area: of the caller."""

    notice_id: Identifier
    outcome: TaskOutcome
    area: str = ""
    also: tuple[Identifier, ...] = ()


class ResolveNotice(Value):
    """A person found out what became of an unclear notice, or decides to send it again."""

    notice_id: Identifier
    verdict: Literal["sent", "failed", "resend"]
    provider_message_id: Identifier | None = None
