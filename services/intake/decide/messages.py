"""Messages of people: kept, settled by a rule, forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.intake.decide.alarms import find_alarm, share_town
from services.intake.decide.identities import Reached, list_reached
from services.intake.decide.media import carry_files, forget_files, has_room, leave_uncarried
from services.intake.decide.progress_answers import describe_progress, find_open_case
from services.intake.decide.returned import find_returned
from services.intake.decide.second_words import find_unanswered, has_denied
from services.intake.model import (
    AbandonDialogue,
    ContactPoint,
    Correspondence,
    ForgetMessages,
    KeepMessage,
    Message,
    Reading,
    SettleMessage,
)
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    MessageAnswered,
    MessageQueued,
    SenderAnswer,
)
from shared.contracts.events.messages import PHRASES
from shared.contracts.values import CHINA, Channel
from shared.messaging.decision import NOTHING, Answer, Command, Decision, State, States
from shared.references import format_reference
from shared.scope import TOWN_CODE_DIGITS
from shared.towns import CITY_WIDE

ANSWERS_A_DAY_MAX = 8
EMERGENCIES_A_DAY_MAX = 3 * ANSWERS_A_DAY_MAX
"""Chatter of before must not keep the hotline from who needs it."""
"""By SMS, to one number: whoever forges its messages has it bothered no more than that."""

DESPITE_OPT_OUT: frozenset[SenderAnswer] = frozenset({"opted_out", "resumed", "emergency"})
REPLACED: frozenset[SenderAnswer | None] = frozenset({"unread", "withdrawn", "added"})
"""Where a delivery waits, its sender is told that it is not confirmed by this."""
ABOUT_DELIVERY: frozenset[Reading] = frozenset({"received", "not_received", "partly"})
ASKED_FOR = timedelta(hours=24)
"""So long a question of ours waits for its answer; then a person reads what was written."""
SPOKEN = frozenset({"text", "voice"})
DOUBTS_MAX = 20
"""Of one contact point: one is enough to have a person read the next yes."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a rule makes of a message. answer: what its sender is told; detail: a part of it."""

    reading: Reading
    state: str
    answer: SenderAnswer | None = None
    detail: str = ""
    urgent: bool = False
    request_id: str | None = None
    match_id: str | None = None
    person_id: str = ""


# --- kept ---


def decide_keep(states: States, item: Command[KeepMessage], now: datetime) -> Decision:
    """Before anybody knows what it means. The same message again is what it was."""
    data = item.data
    stored, thread = states.get_each((Message, data.message_id), (Correspondence, data.point_id))
    reached = list_reached(states, data.point_id, data.earlier_id)
    if stored is not None:
        return Decision(answer=Answer(200, describe_settled(stored)))
    message = Message(
        id=data.message_id,
        point_id=data.point_id,
        earlier_id=data.earlier_id,
        channel=data.channel,
        kind=data.kind,
        received_at=now,
        town_code=data.town_code or _find_town(reached),
        cipher=data.content.cipher,
        key=data.content.key,
        media="waiting" if data.has_media else "",
        due_at=now if data.has_media else None,
    )
    thread = thread or Correspondence(id=data.point_id)
    if thread.address is None:
        thread = thread.model_copy(update={"address": data.address})
    is_open = has_denied(thread, now) or any(each.person.awaiting for each in reached)
    if message.kind in SPOKEN and is_open:
        thread = _with_doubt(states, thread, message)
    return Decision((message, thread), answer=Answer(201, describe_settled(message)))


def _with_doubt(states: States, thread: Correspondence, message: Message) -> Correspondence:
    """Before it is understood: until then, whatever it says stands against a later yes."""
    others = states.get_many(Message, thread.doubts).values()
    doubts = [other.id for other in others if other.may_doubt][: DOUBTS_MAX - 1]
    return thread.model_copy(update={"doubts": (*doubts, message.id)})


def _find_town(reached: Sequence[Reached]) -> str:
    """Whose office knows those whom the contact point reaches."""
    towns = {each.person.area[:TOWN_CODE_DIGITS] for each in reached if each.person.area}
    whole = {town for town in towns if len(town) == TOWN_CODE_DIGITS}
    return whole.pop() if len(whole) == 1 else CITY_WIDE


def describe_settled(message: Message) -> dict[str, object]:
    """For the way in, which answers a repetition as it answered the first."""
    return {
        "is_settled": message.is_settled,
        "answer": message.answer,
        "reading": message.reading,
        "request_id": message.request_id,
    }


# --- settled by a rule ---


def decide_settle(states: States, item: Command[SettleMessage], now: datetime) -> Decision:
    """409 where another message changed the dialogue meanwhile: it is read again."""
    data = item.data
    message, correspondence = load_message(states, data.message_id, data.point_id)
    if message.is_settled:
        return Decision(answer=Answer(200, describe_settled(message)))
    settlement = Settlement(
        reading=data.reading,
        state=data.state,
        answer=data.answer,
        detail=data.detail,
        urgent=data.urgent,
        request_id=data.request_id,
    )
    if data.is_file and data.request_id and not has_room(states, data.request_id):
        settlement = replace(settlement, reading="media", state="unread", answer="unread")
    if data.asks_progress:
        answer, detail = describe_progress(states, message)
        settlement = Settlement(data.reading, data.state, answer, detail)
    if data.may_add:
        settlement = _add_to_case(states, message, settlement)
    pressed = find_unanswered(states, message, correspondence) if data.may_press else ""
    if pressed:
        detail = format_reference(pressed)
        settlement = Settlement(data.reading, "understood", "arrived", detail)
        correspondence = correspondence.model_copy(update={"pressed": pressed})
    if data.follows is None:
        settled = settle(states, message, correspondence, settlement, now)
        return replace(settled, answer=_answer_settled(settled))
    dialogue = correspondence.dialogue
    if data.follows != (dialogue.message_ids[-1] if dialogue else ""):
        return Decision(answer=Answer(409, {}))
    message = _place(message, data)
    others = _settle_dialogue(states, correspondence, data)
    waits_until = now + ASKED_FOR if data.dialogue or correspondence.asked_message else None
    correspondence = correspondence.model_copy(
        update={"dialogue": data.dialogue, "due_at": waits_until}
    )
    if data.reading == "request" and data.request_id:
        changes = {"request_id": data.request_id, "requested_at": now}
        correspondence = correspondence.model_copy(update=changes)
    settled = settle(states, message, correspondence, settlement, now)
    files = carry_files(states, data.request_id, (message, *others)) if data.request_id else ()
    others = tuple(leave_uncarried(other, files) for other in others)
    queued = tuple(queue(other) for other in others if other.waits)
    return replace(
        settled,
        states=(*settled.states, *others, *files),
        events=(*settled.events, *queued),
        answer=_answer_settled(settled),
    )


def _add_to_case(states: States, message: Message, settlement: Settlement) -> Settlement:
    """A person reads it there; as any other message where no case is open."""
    request_id = settlement.request_id
    if request_id is None and (request := find_open_case(states, message)):
        request_id = request.id
    if request_id is None:
        return settlement
    detail = format_reference(request_id)
    return replace(settlement, answer="added", detail=detail, request_id=request_id)


def _answer_settled(settled: Decision) -> Answer:
    message = next(state for state in settled.states if isinstance(state, Message))
    return Answer(200, describe_settled(message))


def _settle_dialogue(
    states: States, correspondence: Correspondence, data: SettleMessage
) -> tuple[Message, ...]:
    """The earlier messages of a dialogue that ends: a request, or all of it for a person."""
    if correspondence.dialogue is None or data.dialogue is not None:
        return ()
    messages = states.get_many(Message, correspondence.dialogue.message_ids).values()
    if data.request_id:
        changes: dict[str, object] = {"state": "understood", "request_id": data.request_id}
    else:
        changes = {"state": "unread"}
    questions = (message for message in messages if message.state == "asked")
    return tuple(_place(message, data).model_copy(update=changes) for message in questions)


def _place(message: Message, data: SettleMessage) -> Message:
    """All messages of a dialogue are read in the town that one of them names."""
    if data.town_code is None or message.town_code != CITY_WIDE:
        return message
    return message.model_copy(update={"town_code": data.town_code})


def load_message(states: States, message_id: str, point_id: str) -> tuple[Message, Correspondence]:
    message, correspondence = states.get_each((Message, message_id), (Correspondence, point_id))
    if message is None:
        message = states.require(Message, message_id)
    return message, correspondence or Correspondence(id=point_id)


def settle(
    states: States,
    message: Message,
    correspondence: Correspondence,
    settlement: Settlement,
    now: datetime,
) -> Decision:
    """The message as a rule left it, first, what its sender is told, and whom it waits for."""
    alarm = find_alarm(states, correspondence)
    settlement = _word_answer(states, message, correspondence, settlement, is_alarmed=bool(alarm))
    is_told = True
    if settlement.answer and message.channel is Channel.SMS:
        point = states.get(ContactPoint, message.point_id)
        is_closed = point is not None and point.opted_out
        correspondence, is_told = _count_answer(
            correspondence, settlement.answer, now, is_closed=is_closed
        )
    if not is_told and settlement.answer in PHRASES:  # nobody hears what the rule would say
        settlement = replace(settlement, state="unread", answer=None)
    about = settlement.request_id
    if about is None and settlement.state == "unread":
        about = find_returned(states, message)
    message = message.model_copy(
        update={
            "is_settled": True,
            "reading": settlement.reading,
            "state": settlement.state,
            "answer": settlement.answer or "",
            "urgent": settlement.urgent or (alarm is not None and settlement.state != "understood"),
            "request_id": about,
            "match_id": settlement.match_id,
            "person_id": settlement.person_id,
        }
    )
    others: tuple[State, ...] = ()
    if alarm is not None and message.urgent:
        placed, message = share_town(alarm, message)
        others = () if placed is alarm else (placed,)
    if settlement.urgent and message.waits:
        correspondence = correspondence.model_copy(update={"alarm": message.id})
    events: list[tuple[State, Fact]] = [queue(message)] if message.waits else []
    if settlement.answer and message.channel is Channel.SMS and is_told:
        fact = MessageAnswered.of(correspondence.id, settlement.answer, settlement.detail)
        events.append((message, fact))
    return Decision((message, correspondence, *others), tuple(events))


def _word_answer(
    states: States,
    message: Message,
    correspondence: Correspondence,
    settlement: Settlement,
    *,
    is_alarmed: bool,
) -> Settlement:
    """In place of “somebody reads it”, what it means for who waits, or is in danger."""
    answer = settlement.answer
    is_read_later = settlement.state == "unread" and answer not in (None, "emergency")
    if is_alarmed and is_read_later:
        return replace(settlement, answer="urgent_noted")
    if answer in REPLACED and message.id in correspondence.doubts:
        return replace(settlement, answer="noted")
    if answer != "unread" or settlement.reading not in ABOUT_DELIVERY:
        return settlement
    if settlement.reading == "not_received":
        progress, detail = describe_progress(states, message)
        if progress != "progress_none":
            return replace(settlement, answer=progress, detail=detail)
    return replace(settlement, answer="none_awaited")


def queue(message: Message) -> tuple[State, Fact]:
    fact = MessageQueued(
        channel=message.channel, town_code=message.town_code, urgent=message.urgent
    )
    return message, fact


def say_unread(states: States, message: Message, now: datetime) -> Decision:
    """That a person reads it, where no rule said anything of it yet: by SMS, once a day."""
    if message.channel is not Channel.SMS:
        return NOTHING
    _, correspondence = load_message(states, message.id, message.point_id)
    point = states.get(ContactPoint, message.point_id)
    is_closed = point is not None and point.opted_out
    correspondence, is_told = _count_answer(correspondence, "unread", now, is_closed=is_closed)
    fact = MessageAnswered.of(correspondence.id, "unread", "")
    return Decision((correspondence,), ((message, fact),)) if is_told else NOTHING


def _count_answer(
    correspondence: Correspondence, answer: SenderAnswer, now: datetime, *, is_closed: bool
) -> tuple[Correspondence, bool]:
    """Whether it is sent: that a person reads it once a day, and never too many of any kind."""
    today = now.astimezone(CHINA).date().isoformat()
    count = correspondence.answers if correspondence.answered_on == today else 0
    most = EMERGENCIES_A_DAY_MAX if answer == "emergency" else ANSWERS_A_DAY_MAX
    is_silent = is_closed and answer not in DESPITE_OPT_OUT
    is_repeated = answer == "unread" and correspondence.unread_on == today
    if is_silent or is_repeated or count >= most:
        return correspondence, False
    changes: dict[str, object] = {"answered_on": today, "answers": count + 1}
    if answer == "unread":
        changes["unread_on"] = today
    return correspondence.model_copy(update=changes), True


# --- nobody answered ---


def decide_abandon(states: States, item: Command[AbandonDialogue], now: datetime) -> Decision:
    """What was begun waits for a person, with all that was said."""
    correspondence = states.get(Correspondence, item.data.aggregate_id)
    if correspondence is None or correspondence.due_at != item.data.due_at:
        return NOTHING
    if item.data.due_at > now:
        return NOTHING
    dialogue = correspondence.dialogue
    ids = (*dialogue.message_ids, correspondence.asked_message) if dialogue else ()
    ids = ids or (correspondence.asked_message,)
    messages = states.get_many(Message, filter(None, ids)).values()
    queued = tuple(m.model_copy(update={"state": "unread"}) for m in messages if m.state == "asked")
    ended = correspondence.model_copy(
        update={"dialogue": None, "asked_meaning": None, "asked_message": "", "due_at": None}
    )
    return Decision((ended, *queued), tuple(queue(message) for message in queued))


# --- forgotten ---


def decide_forget(states: States, item: Command[ForgetMessages], _now: datetime) -> Decision:
    """The keys go, so what was written is noise, and so do the words of staff about it; when and
    through which channel stays. What waited to be read waits no more: nothing is left to read."""
    messages = states.get_many(Message, item.data.message_ids).values()
    threads = states.get_many(Correspondence, item.data.point_ids).values()
    changes = {"cipher": None, "key": None, "due_at": None, "reason": ""}
    over = {"state": "understood", "is_settled": True, "urgent": False}
    emptied = (
        message.model_copy(update=changes if message.state == "handled" else changes | over)
        for message in messages
    )
    ended = (
        Correspondence(id=thread.id, correlation_id=thread.correlation_id) for thread in threads
    )
    states_after = (*emptied, *ended, *forget_files(states, messages))
    return Decision(states_after, answer=Answer(200, {"forgotten": len(messages)}))
