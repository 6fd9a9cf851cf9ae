"""What a message brought besides its words: fetched, missed, carried to a request, forgotten."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from services.intake.decide.attachments import describe_added, list_present
from services.intake.messages import MESSAGE_UNKNOWN
from services.intake.model import Message, Person, Request
from services.intake.model.attachment import (
    ATTACHMENTS_MAX,
    AddMedia,
    Attachment,
    MissMedia,
)
from shared.contracts.events import MessageQueued
from shared.messaging.decision import NOTHING, Answer, Command, Decision, State, States

STAYS_WITH_PROVIDER = timedelta(days=3)
"""WeChat keeps what was sent to an account so long."""
TO_BE_ASKED_FOR: Mapping[str, object] = {"state": "unread", "reading": "media"}
FIRST_WAIT = timedelta(minutes=1)
WAIT_MAX = timedelta(hours=4)


def decide_add_media(states: States, item: Command[AddMedia], now: datetime) -> Decision:
    """Once, and never to a message that was forgotten meanwhile."""
    data = item.data
    message, stored = states.get_each((Message, data.message_id), (Attachment, data.attachment_id))
    if message is None or message.key is None:
        return Decision(answer=MESSAGE_UNKNOWN.refusal(404, "message_id"))
    if stored is not None:
        return Decision(answer=Answer(200, describe_added(stored)))
    if message.media != "waiting":
        return Decision(answer=Answer(200, {}))
    attachment = Attachment(
        id=data.attachment_id,
        message_id=message.id,
        media_type=data.media_type,
        size=data.size,
        file_id=data.file_id,
        key=data.key,
        giver="channel",
        added_by=data.by,
        added_at=now,
        check=data.check,
    )
    changes = {"media": "stored", "due_at": None, "attachments": (attachment.id,)}
    message = message.model_copy(update=changes)
    files: tuple[State, ...] = ()
    if message.is_part_of_request and message.request_id:
        files = _carry(states, message.request_id, [attachment])
        if message.state == "understood" and not has_room(states, message.request_id):
            return _leave_to_person(message, attachment)
    answer = Answer(201, describe_added(attachment))
    return Decision((message, *(files or (attachment,))), answer=answer)


def _leave_to_person(message: Message, attachment: Attachment) -> Decision:
    """The case takes no more files: whoever reads the message sees this one."""
    message = message.model_copy(update=TO_BE_ASKED_FOR)
    fact = MessageQueued(channel=message.channel, town_code=message.town_code)
    answer = Answer(201, describe_added(attachment))
    return Decision((message, attachment), ((message, fact),), answer)


def decide_miss_media(states: States, item: Command[MissMedia], now: datetime) -> Decision:
    """Tried again, ever more seldom, while the provider has it; then its sender is asked for it,
    where a rule had put its message aside."""
    message = states.get(Message, item.data.message_id)
    if message is None or message.media != "waiting" or message.key is None:
        return NOTHING
    ends_at = message.received_at + STAYS_WITH_PROVIDER
    if item.data.outcome == "later" and now < ends_at:
        wait = min(FIRST_WAIT * 2 ** min(message.media_tries, 20), WAIT_MAX)
        tries = message.media_tries + 1
        changes: dict[str, object] = {"due_at": min(now + wait, ends_at), "media_tries": tries}
        return Decision((message.model_copy(update=changes),))
    outcome = "refused" if item.data.outcome == "refused" else "lost"
    message = message.model_copy(update={"media": outcome, "due_at": None})
    if message.state != "understood":
        return Decision((message,))
    message = message.model_copy(update=TO_BE_ASKED_FOR)
    fact = MessageQueued(channel=message.channel, town_code=message.town_code)
    return Decision((message,), ((message, fact),))


def leave_uncarried(message: Message, files: Iterable[State]) -> Message:
    """For a person, where what it brought is with no case: it was missed, or there was no room."""
    ids = {each.id for each in files if isinstance(each, Attachment)}
    is_carried = message.media not in ("lost", "refused") and ids.issuperset(message.attachments)
    is_over = message.state == "understood" and not is_carried
    return message.model_copy(update=TO_BE_ASKED_FOR) if is_over else message


# --- with the request that it became ---


def has_room(states: States, request_id: str) -> bool:
    """Whether the case takes one more file."""
    request = states.get(Request, request_id)
    return request is None or len(list_present(states, request)) < ATTACHMENTS_MAX


def carry_files(states: States, request_id: str, messages: Iterable[Message]) -> tuple[State, ...]:
    """The states that change where files of messages become files of a case."""
    ids = [id_ for message in messages for id_ in message.attachments]
    files = states.get_many(Attachment, ids).values() if ids else ()
    return _carry(states, request_id, [each for each in files if not each.request_id])


def _carry(states: States, request_id: str, files: list[Attachment]) -> tuple[State, ...]:
    """Their keys go over to its person. Empty where nothing can be carried."""
    files = [each for each in files if each.key and not each.removed_by]
    request = states.get(Request, request_id) if files else None
    person = states.get(Person, request.person_id) if request else None
    if request is None or person is None or person.erased:
        return ()
    files = files[: max(0, ATTACHMENTS_MAX - len(list_present(states, request)))]
    if not files:
        return ()
    keys = {each.id: each.key for each in files}
    owner = {"request_id": request.id, "person_id": person.id, "key": None}
    ids = tuple(dict.fromkeys((*request.attachments, *keys)))
    return (
        request.model_copy(update={"attachments": ids}),
        person.model_copy(update={"keys": {**person.keys, **keys}}),
        *(each.model_copy(update=owner) for each in files),
    )


def forget_files(states: States, messages: Iterable[Message]) -> tuple[Attachment, ...]:
    """Those of no case: their keys go with their messages'."""
    ids = [id_ for message in messages for id_ in message.attachments]
    files = states.get_many(Attachment, ids).values() if ids else ()
    return tuple(each.model_copy(update={"key": None}) for each in files if not each.person_id)
