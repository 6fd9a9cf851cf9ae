"""What notify says, and what every service says of its dead letters."""

from typing import ClassVar, Literal

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import (
    Identifier,
)

NoticeChannel = Literal["sms", "wechat"]


class NoticeFact(Fact):
    """purpose: which notice, such as `request_opened`; regarding: the request or match id."""

    TOPIC: ClassVar[str] = topics.NOTIFICATIONS
    person_id: Identifier
    purpose: str
    regarding: Identifier
    channel: NoticeChannel


class NoticeSent(NoticeFact):
    TYPE: ClassVar[str] = "guanjia.notice.sent.v1"


class NoticeDelivered(NoticeFact):
    TYPE: ClassVar[str] = "guanjia.notice.delivered.v1"


class NoticeFailed(NoticeFact):
    TYPE: ClassVar[str] = "guanjia.notice.failed.v1"
    code: str


class NoticeUnresolved(NoticeFact):
    """Nobody knows whether it went out; only a receipt or a person can tell."""

    TYPE: ClassVar[str] = "guanjia.notice.unresolved.v1"


class NoticeBundled(NoticeFact):
    """It is told together with others, by the notice bundle_id. Nothing was sent yet."""

    TYPE: ClassVar[str] = "guanjia.notice.bundled.v1"
    bundle_id: Identifier


class NoticeCancelled(NoticeFact):
    """A later event made it needless before it was sent."""

    TYPE: ClassVar[str] = "guanjia.notice.cancelled.v1"
    code: str


class DeadLetterStored(Fact):
    """A message could not be worked; the content stays in the service that could not."""

    TYPE: ClassVar[str] = "guanjia.dead_letter.stored.v1"
    TOPIC: ClassVar[str] = topics.DEAD_LETTERS
    service: str
    topic: str
    reason: str


FACTS: tuple[type[Fact], ...] = (
    NoticeSent,
    NoticeDelivered,
    NoticeFailed,
    NoticeUnresolved,
    NoticeBundled,
    NoticeCancelled,
    DeadLetterStored,
)
