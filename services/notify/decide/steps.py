"""What every decision about a notice ends with: the facts its change of state tells."""

from datetime import datetime
from itertools import pairwise

from services.notify.model import Attempt, Notice
from services.notify.rules import Rules, after
from shared.contracts.events import (
    NoticeChannel,
    NoticeDelivered,
    NoticeFact,
    NoticeFailed,
    NoticeSent,
    NoticeUnresolved,
)
from shared.messaging.decision import Answer, Decision, State


def decided(
    *steps: Notice, others: tuple[State, ...] = (), answer: Answer | None = None
) -> Decision:
    """steps: the notice as it was, and as it became, one after another."""
    final = steps[-1]
    facts = (_fact(b) for a, b in pairwise(steps) if a.state != b.state)
    return Decision(
        states=(final, *others),
        events=tuple((final, fact) for fact in facts if fact is not None),
        answer=answer,
    )


def _fact(notice: Notice) -> NoticeFact | None:
    said = {
        "person_id": notice.person_id,
        "purpose": notice.purpose,
        "regarding": notice.regarding,
        "channel": notice.channel or "sms",
    }
    match notice.state:
        case "sent":
            return NoticeSent.model_validate(said)
        case "delivered":
            return NoticeDelivered.model_validate(said)
        case "unknown":
            return NoticeUnresolved.model_validate(said)
        case "failed":
            return NoticeFailed.model_validate(said | {"code": notice.code})
    return None


def is_closed(notice: Notice, channel: NoticeChannel, rules: Rules) -> bool:
    """Whether nothing more is tried there: refused, reported as failed, or tried too often."""
    mine = [a for a in notice.attempts if a.channel == channel]
    if any(a.outcome == "refused" or a.receipt == "failed" for a in mine):
        return True
    return sum(a.outcome == "retry" for a in mine) > rules.retries_max


def is_misconfigured(notice: Notice, channel: NoticeChannel) -> bool:
    """Whether our own account or template was at fault when it was last tried there."""
    last = next((a for a in reversed(notice.attempts) if a.channel == channel), None)
    return last is not None and last.outcome == "misconfigured"


def after_not_sent(
    notice: Notice, attempt: Attempt, now: datetime, rules: Rules, retry_after_s: float = 0
) -> Notice:
    """It certainly did not go out: there again later, elsewhere at once, or never."""
    if any(a.stands for a in notice.attempts):
        return notice.became("sent")
    if notice.unclear_since is not None:
        return after_unclear(notice, attempt, now, rules, retry_after_s)
    channel, code = attempt.channel, attempt.code
    if attempt.outcome == "retry" and not is_closed(notice, channel, rules):
        failures = sum(a.channel == channel and a.outcome == "retry" for a in notice.attempts)
        due_at = after(now, max(rules.delay_s(failures), retry_after_s))
        return notice.became("retry", due_at=due_at, code=code)
    if any(_is_promising(notice, other, rules) for other in notice.reachable if other != channel):
        return notice.became("retry", due_at=after(now), code=code)
    if attempt.outcome == "misconfigured":
        due_at = after(now, max(rules.misconfigured_wait_s, retry_after_s))
        return notice.became("retry", due_at=due_at, code=code)
    return notice.became("failed", code=code)


def _is_promising(notice: Notice, channel: NoticeChannel, rules: Rules) -> bool:
    return not is_closed(notice, channel, rules) and not is_misconfigured(notice, channel)


def after_unclear(
    notice: Notice, attempt: Attempt, now: datetime, rules: Rules, retry_after_s: float = 0
) -> Notice:
    """It may have gone out. Only WeChat may be asked again, while it drops doubles."""
    if any(a.stands for a in notice.attempts):
        return notice.became("sent")
    if attempt.channel == "wechat" and may_ask_wechat_again(notice, now, rules):
        failures = sum(a.channel == "wechat" for a in notice.attempts)
        due_at = after(now, max(rules.delay_s(failures), retry_after_s))
        return notice.became("retry", due_at=due_at, code=attempt.code)
    return notice.became("unknown", code=attempt.code)


def may_ask_wechat_again(notice: Notice, now: datetime, rules: Rules) -> bool:
    since = notice.unclear_since
    return since is not None and (now - since).total_seconds() < rules.wechat_resend_s


def settling(notice: Notice, attempt: Attempt) -> Notice:
    """A refusal of the same message by WeChat says that the unclear ones did not arrive either."""
    if attempt.channel != "wechat" or (
        attempt.outcome != "refused" and attempt.receipt != "failed"
    ):
        return notice
    attempts = tuple(
        a.model_copy(update={"outcome": "refused"})
        if a.channel == "wechat" and a.outcome == "unknown"
        else a
        for a in notice.attempts
    )
    return notice.model_copy(update={"attempts": attempts})


def after_receipt(notice: Notice, attempt: Attempt, now: datetime, rules: Rules) -> Notice:
    """`attempt` carries the receipt. Delivered is the last word; a late failure changes nothing
    that has gone on since."""
    if notice.state == "delivered":
        return notice
    if attempt.receipt == "delivered":
        return notice.became("delivered", channel=attempt.channel)
    if notice.state not in ("sent", "unknown"):
        return notice
    return after_not_sent(settling(notice, attempt), attempt, now, rules)
