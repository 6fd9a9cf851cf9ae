"""A photo or document on a case: what it is, who added it, and whether it was checked."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.values import Identifier, Value
from shared.messaging.decision import State

AttachmentKind = Literal["before", "after", "proof", "other"]
Giver = Literal["staff", "applicant", "channel"]

FileCheck = Literal["unasked", "waiting", "clean", "infected"]
"""Of the virus check. unasked: no setting names a checker."""

ATTACHMENTS_MAX = 40
"""Of one case."""
OWN_ATTACHMENTS_MAX = 3
"""Of one case, by the applicant himself."""


class Attachment(State):
    """A file of a case or a message. Its content is sealed in GridFS, as file_id.

    The key is with the person, under this id; of a message's file it is here, until its sender is
    erased. removed_by: whoever took it
    away.
    """

    COLLECTION: ClassVar[str] = "attachments"

    request_id: str = ""
    person_id: str = ""
    message_id: str = ""
    kind: AttachmentKind = "other"
    media_type: str
    size: int
    file_id: str
    key: bytes | None = None
    giver: Giver
    added_by: str = ""
    added_at: datetime
    check: FileCheck = "unasked"
    removed_by: str = ""

    def may_be_shown(self, *, checks: bool) -> bool:
        """checks: whether a setting names a virus checker."""
        is_safe = self.check == "clean" or (self.check == "unasked" and not checks)
        return is_safe and not self.removed_by

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")


# --- commands ---


class AddAttachment(Value):
    """key: wrapped, of what is stored as file_id. area: the code prefix that who adds works in.

    source: whose alone, with channels; None is anybody's. may_restore: of an approver; others put
    back what they took away themselves.
    """

    attachment_id: Identifier
    request_id: Identifier
    kind: AttachmentKind
    media_type: str
    size: int
    file_id: str
    key: bytes = Field(repr=False)
    giver: Giver
    by: str = ""
    area: str = ""
    source: str | None = None
    may_restore: bool = False
    check: FileCheck


class RemoveAttachment(Value):
    """may_remove_any: of an approver; others take away what they added themselves."""

    attachment_id: Identifier
    request_id: Identifier
    by: str
    area: str = ""
    may_remove_any: bool = False


class AddMedia(Value):
    """What a message brought was fetched. Otherwise as in `AddAttachment`."""

    attachment_id: Identifier
    message_id: Identifier
    media_type: str
    size: int
    file_id: str
    key: bytes = Field(repr=False)
    by: str
    check: FileCheck


class MissMedia(Value):
    """It was not fetched. outcome: later, no longer there, or nothing that we take."""

    message_id: Identifier
    outcome: Literal["later", "lost", "refused"]


class SettleCheck(Value):
    """What the virus check said."""

    attachment_id: Identifier
    check: Literal["clean", "infected"]
