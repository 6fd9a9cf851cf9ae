"""Claiming a notice before it is sent, and persons who want no more SMS."""

from datetime import datetime

from services.notify.channels import CHANNELS, order_channels
from services.notify.decide.budgets import hold_for_budget, without_held
from services.notify.decide.digests import count_untold
from services.notify.decide.mailboxes import (
    bundle,
    cancel,
    hold,
    hold_in,
    is_counted,
    list_changes,
    list_others,
    list_promises,
    record_claim,
    wait_for_promises,
)
from services.notify.decide.subscriptions import use_credit
from services.notify.decide.transitions import (
    NO_CONTACT,
    OPTED_OUT,
    build_decision,
    choose_provider,
    is_closed,
    is_misconfigured,
    list_transitions,
    mark_unclear,
    may_repeat,
)
from services.notify.model import Attempt, ClaimNotice, Mailbox, Notice
from services.notify.purposes import BY_NAME
from services.notify.refusals import BlockedPhone, OptOut
from services.notify.registers import NEVER_BEGAN
from services.notify.rules import Rules, compute_deadline
from services.notify.spending import BUDGET_GONE
from services.notify.subscriptions import Subscription, find_account, may_subscribe
from shared.contracts.envelope import Event
from shared.contracts.events import NoticeChannel, NoticesResumed, ReplyUnderstood
from shared.messaging.decision import NOTHING, Answer, Command, Decision, Ref, State, States

NOT_DUE = Answer(409, {})
NOT_SENT = Answer(204, {})


# --- claiming ---


def decide_claim(
    rules: Rules, states: States, command: Command[ClaimNotice], now: datetime
) -> Decision:
    """The answer names the channel and the attempt, when it is the caller's to send."""
    claim = command.data
    subscription_id = claim.subscription_id
    if subscription_id:  # few have one: for the others the database is not asked
        states.prefetch(Ref(Notice, claim.notice_id), Ref(Subscription, subscription_id))
    notice, opt_out, stored, blocked = states.get_each(
        (Notice, claim.notice_id),
        (OptOut, claim.person_id),
        (Mailbox, claim.person_id),
        (BlockedPhone, claim.point_id or ""),
    )
    subscription = states.get(Subscription, subscription_id) if subscription_id else None
    if notice is None or not notice.is_due(claim.due_at, now):
        return Decision(answer=NOT_DUE)
    mailbox = stored or Mailbox(id=claim.person_id)
    waiting = _keep_back(states, notice, mailbox, now, rules)
    if waiting is not None:
        return waiting
    opted_out = claim.opted_out or (opt_out is not None and opt_out.ended_at is None)
    is_blocked = blocked is not None and now < blocked.expires_at
    claimed = _apply_claim(notice, claim, opted_out, is_blocked, now, rules)
    others: list[State] = list(count_untold(states, notice, claimed, now, rules))
    if subscription and (attempt := _find_subscribable(notice, claimed, subscription)):
        claimed = _with_subscription(claimed, attempt, subscription)
        others.append(use_credit(subscription, now))
    if is_counted(BY_NAME.get(notice.purpose), rules):
        others += list_changes(stored, record_claim(mailbox, notice, claimed, now))
    return build_decision(notice, claimed, others=tuple(others), answer=_build_answer(claimed))


def _find_subscribable(
    before: Notice, claimed: Notice, subscription: Subscription
) -> Attempt | None:
    """Where he has a credit, a new WeChat message goes as a subscribe message; one that may have
    gone out as something else is repeated as that."""
    attempt = claimed.last_attempt
    if claimed.state != "sending" or attempt is None or not CHANNELS[attempt.channel].has_credits:
        return None
    is_free = may_subscribe(before) and not before.unclear_attempt
    return attempt if subscription.credits > 0 and is_free else None


def _with_subscription(claimed: Notice, attempt: Attempt, subscription: Subscription) -> Notice:
    changes = {"subscription_id": subscription.id, "point_id": find_account(subscription.id)}
    return claimed.with_attempt(attempt.model_copy(update=changes))


def _keep_back(
    states: States, notice: Notice, mailbox: Mailbox, now: datetime, rules: Rules
) -> Decision | None:
    """Where it does not go now: overtaken, held for the morning, or told together with others."""
    if notice.is_overtaken and (cancelled := cancel(notice)).state == "cancelled":
        return build_decision(notice, cancelled, answer=NOT_SENT)
    promises = states.get_many(Notice, list_promises(notice, mailbox))
    withheld = wait_for_promises(notice, promises.values(), now)
    if withheld is not None:
        rest = mailbox.without({notice.id}) if withheld.state == "cancelled" else mailbox
        boxes = tuple(list_changes(mailbox, rest))
        return build_decision(notice, withheld, others=boxes, answer=NOT_SENT)
    later = hold(notice, mailbox, now, rules)
    if later is not None:
        boxes = tuple(list_changes(mailbox, hold_in(mailbox, notice, now, rules)))
        return build_decision(notice, later, others=boxes, answer=NOT_SENT)
    ids = list_others(notice, mailbox, rules)
    if not ids:
        return None
    others = states.get_many(Notice, ids)
    bundled = bundle(notice, others, lambda n: bool(_find_obstacle(n, now, rules)), now)
    if not bundled:
        return None
    digest, *together = bundled
    states.get(Notice, digest.id)
    before = {notice.id: notice, **others}
    events = tuple(e for each in together for e in list_transitions(before[each.id], each))
    rest = mailbox.without({each.id for each in together})
    return Decision((digest, *together, rest), events, answer=NOT_SENT)


def _build_answer(notice: Notice) -> Answer:
    attempt = notice.last_attempt
    if notice.state != "sending" or attempt is None:
        return NOT_SENT
    names = {"channel": attempt.channel, "provider": attempt.sender}
    as_subscription = bool(attempt.subscription_id)
    return Answer(200, {**names, "attempt": notice.tries, "as_subscription": as_subscription})


def _apply_claim(
    notice: Notice,
    claim: ClaimNotice,
    opted_out: bool,
    is_blocked: bool,
    now: datetime,
    rules: Rules,
) -> Notice:
    reachable = claim.reachable if _may_reach(notice, claim) else ()
    if is_blocked:
        reachable = tuple(each for each in reachable if not CHANNELS[each].is_by_phone)
    notice = notice.model_copy(update={"reachable": reachable})
    if notice.unclear_attempt is not None:
        return _repeat_unclear(notice, notice.unclear_attempt, claim, now, rules)
    obstacle = _find_obstacle(notice, now, rules)
    if obstacle:
        was_held_for_budget = notice.code == BUDGET_GONE and obstacle == "too_late"
        return notice.with_state("failed", code=BUDGET_GONE if was_held_for_budget else obstacle)
    channels = _list_channels(notice, claim, opted_out, rules)
    ready = without_held(notice, channels, claim, rules)
    if channels and not ready:
        return hold_for_budget(notice, now)
    channels = ready
    if not channels:
        code = _explain_unreachable(notice, claim, opted_out, is_blocked)
        return notice.with_state("failed", code=code)
    ready_at, _, channel = min(
        (_compute_ready_at(notice, channel, rules), place, channel)
        for place, channel in enumerate(channels)
    )
    if now < ready_at:
        return notice.with_state("retry", due_at=ready_at, code=notice.code)
    return _begin_attempt(notice, channel, claim, now, rules)


def _may_reach(notice: Notice, claim: ClaimNotice) -> bool:
    purpose = BY_NAME.get(notice.purpose)
    return purpose is None or claim.own_phone or not purpose.own_phone


def _repeat_unclear(
    notice: Notice, unclear: Attempt, claim: ClaimNotice, now: datetime, rules: Rules
) -> Notice:
    """On the same channel, as long as its provider drops a repetition; never on another."""
    channel = unclear.channel
    if channel in notice.reachable and may_repeat(unclear, now, rules):
        return _begin_attempt(notice, channel, claim, now, rules)
    return mark_unclear(notice, now)


def _find_obstacle(notice: Notice, now: datetime, rules: Rules) -> str:
    """The code of what makes the notice pointless by now; empty if nothing does."""
    if notice.purpose not in BY_NAME:
        return "purpose_gone"
    if notice.link is not None and now >= notice.link.expires_at:
        return "link_expired"
    if notice.valid_until is not None and now >= notice.valid_until:
        return "too_late"
    return "too_late" if (now - notice.counts_from).total_seconds() > rules.notice_life_s else ""


def _list_channels(
    notice: Notice, claim: ClaimNotice, opted_out: bool, rules: Rules
) -> list[NoticeChannel]:
    return [
        channel
        for channel in order_channels(BY_NAME[notice.purpose].channels, claim.preferred)
        if channel in notice.reachable
        and not is_closed(notice, channel, rules)
        and not (opted_out and CHANNELS[channel].honours_opt_out)
    ]


def _explain_unreachable(
    notice: Notice, claim: ClaimNotice, opted_out: bool, is_blocked: bool
) -> str:
    if claim.erased:
        return "erased"
    if is_blocked and not notice.code:
        return "phone_blocked"
    if opted_out and any(CHANNELS[channel].honours_opt_out for channel in claim.reachable):
        return OPTED_OUT
    if claim.reachable and not _may_reach(notice, claim):
        return "contact_unproven"
    return notice.code or NO_CONTACT


def _compute_ready_at(notice: Notice, channel: NoticeChannel, rules: Rules) -> datetime:
    """A channel that is misconfigured gets time to be put right; the others are ready."""
    if not is_misconfigured(notice, channel, rules):
        return notice.created_at
    ended_at = max(a.ended_at for a in notice.attempts if a.channel == channel and a.ended_at)
    return compute_deadline(ended_at, rules.misconfigured_wait_s)


def _begin_attempt(
    notice: Notice, channel: NoticeChannel, claim: ClaimNotice, now: datetime, rules: Rules
) -> Notice:
    """Attempts that a misconfigured account refused say nothing new: the last one is enough. Those
    that never began say nothing at all."""
    provider = choose_provider(notice, channel, claim.sms_providers, now)
    earlier = tuple(
        a
        for a in notice.attempts
        if (a.sender != provider or a.outcome != "misconfigured" or a.subscription_id)
        and a.code != NEVER_BEGAN
    )
    tries = notice.tries + 1
    attempt = Attempt(
        number=tries,
        channel=channel,
        provider=provider,
        point_id=claim.point_id if CHANNELS[channel].is_by_phone else None,
        claimed_at=now,
        register_id=claim.register_id,
    )
    notice = notice.model_copy(update={"tries": tries, "attempts": (*earlier, attempt)})
    due_at = compute_deadline(now, rules.claim_s)
    return notice.with_state("sending", due_at=due_at, channel=channel)


# --- opting out ---


def decide_reply(states: States, event: Event[ReplyUnderstood], now: datetime) -> Decision:
    """What is stopped on WeChat is asked of intake at every claim."""
    data = event.data
    if data.meaning != "opted_out" or not _is_kept_here(data.channel):
        return NOTHING
    opt_out = states.get(OptOut, data.person_id)
    if opt_out is not None and opt_out.ended_at is None:
        return NOTHING
    return Decision(states=(OptOut(id=data.person_id, since=now),))


def decide_resume(states: States, event: Event[NoticesResumed], now: datetime) -> Decision:
    opt_out = states.get(OptOut, event.data.person_id)
    if opt_out is None or not _is_kept_here(event.data.channel):
        return NOTHING
    return Decision(states=(opt_out.model_copy(update={"ended_at": now}),))


def _is_kept_here(channel: NoticeChannel | None) -> bool:
    """Whether what is stopped by it is stored here, and not asked of intake. None: as an SMS."""
    return channel is None or CHANNELS[channel].honours_opt_out
