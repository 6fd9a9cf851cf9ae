"""What a provider reports of our messages, and what a person's reply means."""

from datetime import datetime

from services.intake.decide.persons import without_awaited
from services.intake.model import (
    Handle,
    Meaning,
    Person,
    Receipt,
    Reply,
    ReportMessage,
    UnderstandReply,
)
from shared.contracts.events import MessageReported, ReplyUnderstood
from shared.messaging.decision import NOTHING, Answer, Command, Decision, States

# --- receipts ---


def decide_report(states: States, item: Command[ReportMessage], now: datetime) -> Decision:
    """The first report stands: providers repeat themselves, and late ones overwrite nothing."""
    report = item.data
    receipt_id = f"{report.provider}:{report.provider_message_id}"
    if states.get(Receipt, receipt_id) is not None:
        return NOTHING
    receipt = Receipt(id=receipt_id, outcome=report.outcome, code=report.code, reported_at=now)
    fact = MessageReported(
        provider=report.provider,
        provider_message_id=report.provider_message_id,
        outcome=report.outcome,
        code=report.code,
    )
    return Decision(states=(receipt,), events=((receipt, fact),))


# --- replies ---


def decide_reply(states: States, item: Command[UnderstandReply], _now: datetime) -> Decision:
    """It is about the oldest delivered match; with none waiting, 收到 says nothing, ever."""
    data = item.data
    stored, person = _load_writer(states, data)
    if stored is not None:
        return Decision(answer=_answer(stored))
    if data.meaning == "opted_out":
        return _apply(data, person.model_copy(update={"opted_out": True}), None)
    match_id = _find_match(person, data.meaning)
    if match_id is None:
        # Stored, so that the provider's repetition of it confirms no later delivery.
        reply = _make_reply(data, person.id, None)
        return Decision(states=(reply,), answer=_answer(reply))
    return _apply(data, without_awaited(person, match_id), match_id)


def _load_writer(states: States, data: UnderstandReply) -> tuple[Reply | None, Person]:
    """The reply if it came before, and the person who wrote it: an empty one if nobody is known."""
    if data.handle_id:
        reply, handle = states.get_each((Reply, data.reply_id), (Handle, data.handle_id))
        person_id = handle.person_id if handle else data.person_id
        person = states.get(Person, person_id)
    else:
        person_id = data.person_id
        reply, person = states.get_each((Reply, data.reply_id), (Person, person_id))
    return reply, person or Person(id=person_id)


def _find_match(person: Person, meaning: Meaning) -> str | None:
    """Who says 没收到 with nothing awaited means what somebody confirmed for him."""
    if person.awaiting:
        return person.awaiting[0]
    return person.arrived or None if meaning == "not_received" else None


def _apply(data: UnderstandReply, person: Person, match_id: str | None) -> Decision:
    reply = _make_reply(data, person.id, match_id)
    fact = ReplyUnderstood(person_id=person.id, meaning=data.meaning, match_id=match_id)
    return Decision(states=(person, reply), events=((reply, fact),), answer=_answer(reply))


def _make_reply(data: UnderstandReply, person_id: str, match_id: str | None) -> Reply:
    return Reply(id=data.reply_id, person_id=person_id, meaning=data.meaning, match_id=match_id)


def _answer(reply: Reply) -> Answer:
    if reply.meaning != "opted_out" and reply.match_id is None:
        return Answer(200, {"meaning": "nothing_awaited"})
    body = {"meaning": reply.meaning} | ({"match_id": reply.match_id} if reply.match_id else {})
    return Answer(200, body)
