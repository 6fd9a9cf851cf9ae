"""What is said of a request while it is judged: its steps, and the commands that take them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.events import ApprovalLevel
from shared.contracts.values import Category, Identifier, Quantity, Value

Act = Literal[
    "approved", "part_approved", "declined", "returned", "corrected", "sent_to_meeting", "adjourned"
]
# Why less is approved than was asked for: the person reads the table's words.
PartReason = Literal["fund_limited", "standard_limit", "need_smaller", "partly_helped"]
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


class NotedCommand(Value):
    """note: in clear until `prepare_note` sealed it, which is before anything is decided."""

    request_id: Identifier
    note: Annotated[str, Field(repr=False)] = ""
    sealed_note: SealedNote | None = None


class ReturnRequest(NotedCommand):
    """To who recorded it; to the person where he wrote himself."""

    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    approver_id: str
    reason: ReturnReason


class MendRequest(NotedCommand):
    """What was missing is there: it waits again. by: empty for the person behind his link.

    quantity, category: as they are right; None leaves them.
    """

    area: str = ""
    by: str = ""
    quantity: Quantity | None = None
    category: Category | None = None
