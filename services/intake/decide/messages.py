"""Messages: what a provider reports of ours, and what a person's reply means."""

from datetime import datetime

from services.intake.decide.persons import not_awaiting
from services.intake.model import (
    Handle,
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
    """`received` is for the oldest delivered match; with none waiting it says nothing."""
    if states.get(Reply, item.data.reply_id) is not None:
        return Decision(answer=Answer(200, {"meaning": item.data.meaning}))
    person_id = _person_id(states, item.data)
    person = states.get(Person, person_id)
    if item.data.meaning == "opted_out":
        known = person or Person(id=person_id)
        return _understood(item.data, known.model_copy(update={"opted_out": True}), None)
    if person is None or not person.awaiting:
        return Decision(answer=Answer(200, {"meaning": "nothing_awaited"}))
    match_id = person.awaiting[0]
    return _understood(item.data, not_awaiting(person, match_id), match_id)


def _person_id(states: States, asked: UnderstandReply) -> str:
    handle = states.get(Handle, asked.handle_id) if asked.handle_id else None
    return handle.person_id if handle else asked.person_id


def _understood(asked: UnderstandReply, person: Person, match_id: str | None) -> Decision:
    reply = Reply(id=asked.reply_id, person_id=person.id, meaning=asked.meaning, match_id=match_id)
    fact = ReplyUnderstood(person_id=person.id, meaning=asked.meaning, match_id=match_id)
    body = {"meaning": asked.meaning} | ({"match_id": match_id} if match_id else {})
    return Decision(states=(person, reply), events=((reply, fact),), answer=Answer(200, body))
