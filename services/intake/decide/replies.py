"""What a provider reports of our messages, and what a person's reply means."""

from collections.abc import Sequence
from datetime import datetime

from services.intake.decide.identities import Reached, list_reached
from services.intake.decide.persons import with_own_openid, without_awaited
from services.intake.model import (
    ContactPoint,
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
    """It is about the oldest delivered match of whom the contact point reaches.

    With none waiting, 收到 says nothing, ever. Where two people wait, nothing is guessed.
    """
    data = item.data
    stored = states.get(Reply, data.reply_id)
    reached = list_reached(states, data.point_id, data.earlier_id)
    if stored is not None:
        return Decision(answer=_answer(stored))
    if data.meaning == "opted_out":
        return _opt_out(states, data, [each.person for each in reached])
    known = _list_with_openid(data, reached)
    waiting = [each for each in reached if _find_match(each.person, data.meaning)]
    if len(waiting) == 1:
        return _apply(data, waiting[0])
    # Stored, so that the provider's repetition of it confirms no later delivery.
    reply = _make_reply(data, reached[0].person.id if reached else data.earlier_id, None)
    answer = Answer(200, {"meaning": "several_awaited"}) if waiting else _answer(reply)
    return Decision(states=(*known, reply), answer=answer)


def _list_with_openid(data: UnderstandReply, reached: Sequence[Reached]) -> list[Person]:
    """He writes from it: from now on it is his, where the account reaches nobody else."""
    if data.openid is None or len(reached) != 1:
        return []
    person = reached[0].person
    is_known = person.openid_verified or not person.keys
    return [] if is_known else [with_own_openid(person, data.openid)]


def _find_match(person: Person, meaning: Meaning) -> str | None:
    """Who says 没收到 with nothing awaited means what somebody confirmed for him."""
    if person.awaiting:
        return person.awaiting[0]
    return person.arrived or None if meaning == "not_received" else None


def _opt_out(states: States, data: UnderstandReply, persons: list[Person]) -> Decision:
    """Of everybody whom it reaches, and of who is reached there later by another's word."""
    persons = persons or [states.get(Person, data.earlier_id) or Person(id=data.earlier_id)]
    persons = [person.model_copy(update={"opted_out": True}) for person in persons]
    point = states.get(ContactPoint, data.point_id) or ContactPoint(id=data.point_id)
    point = point.model_copy(update={"opted_out": True})
    reply = _make_reply(data, persons[0].id, None)
    facts = [ReplyUnderstood(person_id=person.id, meaning=data.meaning) for person in persons]
    return Decision(
        states=(*persons, point, reply),
        events=tuple((reply, fact) for fact in facts),
        answer=_answer(reply),
    )


def _apply(data: UnderstandReply, reached: Reached) -> Decision:
    """What moves money is believed from a contact that somebody beside the giver vouches for."""
    person = reached.person
    match_id = _find_match(person, data.meaning)
    if match_id is None or not (reached.link.may_answer or person.openid_verified):
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
