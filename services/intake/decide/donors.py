"""A donor answers by SMS or WeChat. Intake says who may have written; matching knows the number."""

from dataclasses import replace
from datetime import datetime

from services.intake.decide.identities import list_reached
from services.intake.decide.messages import Settlement, load_message, queue, say_unread, settle
from services.intake.model import HearDonor, Message
from shared.contracts.envelope import Event
from shared.contracts.events import DonorAnswered, DonorReplied
from shared.contracts.events.donors import DonorOutcome
from shared.ids import make_id
from shared.messaging.decision import NOTHING, Command, Decision, States

FOR_A_PERSON: frozenset[DonorOutcome] = frozenset({"unknown", "locked"})
"""It had no number of his that was open, so it may have been no donor's answer: 12345 is also the
city's own hotline."""


def decide_hear_donor(states: States, item: Command[HearDonor], now: datetime) -> Decision:
    """From what reaches him, since what he answers to was sent there; never a collector's phone,
    nor one that one of the staff alone gave him.

    Else a person reads it. So does he a “Y” or “N” alone where help waits to be confirmed: it may
    mean that. Of such a one matching hears everybody who is reached: it counts only where one is.
    """
    data = item.data
    message, thread = load_message(states, data.message_id, data.point_id)
    reached = list_reached(states, data.point_id, data.earlier_id)
    if message.is_settled:
        return NOTHING
    links = [each for each in reached if not each.link.entered_by]
    own = tuple(each.person.id for each in links if each.link.whose != "collector")
    is_awaited = any(each.person.awaiting for each in reached)
    if not own or (not data.code and is_awaited):
        return settle(states, message, thread, Settlement("donor", "unread", "unread"), now)
    understood = Settlement("donor", "understood", person_id=own[0] if len(own) == 1 else "")
    settled = settle(states, message, thread, understood, now)
    everybody = tuple(each.person.id for each in reached)
    reply = DonorReplied(
        person_ids=own if data.code else everybody,
        verdict=data.verdict,
        code=data.code,
        cause=data.cause,
        contact_id=make_id("contact", data.point_id),
    )
    speaker = next(state for state in settled.states if isinstance(state, Message))
    return replace(settled, events=(*settled.events, (speaker, reply)))


def decide_donor_answered(states: States, event: Event[DonorAnswered], now: datetime) -> Decision:
    """What matching could make nothing of, a person reads; unless it is forgotten by now. Who
    hears nothing else of it, as who wrote “N” and was asked nothing, is told so."""
    data = event.data
    if data.message_id is None or data.outcome not in FOR_A_PERSON:
        return NOTHING
    message = states.get(Message, data.message_id)
    if message is None or message.cipher is None:
        return NOTHING
    if (message.state, message.reading) != ("understood", "donor"):
        return NOTHING
    waiting = message.model_copy(update={"state": "unread"})
    answer = say_unread(states, waiting, now) if data.is_quiet else NOTHING
    return Decision((waiting, *answer.states), (queue(waiting), *answer.events))
