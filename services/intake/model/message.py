"""What people write to us: each message as it came, and what goes on with one contact point.

A message is kept, sealed, before it is understood. What no rule understands waits to be read.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.intake.model.commands import Sealed
from services.intake.model.request import Meaning
from shared.contracts.events import DonorVerdict, NoticeChannel, SenderAnswer
from shared.contracts.events.donors import DeclineCause
from shared.contracts.values import Channel, Identifier, LongText, TownCode, Value
from shared.messaging.decision import Due, State

MessageKind = Literal["text", "image", "voice", "video", "location", "link", "file", "other"]

MessageState = Literal["unread", "asked", "understood", "handled"]
"""unread: it waits for a person. asked: for what the sender answers."""

Reading = Literal[
    "unknown",
    "received",
    "not_received",
    "partly",
    "no",
    "opted_out",
    "resumed",
    "thanks",
    "needless",
    "call",
    "emergency",
    "binding",
    "donor",
    "request",
    "part_of_request",
    "media",
]
"""What a rule made of it."""

Handling = Literal["request", "answer", "note", "opt_out", "opt_in", "nothing"]
"""What a member of staff made of it."""

Contacted = Literal["called", "met", "passed_on"]
"""How somebody made sure of who may be in danger: by phone, in person, or 110, 120 or 119 do."""

MediaState = Literal["", "waiting", "stored", "lost", "refused"]
"""Of a photo or voice: being fetched, here, no longer with the provider, or nothing we take."""

READ_TOGETHER_MAX = 50
"""Messages of one contact point that are read and handled at a time."""

Slot = Literal["what", "where", "whom"]

AnswerMeaning = Literal["received", "not_received", "opted_out", "resumed", "no", "reference"]
"""What of short answers is decided about. reference: only which; no: “n”."""


class Message(State):
    """One message. cipher, key: what was written and by whom, gone once it is erased.

    point_id: the contact point; earlier_id: as in `Naming`. person_id: whose it was understood to
    be. town_code: whose office reads it; the whole city's where no town is known. answer: what the
    sender was answered. is_settled: a rule is done with it. media_tries: how often it was fetched
    in vain; attachments: what came of it. due_at: when it is fetched next. contacted: how who wrote
    an urgent one was reached.
    """

    COLLECTION: ClassVar[str] = "messages"
    HAS_DEADLINES: ClassVar[bool] = True

    point_id: str
    earlier_id: str = ""
    channel: Channel
    kind: MessageKind
    received_at: datetime
    town_code: str
    cipher: bytes | None = None
    key: bytes | None = None
    state: MessageState = "unread"
    reading: Reading = "unknown"
    answer: str = ""
    is_settled: bool = False
    urgent: bool = False
    person_id: str = ""
    request_id: str | None = None
    match_id: str | None = None
    handling: Handling | None = None
    handled_by: str = ""
    handled_at: datetime | None = None
    reason: str = ""
    contacted: Contacted | None = None
    media: MediaState = ""
    media_tries: int = 0
    attachments: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        return self.state == "unread"

    @property
    def may_doubt(self) -> bool:
        """It waits, and may say that a delivery is not as it should be: a yes does not, nor what
        was asked for besides."""
        if self.state == "asked":
            return self.reading == "part_of_request"
        return self.waits and self.reading not in ("received", "request", "part_of_request")

    @property
    def is_part_of_request(self) -> bool:
        """Not where it was only noted on one, or answered it."""
        by_rule = self.state == "understood" and self.reading in ("request", "part_of_request")
        return self.request_id is not None and (by_rule or self.handling == "request")


class Dialogue(Value):
    """A request that is being asked for. content: sealed, what was said so far.

    slot: what was asked last; asked: what was asked ever. message_ids: those it consists of.
    """

    slot: Slot
    asked: tuple[Slot, ...]
    message_ids: tuple[str, ...]
    content: Sealed


class Correspondence(State):
    """What goes on with one contact point. id: the point's.

    address: sealed, where to answer. asked_meaning: an answer of
    which it was asked what it is about, by asked_message. answered_on, answers: how many answers
    by SMS it got that day; unread_on: the day on which it was told that a person reads it.
    due_at: when what was asked goes to a person. doubts: messages written while a delivery waited
    to be confirmed; while one of them is unread, it may say otherwise than the next “1”.
    request_id, requested_at: what was asked for last, by messages from there alone.
    denied, denied_at: deliveries that were said from there not to have arrived, the last one when;
    arrived, arrived_at: to have arrived.
    pressed: the delivery of which it was asked once more whether it arrived.
    alarm: the last message from there that may be about danger to life.
    """

    COLLECTION: ClassVar[str] = "correspondences"
    HAS_DEADLINES: ClassVar[bool] = True

    address: Sealed | None = None
    dialogue: Dialogue | None = None
    asked_meaning: Meaning | None = None
    asked_message: str = ""
    answered_on: str = ""
    answers: int = 0
    unread_on: str = ""
    doubts: tuple[str, ...] = ()
    request_id: str = ""
    requested_at: datetime | None = None
    denied: tuple[str, ...] = ()
    denied_at: datetime | None = None
    arrived: tuple[str, ...] = ()
    arrived_at: datetime | None = None
    pressed: str = ""
    alarm: str = ""


# --- commands ---


class KeepMessage(Value):
    """It came in. earlier_id: as in `Naming`. has_media: a photo or voice is to be fetched."""

    message_id: Identifier
    point_id: str
    earlier_id: str
    channel: Channel
    kind: MessageKind
    content: Sealed
    address: Sealed
    town_code: TownCode | None = None
    has_media: bool = False


class SettleMessage(Value):
    """What a rule makes of it. request_id: what it became. town_code: what was said of the town.

    dialogue: as it is from now on, where `follows` is the last message of the one that was read;
    follows is None where what is asked stays as it is. may_press: it may be meant as an answer to
    whether a delivery arrived, and is none. is_file: a photo, voice or video for that request.
    asks_progress: how far the case is. may_add: it goes with `request_id`, or with the case that is
    open for its sender.
    """

    message_id: Identifier
    point_id: str
    reading: Reading
    state: Literal["unread", "asked", "understood"]
    answer: SenderAnswer | None = None
    detail: str = ""
    urgent: bool = False
    request_id: str | None = None
    town_code: TownCode | None = None
    dialogue: Dialogue | None = None
    follows: str | None = None
    may_press: bool = False
    is_file: bool = False
    asks_progress: bool = False
    may_add: bool = False


class HearDonor(Value):
    """A donor's yes or no with the number that he was sent; as in UnderstandReply."""

    message_id: Identifier
    point_id: str
    earlier_id: str
    verdict: DonorVerdict
    code: str
    cause: DeclineCause


class UnderstandReply(Value):
    """point_id: what he wrote from; earlier_id: as in `Naming`. By WeChat the openid comes along:
    it is the writer's.

    message_id: empty for what is no message. references: the numbers it names; items: the things it
    names, in the catalogue's words. is_about_all: of everything that was delivered. says_more: than
    that notices shall stop.
    """

    reply_id: Identifier
    meaning: AnswerMeaning
    point_id: str
    earlier_id: str
    openid: Sealed | None = None
    message_id: str = ""
    channel: NoticeChannel = "sms"
    references: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    is_about_all: bool = False
    says_more: bool = False


class AbandonDialogue(Due):
    """Nobody answered what was asked."""


class HandleMessage(Value):
    """What a member of staff makes of it. area: the code prefix he works in.

    also: further messages of the same contact point that he read together with it.
    """

    message_id: Identifier
    also: Annotated[tuple[Identifier, ...], Field(max_length=READ_TOGETHER_MAX)] = ()
    handling: Handling
    reason: Annotated[LongText, Field(min_length=1, max_length=500)]
    by: str
    area: str = ""
    request_id: Identifier | None = None
    match_id: Identifier | None = None
    meaning: Meaning | None = None
    contacted: Contacted | None = None


class ForgetMessages(Value):
    """Their sender is erased: of what they said nothing stays."""

    message_ids: tuple[Identifier, ...]
    point_ids: tuple[str, ...] = ()
