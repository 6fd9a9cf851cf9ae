"""Messages: what a provider reports of ours, and what a person's reply means."""

from datetime import datetime

from services.intake.decide.persons import not_awaiting
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
from shared.messaging.decision import NOTHING, Answer, AnyRef, Command, Decision, Ref, States

# --- receipts ---


def receipt_id(report: ReportMessage) -> str:
    return f"{report.provider}:{report.provider_message_id}"


def touches_report(item: Command[ReportMessage]) -> tuple[AnyRef, ...]:
    return (Ref(Receipt, receipt_id(item.data)),)


def decide_report(states: States, item: Command[ReportMessage], now: datetime) -> Decision:
    """The first report stands: providers repeat themselves, and late ones overwrite nothing."""
    report = item.data
    id_ = receipt_id(report)
    if states.get(Receipt, id_) is not None:
        return NOTHING
    receipt = Receipt(id=id_, outcome=report.outcome, code=report.code, reported_at=now)
    fact = MessageReported(
        provider=report.provider,
        provider_message_id=report.provider_message_id,
        outcome=report.outcome,
        code=report.code,
    )
    return Decision(states=(receipt,), events=((receipt, fact),))


# --- replies ---


def touches_reply(item: Command[UnderstandReply]) -> tuple[AnyRef, ...]:
    reply = Ref(Reply, item.data.reply_id)
    if item.data.handle_id:
        return (reply, Ref(Handle, item.data.handle_id))
    return (reply, Ref(Person, item.data.person_id))


def follow_reply(states: States, item: Command[UnderstandReply]) -> tuple[AnyRef, ...]:
    return (Ref(Person, _person_id(states, item.data)),)


def decide_reply(states: States, item: Command[UnderstandReply], _now: datetime) -> Decision:
    """It is about the oldest delivered match; with none waiting, 收到 says nothing, ever."""
    known = states.get(Reply, item.data.reply_id)
    if known is not None:
        return Decision(answer=_answer(known))
    person_id = _person_id(states, item.data)
    person = states.get(Person, person_id)
    if item.data.meaning == "opted_out":
        leaving = person or Person(id=person_id)
        return _understood(item.data, leaving.model_copy(update={"opted_out": True}), None)
    match_id = _meant(person, item.data.meaning)
    if person is None or match_id is None:
        # Kept, so that the provider's repetition of it confirms no later delivery.
        reply = _reply(item.data, person_id, None)
        return Decision(states=(reply,), answer=_answer(reply))
    return _understood(item.data, not_awaiting(person, match_id), match_id)


def _meant(person: Person | None, meaning: Meaning) -> str | None:
    """Who says 没收到 with nothing awaited means what somebody confirmed for him."""
    if person is None:
        return None
    if person.awaiting:
        return person.awaiting[0]
    return person.arrived or None if meaning == "not_received" else None


def _person_id(states: States, asked: UnderstandReply) -> str:
    handle = states.get(Handle, asked.handle_id) if asked.handle_id else None
    return handle.person_id if handle else asked.person_id


def _understood(asked: UnderstandReply, person: Person, match_id: str | None) -> Decision:
    reply = _reply(asked, person.id, match_id)
    fact = ReplyUnderstood(person_id=person.id, meaning=asked.meaning, match_id=match_id)
    return Decision(states=(person, reply), events=((reply, fact),), answer=_answer(reply))


def _reply(asked: UnderstandReply, person_id: str, match_id: str | None) -> Reply:
    return Reply(id=asked.reply_id, person_id=person_id, meaning=asked.meaning, match_id=match_id)


def _answer(reply: Reply) -> Answer:
    if reply.meaning != "opted_out" and reply.match_id is None:
        return Answer(200, {"meaning": "nothing_awaited"})
    body = {"meaning": reply.meaning} | ({"match_id": reply.match_id} if reply.match_id else {})
    return Answer(200, body)
