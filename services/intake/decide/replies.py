"""What a provider reports of our messages, and what a person's reply means."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.intake.decide.identities import Reached, are_one, list_reached
from services.intake.decide.messages import ASKED_FOR, Settlement, load_message, settle
from services.intake.decide.persons import with_own_openid, without_awaited
from services.intake.decide.second_words import (
    has_denied,
    is_said_again,
    list_retractable,
    with_arrived_there,
    with_denied,
)
from services.intake.decide.voices import HEARD, hear_point
from services.intake.model import (
    ContactPoint,
    Correspondence,
    Meaning,
    Message,
    Person,
    Reading,
    Receipt,
    Reply,
    ReportMessage,
    Request,
    UnderstandReply,
)
from shared.contracts.events import MessageReported, NoticesResumed, ReplyUnderstood
from shared.messaging.decision import NOTHING, Answer, Command, Decision, State, States
from shared.references import find_request_id, format_reference

# --- receipts ---


def decide_message_report(states: States, item: Command[ReportMessage], now: datetime) -> Decision:
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
        point_id=report.point_id,
        notice_id=report.notice_id,
        reported_at=report.reported_at,
    )
    return Decision(states=(receipt,), events=((receipt, fact),))


# --- replies ---


@dataclass(frozen=True, slots=True)
class Question:
    """A delivery that waits for its person's detail, and how the contact point reaches him."""

    reached: Reached
    match_id: str

    @property
    def person(self) -> Person:
        return self.reached.person

    @property
    def reference(self) -> str:
        return format_reference(self.match_id)

    @property
    def may_be_answered(self) -> bool:
        """An account that is his makes no phone his that staff gave."""
        link = self.reached.link
        return link.may_answer or (self.person.openid_verified and not link.entered_by)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote: everybody whom the contact point reaches, and what goes on there. denied: what was
    said from there not to have arrived, and may be said to have arrived after all."""

    data: UnderstandReply
    reached: tuple[Reached, ...]
    thread: Correspondence
    denied: tuple[tuple[Reached, str], ...] = ()

    @property
    def person_id(self) -> str:
        return self.reached[0].person.id if self.reached else self.data.earlier_id

    def list_known(self) -> tuple[Person, ...]:
        """He writes from the account: from now on it is his, where it reaches nobody else."""
        openid = self.data.openid
        if openid is None or len(self.reached) != 1 or self.reached[0].link.entered_by:
            return ()
        person = self.reached[0].person
        is_known = person.openid_verified or not person.keys
        return () if is_known else (with_own_openid(person, openid),)

    def list_questions(self, meaning: str) -> list[Question]:
        """Who says 没收到 with nothing awaited means what somebody confirmed for him.

        What no word from here can answer is no question where another is.
        """
        awaited = [Question(each, id_) for each in self.reached for id_ in each.person.awaiting]
        if meaning == "received":
            awaited += [Question(each, id_) for each, id_ in self.denied]
        if not awaited and meaning == "not_received":
            reached = (each for each in self.reached if each.person.arrived)
            awaited = [Question(each, each.person.arrived) for each in reached]
        return [question for question in awaited if question.may_be_answered] or awaited


def decide_reply(states: States, item: Command[UnderstandReply], now: datetime) -> Decision:
    """It is about the question that is open for who wrote. One: about that. Several: about the one
    that it names, or he is asked. None: a person reads it. Never about what is guessed."""
    data = item.data
    stored, thread = states.get_each((Reply, data.reply_id), (Correspondence, data.point_id))
    heard = hear_point(states, data.point_id, item.principal) if data.meaning in HEARD else None
    reached = list_reached(states, data.point_id, data.earlier_id, heard)
    if stored is not None:
        return Decision(answer=_build_answer(stored))
    thread = thread or Correspondence(id=data.point_id)
    denied = list_retractable(states, thread, reached, now)
    writer = Writer(data, tuple(reached), thread, tuple(denied))
    decision = _decide_meaning(states, writer, now)
    if heard and not _has_doubt(states, writer):
        decision = replace(decision, states=(*decision.states, heard))
    return _settle(states, decision, writer, now) if data.message_id else decision


def _decide_meaning(states: States, writer: Writer, now: datetime) -> Decision:
    match writer.data.meaning:
        case "opted_out":
            return _opt_out(states, writer)
        case "resumed":
            return _resume(states, writer)
        case "no":  # to which of our questions, it does not say; nor that notices shall stop
            return _leave_to_person(writer, "unread")
        case "reference":
            answered = writer.thread.asked_meaning
            if answered is None:
                return _leave_to_person(writer, "unread")
            return _apply(states, writer, answered, now)
        case meaning:
            return _apply(states, writer, meaning, now)


# --- which delivery ---


def _find_named(
    states: States, data: UnderstandReply, questions: list[Question]
) -> list[Question] | None:
    """The only one whose case asks for the one thing that the reply names; None where it names no
    thing, several, or one that several or none have."""
    if len(data.items) != 1 or data.references or data.is_about_all or len(questions) < 2:
        return None
    ids = {question.match_id: find_request_id(question.match_id) for question in questions}
    requests = states.get_many(Request, sorted(filter(None, ids.values())))
    items = {id_: request.need.item for id_, request in requests.items()}
    named = [q for q in questions if items.get(ids[q.match_id]) == data.items[0]]
    return named if len(named) == 1 else None


def _choose(data: UnderstandReply, questions: list[Question]) -> list[Question] | None:
    """Those it is about; empty where nothing is open, None where it does not say which."""
    if data.references:
        named = [q for q in questions if q.reference in data.references]
        is_clear = len(named) == len({q.reference for q in named}) == len(data.references)
        return named if is_clear or (named and data.is_about_all) else None
    return questions if len(questions) <= 1 or data.is_about_all else None


def _has_doubt(states: States, writer: Writer) -> bool:
    """“打错了”, “收到一半”, and nobody read it yet: a yes behind it pays nothing by itself."""
    point = states.get(ContactPoint, writer.data.point_id)
    bound = states.get(Correspondence, point.bound_to) if point and point.bound_to else None
    doubts = (*writer.thread.doubts, *(bound.doubts if bound else ()))
    ids = [id_ for id_ in doubts if id_ != writer.data.message_id]
    return any(message.may_doubt for message in states.get_many(Message, ids).values())


def _apply(states: States, writer: Writer, meaning: Meaning, now: datetime) -> Decision:
    """What moves money is believed from a contact that somebody beside the giver vouches for."""
    data, questions = writer.data, writer.list_questions(meaning)
    chosen = _find_named(states, data, questions) or _choose(data, questions)
    if chosen is None:
        return _ask_which(writer, questions)
    if not chosen:
        return _leave_to_person(writer, _find_outcome(states, writer, meaning, now))
    if meaning == "received" and _has_doubt(states, writer):
        return _leave_to_person(writer, "noted")
    if not all(question.may_be_answered for question in chosen):
        reply = _make_reply(data, chosen[0].person.id, outcome="contact_unproven")
        return Decision(states=(reply,), answer=_build_answer(reply))
    persons: dict[str, Person] = {}
    for question in chosen:
        person = persons.get(question.person.id, question.person)
        persons[person.id] = without_awaited(person, question.match_id)
    reply = _make_reply(data, chosen[0].person.id, match_id=chosen[0].match_id, meaning=meaning)
    facts = [
        ReplyUnderstood(
            person_id=q.person.id, meaning=meaning, match_id=q.match_id, channel=data.channel
        )
        for q in chosen
    ]
    return Decision(
        states=(*persons.values(), reply),
        events=tuple((reply, fact) for fact in facts),
        answer=_build_answer(reply),
    )


def _find_outcome(states: States, writer: Writer, meaning: Meaning, now: datetime) -> str:
    """Of a word about a delivery where none is open for it."""
    if meaning == "received" and has_denied(writer.thread, now):
        return "noted"
    is_repeated = meaning == "received" and is_said_again(
        states, writer.thread, writer.reached, now
    )
    return "repeated" if is_repeated else "nothing_awaited"


def _ask_which(writer: Writer, questions: list[Question]) -> Decision:
    """By the numbers that the messages carried; where these do not tell them apart, a person."""
    references = tuple(dict.fromkeys(question.reference for question in questions))
    if len(references) <= 1 or writer.data.references:
        return _leave_to_person(writer, "unread")
    reply = _make_reply(writer.data, writer.person_id, outcome="which", references=references)
    return Decision(states=(*writer.list_known(), reply), answer=_build_answer(reply))


def _leave_to_person(writer: Writer, outcome: str) -> Decision:
    """Stored, so that the provider's repetition of it confirms no later delivery."""
    reply = _make_reply(writer.data, writer.person_id, outcome=outcome)
    return Decision(states=(*writer.list_known(), reply), answer=_build_answer(reply))


# --- notices stop and begin again ---


def _opt_out(states: States, writer: Writer) -> Decision:
    """Of the contact point: of a phone no SMS, to nobody whom it reaches or will; of an account
    nothing on WeChat. On a phone of several it is one's word, and about this phone alone: whoever
    of them is reached elsewhere goes on to be told there."""
    data = writer.data
    # Whom staff alone say that it reaches is told on: it is nobody's word but their own.
    persons = [each.person for each in writer.reached if not each.link.entered_by]
    if not writer.reached:
        persons = [states.get(Person, data.earlier_id) or Person(id=data.earlier_id)]
    point = states.get(ContactPoint, data.point_id) or ContactPoint(id=data.point_id)
    changed: list[State] = [point.model_copy(update={"opted_out": True})]
    speaking = persons if persons and are_one(persons) else []
    if data.channel == "sms":
        changed += [person.model_copy(update={"opted_out": True}) for person in speaking]
    # Of a phone that several share, nobody knows whose words they are.
    person_id = speaking[0].id if speaking else ""
    reply = _make_reply(data, person_id, outcome="opted_out", meaning="opted_out")
    facts = [
        ReplyUnderstood(person_id=person.id, meaning="opted_out", channel=data.channel)
        for person in speaking
    ]
    return Decision((*changed, reply), tuple((reply, fact) for fact in facts), _build_answer(reply))


def _resume(states: States, writer: Writer) -> Decision:
    data = writer.data
    point = states.get(ContactPoint, data.point_id)
    changed: list[State] = [point.model_copy(update={"opted_out": False})] if point else []
    persons = [each.person for each in writer.reached if not each.link.entered_by]
    if data.channel == "sms":
        closed = (person for person in persons if person.opted_out)
        changed += [person.model_copy(update={"opted_out": False}) for person in closed]
    reply = _make_reply(data, writer.person_id, outcome="resumed", meaning="resumed")
    facts = [NoticesResumed(person_id=person.id, channel=data.channel) for person in persons]
    return Decision((*changed, reply), tuple((reply, fact) for fact in facts), _build_answer(reply))


# --- the message it came in ---


def _settle(states: States, decision: Decision, writer: Writer, now: datetime) -> Decision:
    """The message as the reply leaves it, beside what was decided."""
    data = writer.data
    message, thread = load_message(states, data.message_id, data.point_id)
    if message.is_settled:
        return decision
    reply = next(state for state in decision.states if isinstance(state, Reply))
    if reply.outcome == "which":
        thread = thread.model_copy(
            update={
                "asked_meaning": data.meaning,
                "asked_message": message.id,
                "due_at": thread.due_at or now + ASKED_FOR,
            }
        )
        which = Settlement(_read(data), "asked", "which", detail=reply.references[-1])
        return _join(decision, settle(states, message, thread, which, now))
    others: tuple[Message, ...] = ()
    if reply.match_id and thread.asked_message:
        question = states.get(Message, thread.asked_message)
        others = (
            (_resolve(question, reply.match_id),) if question and question.state == "asked" else ()
        )
        thread = thread.model_copy(
            update={
                "asked_meaning": None,
                "asked_message": "",
                "due_at": thread.due_at if thread.dialogue else None,
            }
        )
    thread = _with_word(thread, decision, now)
    settled = settle(states, message, thread, _describe(data, reply), now)
    return _join(decision, replace(settled, states=(*settled.states, *others)))


def _with_word(thread: Correspondence, decision: Decision, now: datetime) -> Correspondence:
    """What did not arrive may be said to have arrived after all, from here."""
    facts = [fact for _, fact in decision.events if isinstance(fact, ReplyUnderstood)]
    denied = [fact.match_id for fact in facts if fact.meaning == "not_received" and fact.match_id]
    arrived = [fact.match_id for fact in facts if fact.meaning == "received" and fact.match_id]
    thread = with_arrived_there(thread, arrived, now) if arrived else thread
    return with_denied(thread, denied, now) if denied else thread


def _resolve(question: Message, match_id: str) -> Message:
    """Which delivery was meant is said now."""
    return question.model_copy(update={"state": "understood", "match_id": match_id})


def _describe(data: UnderstandReply, reply: Reply) -> Settlement:
    reading = _read(data)
    match reply.outcome:
        case "opted_out" | "resumed":
            what: Literal["opted_out", "resumed"] = reply.outcome
            state = "unread" if data.says_more else "understood"
            return Settlement(what, state, what, person_id=reply.person_id)
        case "":
            return Settlement(
                reading, "understood", match_id=reply.match_id, person_id=reply.person_id
            )
        case "repeated":
            return Settlement(reading, "understood", person_id=reply.person_id)
        case _:
            return Settlement(reading, "unread", "unread")


def _read(data: UnderstandReply) -> Reading:
    return "unknown" if data.meaning == "reference" else data.meaning


def _join(decision: Decision, settled: Decision) -> Decision:
    """The first's answer."""
    states, events = (*decision.states, *settled.states), (*decision.events, *settled.events)
    return replace(decision, states=states, events=events)


def _make_reply(
    data: UnderstandReply,
    person_id: str,
    *,
    match_id: str | None = None,
    meaning: str = "",
    outcome: str = "",
    references: tuple[str, ...] = (),
) -> Reply:
    return Reply(
        id=data.reply_id,
        person_id=person_id,
        meaning=meaning or data.meaning,
        match_id=match_id,
        outcome=outcome,
        references=references,
    )


def _build_answer(reply: Reply) -> Answer:
    """outcome: empty where a match came of it, and in replies of before."""
    if reply.match_id:
        return Answer(200, {"meaning": reply.meaning, "match_id": reply.match_id})
    outcome = reply.outcome
    if not outcome:
        outcome = "opted_out" if reply.meaning == "opted_out" else "nothing_awaited"
    body: dict[str, object] = {"meaning": outcome}
    if reply.references:
        body["references"] = list(reply.references)
    return Answer(200, body)
