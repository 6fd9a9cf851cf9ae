"""What is said of a request while it is judged: its steps, and the commands that take them."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.events import ApprovalLevel
from shared.contracts.values import Category, Identifier, Quantity, ShortText, Value

Act = Literal[
    "approved",
    "part_approved",
    "declined",
    "returned",
    "corrected",
    "sent_to_meeting",
    "adjourned",
    "referred",
    "answered",
    "budgeted",
    "ending_reported",
    "ending_refused",
    "ended",
    "hastened",
    "budget_stopped",
]
# Why less is approved than was asked for: the person reads the table's words.
PartReason = Literal["fund_limited", "standard_limit", "need_smaller", "partly_helped"]
# Why a work is not paid from the public budget after all.
BudgetStop = Literal["funds_withdrawn", "plan_changed", "site_unsuitable", "work_abandoned"]
# What has to be put right before it can be judged.
ReturnReason = Literal[
    "place_unclear",
    "quantity_unclear",
    "need_unclear",
    "class_unproven",
    "proof_missing",
    "contact_wrong",
]


class SealedNote(Value):
    """What staff or the person write besides. record: under which its key is with the person."""

    record: str
    cipher: bytes
    key: bytes


class Step(Value):
    """One thing that was done. by: a holder; empty for the person himself. code: of a table.

    meeting_id: where a joint meeting decided. quantity: what it was about afterwards. note: a
    cipher, its key under note_record.
    """

    at: datetime
    act: Act
    by: str = ""
    code: str = ""
    quantity: int | None = None
    note_record: str = ""
    note: bytes | None = None
    meeting_id: str = ""


class CaseNote(Value):
    """What one of the staff writes on a case, beside no step. cipher: its key is with the person,
    under record."""

    at: datetime
    by: str
    record: str
    cipher: bytes


class NotedCommand(Value):
    """note: in clear until `prepare_note` sealed it, which is before anything is decided."""

    request_id: Identifier
    note: Annotated[str, Field(repr=False)] = ""
    sealed_note: SealedNote | None = None


NOTE_MAX = 2000
"""Characters of a note on a case: the page's field takes as many."""


class AddCaseNote(NotedCommand):
    """area: the code prefix that who writes works in. danger: as in MendRequest."""

    note: Annotated[str, Field(max_length=NOTE_MAX, repr=False)] = ""
    area: str = ""
    by: str
    danger: bool = False


class ReturnRequest(NotedCommand):
    """To who recorded it; to the person where he wrote himself."""

    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    approver_id: str
    reason: ReturnReason


class MendRequest(NotedCommand):
    """What was missing is there: it waits again. by: empty for the person behind his link.

    quantity, category: as they are right; None leaves them. danger: the note has words of danger to
    life.
    """

    area: str = ""
    by: str = ""
    quantity: Quantity | None = None
    category: Category | None = None
    danger: bool = False


# --- other good endings ---

ReferralOutcome = Literal["granted", "partly", "refused"]
EndingWay = Literal["policy", "budget", "other"]
AttachmentIds = Annotated[tuple[Identifier, ...], Field(max_length=20)]


class Referral(Value):
    """To a policy that the class has a right to. policy: its code; department: the table's words.

    answer_on: the day by which the department answers. outcome: None while it has not.
    """

    policy: str
    policy_zh: str
    policy_en: str
    department_zh: str
    department_en: str
    by: str
    at: datetime
    answer_on: str
    outcome: ReferralOutcome | None = None


class Ending(Value):
    """What somebody says was done, until a second person confirms it. reference: of a document.

    before_ids, after_ids: of attachments.
    """

    way: EndingWay
    by: str
    at: datetime
    reference: str = ""
    before_ids: tuple[str, ...] = ()
    after_ids: tuple[str, ...] = ()
    confirmed_by: str = ""


class ApproverCommand(NotedCommand):
    """levels: those that who decides approves at; area: the code prefix he works in."""

    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    by: str


class ReferRequest(ApproverCommand):
    """First to what the class has a right to. policy: a code of the table. answer_on: None is
    after the table's working days."""

    policy: Identifier
    answer_on: date | None = None


class RecordReferralAnswer(ApproverCommand):
    """What the department said, as staff enter it. quantity: what is still needed where a part was
    granted."""

    outcome: ReferralOutcome
    quantity: Quantity | None = None


class TakeBudget(ApproverCommand):
    """A public work is paid from the public budget. reference: of the budget's document."""

    reference: ShortText


class StopBudget(ApproverCommand):
    """It waits for an approval again."""

    reason: BudgetStop


class ReportEnding(NotedCommand):
    """Done: from the budget, or by other means with proof. by: who saw it."""

    area: str = ""
    by: str
    way: Literal["budget", "other"]
    reference: Annotated[str, Field(max_length=200)] = ""
    before_ids: AttachmentIds = ()
    after_ids: AttachmentIds = ()


class JudgeEnding(ApproverCommand):
    """By another than reported it. digest: of what he read; empty where no page showed it."""

    is_right: bool
    digest: str = ""
