"""What intake says: requests and receipts."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.events.notices import NoticeChannel
from shared.contracts.values import (
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Identifier,
    Kind,
    Moment,
    Need,
    Quantity,
    ShortText,
)

ApprovalLevel = Literal["village", "town", "city"]
CaseStage = Literal[
    "recorded", "returned", "meeting", "referred", "open", "committed", "delivered", "budget"
]
"""What a case waits for: an approval, a correction, the joint meeting, a department's answer, a
donor, the delivery, the person's word, work that is paid from the public budget."""
ClockName = Literal["stage", "whole"]
PauseReason = Literal[
    "papers_missing", "person_asks", "person_away", "department_asked", "goods_delayed", "weather"
]


class RequestFact(Fact):
    TOPIC: ClassVar[str] = topics.REQUESTS
    person_id: Identifier


Quiet = Literal[True] | None
"""True of a backlog's request: its person hears of it when something comes of it."""


class RequestRecorded(RequestFact):
    """It waits for an approval. area: whose approvers; None in events of before.

    danger: its words name danger to life, and nobody read them and said that it can wait.
    """

    TYPE: ClassVar[str] = "guanjia.request.recorded.v1"
    channel: Channel
    approval_level: ApprovalLevel
    area: Area | None = None
    quiet: Quiet = None
    danger: Literal[True] | None = None


class RequestOpened(RequestFact):
    """It is open to the resource library.

    beneficiary_class: what somebody of the house or a register confirmed; else `general`.
    vouched_by: the staff on whose word it stands: who recorded it, who saw the person.
    name_id: intake's keyed digest of the name: two persons with the same one are called the same.
    asked_quantity: where a part was approved; `need` is that part. part_reason: why, in words of a
    table.
    """

    TYPE: ClassVar[str] = "guanjia.request.opened.v1"
    kind: Kind
    category: Category
    beneficiary_class: BeneficiaryClass
    channel: Channel
    need: Need
    area: Area
    recorded_at: Moment
    vouched_by: tuple[Identifier, ...] = ()
    name_id: Identifier | None = None
    quiet: Quiet = None
    asked_quantity: Quantity | None = None
    part_reason: ShortText | None = None

    @property
    def is_whole(self) -> bool:
        """And its person is told."""
        return self.asked_quantity is None and not self.quiet

    @property
    def is_part(self) -> bool:
        return self.asked_quantity is not None and not self.quiet


class RequestReturned(RequestFact):
    """Something has to be put right before it can be judged. code, reason: of a table.

    to_person: whether he can mend it himself, or who recorded it has to. area: as of who recorded
    it.
    """

    TYPE: ClassVar[str] = "guanjia.request.returned.v1"
    code: Identifier
    reason: ShortText
    to_person: bool
    area: Area


class RequestMended(RequestFact):
    """It waits for an approval again. area, approval_level, danger: as in `RequestRecorded`."""

    TYPE: ClassVar[str] = "guanjia.request.mended.v1"
    approval_level: ApprovalLevel
    area: Area
    danger: Literal[True] | None = None


Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class RequestReferred(RequestFact):
    """First to a statutory policy that the class has a right to. policy, department: of a table.

    answer_on: the day by which the department answers.
    """

    TYPE: ClassVar[str] = "guanjia.request.referred.v1"
    policy: Identifier
    policy_zh: ShortText
    department: ShortText
    answer_on: Day
    area: Area

    @property
    def detail(self) -> str:
        """8月20日: what the notice leaves open."""
        _, month, day = self.answer_on.split("-")
        return f"{int(month)}月{int(day)}日"


class RequestBudgeted(RequestFact):
    """A public work is paid from the public budget: no donor is looked for."""

    TYPE: ClassVar[str] = "guanjia.request.budgeted.v1"
    area: Area


class RequestUnbudgeted(RequestFact):
    """The public budget does not pay it after all, for a reason of a table: it waits for an
    approval again."""

    TYPE: ClassVar[str] = "guanjia.request.unbudgeted.v1"
    reason: Annotated[str, Field(pattern=r"^[a-z_]{3,40}$")]
    approval_level: ApprovalLevel
    area: Area


class RequestSettled(RequestFact):
    """It ended well without a donor: granted by a policy, done from the public budget, or by other
    means with proof; two people say so."""

    TYPE: ClassVar[str] = "guanjia.request.settled.v1"
    way: Literal["policy", "budget", "other"]
    area: Area


class RequestClassified(RequestFact):
    """The class of an open request was confirmed or corrected: its urgency changes."""

    TYPE: ClassVar[str] = "guanjia.request.classified.v1"
    beneficiary_class: BeneficiaryClass
    vouched_by: tuple[Identifier, ...] = ()


class RequestDeclined(RequestFact):
    """reason: chosen from a table, in words for the person. code: its row; None in older events."""

    TYPE: ClassVar[str] = "guanjia.request.declined.v1"
    reason: ShortText
    code: Identifier | None = None


class RequestWithdrawn(RequestFact):
    """by_staff: staff noted that the person wants no more help, so the person hears of it."""

    TYPE: ClassVar[str] = "guanjia.request.withdrawn.v1"
    by_staff: bool = False


class RequestClosed(RequestFact):
    """Everything that was needed has been delivered and confirmed."""

    TYPE: ClassVar[str] = "guanjia.request.closed.v1"


class RequestReopened(RequestFact):
    """Help that was confirmed did not really arrive: the request is open for that part again.

    is_separated: it was withdrawn as another's repetition, and somebody found that it is none.
    """

    TYPE: ClassVar[str] = "guanjia.request.reopened.v1"
    is_separated: bool = False


class ClockFact(RequestFact):
    """A clock of the case. stage: what it waits for; clock: of that, or of the whole case.

    due_at: the midnight that ends its last day in China. area: whose it is, without the cell.
    level: whose it is to act; None is who works on it in the town.
    """

    stage: CaseStage
    clock: ClockName
    due_at: Moment
    area: Area
    level: ApprovalLevel | None = None


class RequestReminded(ClockFact):
    """It is due soon."""

    TYPE: ClassVar[str] = "guanjia.request.reminded.v1"


class RequestOverdue(ClockFact):
    """apology: true where the person is told that it takes longer; not oftener than monthly."""

    TYPE: ClassVar[str] = "guanjia.request.overdue.v1"
    apology: Literal[True] | None = None


class RequestEscalated(ClockFact):
    """It is still overdue, and `level` is told."""

    TYPE: ClassVar[str] = "guanjia.request.escalated.v1"


class RequestPaused(RequestFact):
    """Its clocks stand still, for a reason and until a day."""

    TYPE: ClassVar[str] = "guanjia.request.paused.v1"
    reason: PauseReason
    until: Moment


class RequestResumed(RequestFact):
    TYPE: ClassVar[str] = "guanjia.request.resumed.v1"


FollowedStage = Literal["merged", "committed", "delivered", "closed", "separated"]


class RequestFollowed(RequestFact):
    """Subject: a request that a person said is another's need; its reporter stays told.

    request_id: the one that it goes with. stage: what became of that; separated: it stands alone
    again.
    """

    TYPE: ClassVar[str] = "guanjia.request.followed.v1"
    request_id: Identifier
    stage: FollowedStage


class RequestUnmet(RequestFact):
    """Subject: a request that goes with another. What its reporter was told was found for that one
    fell through; it is looked for again."""

    TYPE: ClassVar[str] = "guanjia.request.unmet.v1"
    request_id: Identifier


class RequestHastened(RequestFact):
    """An emergency is on where it is: `approval_level` decides it now (None where it is open), and
    its deadlines are nearer. to_person: true where the person hears of it."""

    TYPE: ClassVar[str] = "guanjia.request.hastened.v1"
    emergency_id: Identifier
    area: Area
    approval_level: ApprovalLevel | None = None
    to_person: Literal[True] | None = None


class MessageReported(Fact):
    """What a provider said of a message. Subject: `<provider>:<provider's message id>`.

    point_id: of the phone that it was for, by which a message is found whose id was never heard.
    notice_id: where the provider gives back what it was given. reported_at: when the phone got it.
    """

    TYPE: ClassVar[str] = "guanjia.receipt.reported.v1"
    TOPIC: ClassVar[str] = topics.RECEIPTS
    IS_ONLY_EVENT: ClassVar[bool] = True
    provider: Literal["tencent", "aliyun", "wechat"]
    provider_message_id: Identifier
    outcome: Literal["delivered", "failed"]
    code: Annotated[str, Field(max_length=100)] = ""
    point_id: Identifier | None = None
    notice_id: Identifier | None = None
    reported_at: datetime | None = None


class SubscriptionAnswered(Fact):
    """Whether a WeChat account wants one more message of a template. Subject: of this answer.

    account_id: intake's name of the account. accepted: one message more; else none at all.
    """

    TYPE: ClassVar[str] = "guanjia.subscription.answered.v1"
    TOPIC: ClassVar[str] = topics.RECEIPTS
    account_id: Identifier
    template_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    accepted: bool


class ReplyUnderstood(Fact):
    """What a person's reply means. Subject: the reply's id, derived from the provider's.

    not_received: of what was delivered, or of what was confirmed for him a while ago.
    channel: by which he wrote; what an opt-out covers. read_by: the member of staff who read it,
    where no rule understood it.
    """

    TYPE: ClassVar[str] = "guanjia.reply.understood.v1"
    TOPIC: ClassVar[str] = topics.RECEIPTS
    person_id: Identifier
    meaning: Literal["received", "not_received", "opted_out"]
    match_id: Identifier | None = None
    channel: NoticeChannel | None = None
    read_by: Identifier | None = None


FACTS: tuple[type[Fact], ...] = (
    RequestRecorded,
    RequestReturned,
    RequestHastened,
    RequestMended,
    RequestReferred,
    RequestBudgeted,
    RequestSettled,
    RequestUnbudgeted,
    RequestUnmet,
    RequestOpened,
    RequestClassified,
    RequestDeclined,
    RequestWithdrawn,
    RequestClosed,
    RequestReopened,
    RequestReminded,
    RequestOverdue,
    RequestEscalated,
    RequestPaused,
    RequestResumed,
    RequestFollowed,
    MessageReported,
    SubscriptionAnswered,
    ReplyUnderstood,
)
