"""What a provider reports of our messages, and what a person's reply means."""

from collections.abc import Sequence
from datetime import datetime

from services.intake.decide.persons import with_own_openid, without_awaited
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
    stored, writers = _load_writers(states, data)
    if stored is not None:
        return Decision(answer=_answer(stored))
    if data.meaning == "opted_out":
        return _opt_out(data, writers)
    for person in writers:
        if match_id := _find_match(person, data.meaning):
            return _apply(data, person, match_id)
    # Stored, so that the provider's repetition of it confirms no later delivery.
    reply = _make_reply(data, writers[0].id, None)
    known = tuple(person for person in writers if person.keys)
    return Decision(states=(*known, reply), answer=_answer(reply))


def _load_writers(states: States, data: UnderstandReply) -> tuple[Reply | None, tuple[Person, ...]]:
    """The reply if it came before, and as whom we know who wrote it: at least an empty person.

    Who bound his WeChat to his phone writes for both.
    """
    if not data.handle_id:
        reply, person = states.get_each((Reply, data.reply_id), (Person, data.person_id))
        return reply, (person or Person(id=data.person_id),)
    reply, person, handle = states.get_each(
        (Reply, data.reply_id), (Person, data.person_id), (Handle, data.handle_id)
    )
    person = _with_writers_openid(person, data)
    if handle is None or not handle.verified or handle.person_id == person.id:
        return reply, (person,)
    bound = states.require(Person, handle.person_id)
    return reply, (person, bound)


def _with_writers_openid(person: Person | None, data: UnderstandReply) -> Person:
    """He writes from it: from now on it is his."""
    if person is None or data.openid is None:
        return person or Person(id=data.person_id)
    return person if person.openid_verified else with_own_openid(person, data.openid)


def _find_match(person: Person, meaning: Meaning) -> str | None:
    """Who says 没收到 with nothing awaited means what somebody confirmed for him."""
    if person.awaiting:
        return person.awaiting[0]
    return person.arrived or None if meaning == "not_received" else None


def _opt_out(data: UnderstandReply, writers: Sequence[Person]) -> Decision:
    persons = [person.model_copy(update={"opted_out": True}) for person in writers]
    reply = _make_reply(data, persons[0].id, None)
    facts = [ReplyUnderstood(person_id=person.id, meaning=data.meaning) for person in persons]
    return Decision(
        states=(*persons, reply),
        events=tuple((reply, fact) for fact in facts),
        answer=_answer(reply),
    )


def _apply(data: UnderstandReply, person: Person, match_id: str) -> Decision:
    """What moves money is believed from a contact that somebody beside the giver vouches for."""
    if not person.may_answer:
        reply = _make_reply(data, person.id, None)
        return Decision(states=(reply,), answer=Answer(200, {"meaning": "contact_unproven"}))
    person = without_awaited(person, match_id)
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
