"""Claiming a notice before it is sent, hearing what the provider said, and claims that ran out."""

from datetime import datetime

from services.notify.decide.steps import (
    after_not_sent,
    after_receipt,
    after_unclear,
    decided,
    is_closed,
    is_misconfigured,
    may_ask_wechat_again,
    settling,
)
from services.notify.model import (
    Attempt,
    ClaimNotice,
    Dispatch,
    Notice,
    NoticeDue,
    OptOut,
    RecordOutcome,
    dispatch_id,
)
from services.notify.purposes import BY_NAME
from services.notify.rules import Rules, after
from shared.contracts.events import NoticeChannel
from shared.messaging.decision import NOTHING, Answer, AnyRef, Command, Decision, Ref, States

NOT_CLAIMED = Answer(409, {})


# --- claiming ---


def touches_claim(command: Command[ClaimNotice]) -> tuple[AnyRef, ...]:
    asked = command.data
    return Ref(Notice, asked.notice_id), Ref(OptOut, asked.person_id)


def decide_claim(
    rules: Rules, states: States, command: Command[ClaimNotice], now: datetime
) -> Decision:
    """The answer names the channel and the attempt, when it is the caller's to send."""
    asked = command.data
    notice = states.get(Notice, asked.notice_id)
    if notice is None or not notice.is_due(asked.due_at, now):
        return Decision(answer=NOT_CLAIMED)
    opted_out = asked.opted_out or states.get(OptOut, asked.person_id) is not None
    after_claim = _claimed(notice, asked, opted_out, now, rules)
    return decided(notice, after_claim, answer=_answer(after_claim))


def _answer(notice: Notice) -> Answer:
    if notice.state != "sending":
        return NOT_CLAIMED
    return Answer(200, {"channel": notice.channel, "attempt": notice.tries})


def _claimed(
    notice: Notice, asked: ClaimNotice, opted_out: bool, now: datetime, rules: Rules
) -> Notice:
    notice = notice.model_copy(update={"reachable": asked.reachable})
    if notice.unclear_since is not None:
        again = "wechat" in asked.reachable and may_ask_wechat_again(notice, now, rules)
        return _sending(notice, "wechat", now, rules) if again else notice.became("unknown")
    moot = _why_moot(notice, now, rules)
    if moot:
        return notice.became("failed", code=moot)
    usable = _usable_channels(notice, opted_out, rules)
    if not usable:
        return notice.became("failed", code=_why_unreachable(notice, asked, opted_out))
    ready_at, channel = min((_ready_at(notice, c, rules), i, c) for i, c in enumerate(usable))[::2]
    if now < ready_at:
        return notice.became("retry", due_at=ready_at, code=notice.code)
    return _sending(notice, channel, now, rules)


def _why_moot(notice: Notice, now: datetime, rules: Rules) -> str:
    if notice.purpose not in BY_NAME:
        return "purpose_gone"
    if notice.link is not None and now >= notice.link.expires_at:
        return "link_expired"
    return "too_late" if (now - notice.created_at).total_seconds() > rules.notice_life_s else ""


def _usable_channels(notice: Notice, opted_out: bool, rules: Rules) -> list[NoticeChannel]:
    return [
        channel
        for channel in BY_NAME[notice.purpose].channels
        if channel in notice.reachable
        and not is_closed(notice, channel, rules)
        and not (channel == "sms" and opted_out)
    ]


def _why_unreachable(notice: Notice, asked: ClaimNotice, opted_out: bool) -> str:
    if asked.erased:
        return "erased"
    if opted_out and "sms" in asked.reachable:
        return "opted_out"
    return notice.code or "no_contact"


def _ready_at(notice: Notice, channel: NoticeChannel, rules: Rules) -> datetime:
    """A channel that is misconfigured gets time to be put right; the others are ready."""
    if not is_misconfigured(notice, channel):
        return notice.created_at
    ended_at = max(a.ended_at for a in notice.attempts if a.channel == channel and a.ended_at)
    return after(ended_at, rules.misconfigured_wait_s)


def _sending(notice: Notice, channel: NoticeChannel, now: datetime, rules: Rules) -> Notice:
    """Attempts that a misconfigured account refused say nothing new: the last one is enough."""
    kept = tuple(a for a in notice.attempts if a.channel != channel or a.outcome != "misconfigured")
    tries = notice.tries + 1
    attempt = Attempt(number=tries, channel=channel, claimed_at=now)
    begun = notice.model_copy(update={"tries": tries, "attempts": (*kept, attempt)})
    return begun.became("sending", due_at=after(now, rules.claim_s), channel=channel)


# --- what the provider said ---


def touches_outcome(command: Command[RecordOutcome]) -> tuple[AnyRef, ...]:
    heard = command.data
    notice: AnyRef = Ref(Notice, heard.notice_id)
    if heard.provider_message_id is None:
        return (notice,)
    return notice, Ref(Dispatch, dispatch_id(heard.channel, heard.provider_message_id))


def decide_outcome(
    rules: Rules, states: States, command: Command[RecordOutcome], now: datetime
) -> Decision:
    """The first clear word about an attempt counts, even when its claim has run out meanwhile."""
    heard = command.data
    notice = states.get(Notice, heard.notice_id)
    attempt = notice.attempt(heard.attempt) if notice else None
    if notice is None or attempt is None or not _is_news(attempt, heard):
        return NOTHING
    attempt = attempt.model_copy(
        update={"outcome": heard.said, "ended_at": now, "code": heard.code}
    )
    told = notice.with_attempt(attempt)
    if heard.said == "sent":
        return _sent(rules, states, notice, told, attempt, heard, now)
    if notice.state not in ("sending", "unknown", "retry") or attempt.number != notice.tries:
        return decided(notice, told)
    if heard.said == "unknown":
        return decided(notice, after_unclear(told, attempt, now, rules))
    told = settling(told, attempt)
    return decided(notice, after_not_sent(told, attempt, now, rules, heard.retry_after_s))


def _is_news(attempt: Attempt, heard: RecordOutcome) -> bool:
    return attempt.is_open and (heard.said != "unknown" or attempt.outcome is None)


def _sent(
    rules: Rules,
    states: States,
    before: Notice,
    told: Notice,
    attempt: Attempt,
    heard: RecordOutcome,
    now: datetime,
) -> Decision:
    under_way = told.state == "sending" and attempt.number == told.tries
    waits = under_way or told.state in ("unknown", "retry")
    sent = told.became("sent", channel=attempt.channel) if waits else told
    if heard.provider_message_id is None:
        return decided(before, sent)
    dispatch = bind_dispatch(states, sent, attempt, heard.provider_message_id, now, rules)
    if dispatch.receipt is None:
        return decided(before, sent, others=(dispatch,))
    return decided(before, sent, with_receipt(sent, dispatch, now, rules), others=(dispatch,))


def bind_dispatch(
    states: States,
    notice: Notice,
    attempt: Attempt,
    provider_message_id: str,
    now: datetime,
    rules: Rules,
) -> Dispatch:
    """The dispatch of this message, with the receipt that may have come before it."""
    id_ = dispatch_id(attempt.channel, provider_message_id)
    early = states.get(Dispatch, id_) or Dispatch(
        id=id_, expires_at=after(now, rules.receipt_life_s)
    )
    return early.model_copy(update={"notice_id": notice.id, "attempt": attempt.number})


def with_receipt(notice: Notice, dispatch: Dispatch, now: datetime, rules: Rules) -> Notice:
    attempt = notice.attempt(dispatch.attempt)
    if attempt is None or attempt.receipt is not None:
        return notice
    code = dispatch.code if dispatch.receipt == "failed" else attempt.code
    reported = attempt.model_copy(update={"receipt": dispatch.receipt, "code": code})
    return after_receipt(notice.with_attempt(reported), reported, now, rules)


# --- claims that ran out ---


def touches_due(command: Command[NoticeDue]) -> tuple[AnyRef, ...]:
    return (Ref(Notice, command.data.aggregate_id),)


def decide_due(
    rules: Rules, states: States, command: Command[NoticeDue], now: datetime
) -> Decision:
    """Whoever claimed it is gone or stuck, and nobody knows whether it went out."""
    notice = states.get(Notice, command.data.aggregate_id)
    if notice is None or notice.state != "sending" or notice.last_attempt is None:
        return NOTHING
    if notice.due_at != command.data.due_at or command.data.due_at > now:
        return NOTHING
    attempt = notice.last_attempt.model_copy(
        update={"outcome": "unknown", "ended_at": now, "code": "no_outcome"}
    )
    return decided(notice, after_unclear(notice.with_attempt(attempt), attempt, now, rules))
