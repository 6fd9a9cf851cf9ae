"""What a message adds to a dialogue, and which question comes next. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.intake.callbacks.places import list_nearest, read_nearest
from services.intake.channels.answers import Sense, is_greeting
from services.intake.channels.spoken_goods import is_good
from services.intake.channels.spoken_places import SpokenPlace
from services.intake.channels.text import Draft, Understood, find_town, read_count, read_slot
from services.intake.model import AnswerMeaning, Correspondence, Dialogue, Reading, Slot
from services.intake.vault.messages import Inbound, Talk
from shared.contracts.events import SenderAnswer

ASKED_MAX = 2
"""So often each question is asked: once, and once more in other words."""
PART_OF_REQUEST = frozenset({"image", "voice", "video"})
"""Sent while we ask for something, or right after, it belongs to that."""
FOLLOWS_WITHIN = timedelta(minutes=30)
DECIDED: dict[Sense, AnswerMeaning] = {
    Sense.RECEIVED: "received",
    Sense.NOT_RECEIVED: "not_received",
    Sense.STOP: "opted_out",
    Sense.START: "resumed",
    Sense.NO: "no",
    Sense.REFERENCE: "reference",
}
FOR_A_PERSON: dict[Sense, Reading] = {
    Sense.PARTLY: "partly",
    Sense.CALL: "call",
    Sense.UNKNOWN: "unknown",
}

_AGAIN: dict[Slot, SenderAnswer] = {
    "what": "what_again",
    "where": "where_again",
    "whom": "whom_again",
}


@dataclass(frozen=True, slots=True)
class SlotQuestion:
    """is_again: in other words, because the first answer was not understood."""

    slot: Slot
    is_again: bool = False

    @property
    def answer(self) -> SenderAnswer:
        return _AGAIN[self.slot] if self.is_again else self.slot


def add_message(
    talk: Talk, dialogue: Dialogue | None, understood: Understood, inbound: Inbound
) -> Talk:
    """What was said so far, with this message. dialogue: None where it begins one."""
    label = inbound.place.label if inbound.place else ""
    if dialogue:
        draft = read_slot(dialogue.slot, inbound.text, label)
        if draft.need is None and talk.draft.need is None:
            need = read_count(talk.texts[-1:], inbound.text)
            draft = draft.model_copy(update={"need": need})
    elif isinstance(understood, Draft):
        draft = understood
    else:
        draft = Draft(town_code=find_town(label))
    line = inbound.text or label
    texts = (*talk.texts, line) if line else talk.texts
    whole = talk.draft.fill(draft)
    if dialogue and isinstance(understood, SpokenPlace):
        whole = whole.correct(understood)
    return Talk(whole, texts, inbound.place or talk.place)


def read_number(dialogue: Dialogue, talk: Talk, written: str) -> str | None:
    """What a number alone answers: which of the towns that were named, or how many; None for what
    is none."""
    if dialogue.slot == "where":
        return read_nearest(written, list_nearest(talk.place))
    is_count = written.strip().isdecimal() and talk.draft.need is None
    return written if is_count and read_count(talk.texts[-1:], written) else None


def may_begin(
    thread: Correspondence, understood: Understood, inbound: Inbound, now: datetime
) -> bool:
    """Whether it asks for something; a thing alone may say which delivery was meant, where that
    was asked, and a place alone where it is that was asked for just now."""
    is_which = bool(thread.asked_message) and is_good(inbound.text)
    is_draft = isinstance(understood, Draft) and not is_which
    is_place = inbound.kind == "location" and find_latest_request(thread, now) is None
    return is_draft or is_place or inbound.kind == "image"


def find_request_of(thread: Correspondence, inbound: Inbound, now: datetime) -> str | None:
    """The request that a photo or voice belongs to, sent right after it was recorded."""
    is_file = inbound.kind in PART_OF_REQUEST and not inbound.text
    return find_latest_request(thread, now) if is_file else None


def find_added_to(thread: Correspondence, inbound: Inbound, now: datetime) -> str | None:
    """The request that words which no rule reads go with, sent right after it was recorded."""
    is_said = inbound.kind in ("text", "location") and not is_greeting(inbound.text)
    return find_latest_request(thread, now) if is_said and not thread.dialogue else None


def find_latest_request(thread: Correspondence, now: datetime) -> str | None:
    """What was recorded so lately that whatever is written next is about it."""
    if thread.requested_at is None or now - thread.requested_at > FOLLOWS_WITHIN:
        return None
    return thread.request_id


def choose_question(dialogue: Dialogue | None, before: Draft, draft: Draft) -> SlotQuestion | None:
    """before: as the draft was without this message. None: each is asked as often as it may be.

    What was not understood is asked once more at once; an answer to another question is taken, and
    what was never asked comes before what is asked again.
    """
    slots = dialogue.asked if dialogue else ()
    is_open = dialogue is not None and dialogue.slot in draft.missing
    if dialogue is not None and is_open and draft.missing == before.missing:
        may_again = slots.count(dialogue.slot) < ASKED_MAX
        return SlotQuestion(dialogue.slot, is_again=True) if may_again else None
    for slot in sorted(draft.missing, key=slots.count):
        if slots.count(slot) < ASKED_MAX:
            return SlotQuestion(slot, is_again=slot in slots)
    return None
