"""Messages of people, read by staff: what each becomes, and what is said by it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.intake.decide.identities import list_reached
from services.intake.decide.media import carry_files
from services.intake.messages import (
    ANSWER_FOREIGN,
    HANDLER_SAME,
    MATCH_NOT_AWAITED,
    MESSAGE_HANDLED,
    MESSAGE_UNKNOWN,
    REACH_MISSING,
    REQUEST_UNKNOWN,
)
from services.intake.model import HandleMessage, Message, Request
from shared.contracts.envelope import Fact
from shared.contracts.events import MessageHandled, ReplyUnderstood
from shared.contracts.values import Channel
from shared.messaging.decision import Answer, Command, Decision, State, States


def decide_handle(states: States, item: Command[HandleMessage], now: datetime) -> Decision:
    """All that were read together, or none of them: each once, and nothing that came since. Who
    spoke for the person says nothing in his name by reading his message."""
    data = item.data
    ids = tuple(dict.fromkeys((data.message_id, *data.also)))
    messages = tuple(states.get_many(Message, ids).values())
    refused = _refuse_reading(messages, data) or _refuse_handling(states, messages, data)
    if refused is not None:
        return Decision(answer=refused)
    changes = {
        "state": "handled",
        "handling": data.handling,
        "handled_by": data.by,
        "handled_at": now,
        "reason": data.reason,
        "match_id": data.match_id,
        "contacted": data.contacted,
    } | ({"request_id": data.request_id} if data.request_id else {})
    handled = tuple(message.model_copy(update=changes) for message in messages)
    events: tuple[tuple[State, Fact], ...] = tuple(
        (
            message,
            MessageHandled(
                handling=data.handling, request_id=message.request_id, match_id=data.match_id
            ),
        )
        for message in handled
    )
    body = {"message_id": data.message_id, "state": "handled", "handling": data.handling}
    part_of = next((each.request_id for each in handled if each.is_part_of_request), None)
    files = carry_files(states, part_of, handled) if part_of else ()
    decision = Decision((*handled, *files), events, Answer(200, body | {"also": list(ids[1:])}))
    return _speak_for_sender(states, decision, handled[0], data)


def _refuse_reading(messages: Sequence[Message], data: HandleMessage) -> Answer | None:
    """What is not there, of another area or contact point, or was handled by another meanwhile."""
    by_id = {message.id: message for message in messages}
    first = by_id.get(data.message_id)
    for id_ in (data.message_id, *data.also):
        message = by_id.get(id_)
        if message is None or first is None or message.point_id != first.point_id:
            return MESSAGE_UNKNOWN.refusal(404, "message_id")
        if not message.town_code.startswith(data.area):
            return MESSAGE_UNKNOWN.refusal(404, "message_id")
    handled = next((message for message in messages if not message.waits), None)
    return MESSAGE_HANDLED.refusal(409, "message_id", by=handled.handled_by) if handled else None


def _refuse_handling(
    states: States, messages: Sequence[Message], data: HandleMessage
) -> Answer | None:
    """A request that is noted or answered has to be there, and of his area.

    That help arrived moves money: it is read out of a message from the person's own contact only,
    and by nobody who recorded or met him, or handed it over. Of what is urgent somebody says first
    how its sender was reached, unless it goes on as an urgent request.
    """
    request = states.get(Request, data.request_id) if data.request_id else None
    goes_on = data.handling == "request" and request is not None and request.urgent
    is_urgent = any(message.urgent for message in messages)
    if is_urgent and data.contacted is None and not goes_on:
        return REACH_MISSING.refusal(422, "contacted")
    if data.request_id is None:
        return None
    if request is None or not _is_there(request, data.area):
        return REQUEST_UNKNOWN.refusal(404, "request_id")
    if data.handling != "answer":
        return None
    portion = request.matches.get(data.match_id or "")
    if portion is None:
        return MATCH_NOT_AWAITED.refusal(409, "match_id")
    if data.meaning != "received":
        return None
    message = messages[0]
    if message.channel not in (Channel.SMS, Channel.WECHAT):
        return ANSWER_FOREIGN.refusal(409)
    if data.by in (*request.vouched_by, *portion.delivered_by):
        return HANDLER_SAME.refusal(409)
    reached = list_reached(states, message.point_id, message.earlier_id)
    own = [each for each in reached if each.person.id == request.person_id]
    return None if own and own[0].link.may_answer else ANSWER_FOREIGN.refusal(409)


def _speak_for_sender(
    states: States, decision: Decision, message: Message, data: HandleMessage
) -> Decision:
    """What the person said about a delivery, as a member of staff read it. It waits for his word
    until matching says that it counts."""
    if data.handling != "answer" or data.meaning is None or data.request_id is None:
        return decision
    request = states.require(Request, data.request_id)
    fact = ReplyUnderstood(
        person_id=request.person_id,
        meaning=data.meaning,
        match_id=data.match_id,
        channel="wechat" if message.channel is Channel.WECHAT else "sms",
        read_by=data.by,
    )
    return replace(decision, events=(*decision.events, (message, fact)))


def _is_there(request: Request, area: str) -> bool:
    return (request.area.village_code or request.area.town_code).startswith(area)
