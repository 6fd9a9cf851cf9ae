"""The shares of SMS between the providers move by steps, and come back."""

from datetime import datetime, timedelta

from services.notify.rules import Rules, compute_deadline
from services.notify.traffic import (
    TRAFFIC_ID,
    MoveTraffic,
    RestoreTraffic,
    Traffic,
    find_shares,
    move_step,
    restore_step,
    share_out,
)
from shared.messaging.decision import NOTHING, Command, Decision, States

MOVED_AGAIN_AFTER = timedelta(minutes=1)


def decide_move(
    rules: Rules, states: States, command: Command[MoveTraffic], now: datetime
) -> Decision:
    """Several instances see the same trouble: one step a minute is taken all together."""
    move = command.data
    traffic = states.get(Traffic, TRAFFIC_ID)
    if traffic and traffic.moved_at and now < traffic.moved_at + MOVED_AGAIN_AFTER:
        return NOTHING
    before = find_shares(rules, traffic)
    shares = move_step(before, move.away_from)
    if shares == before:
        return NOTHING
    moved = Traffic(
        id=TRAFFIC_ID,
        shares=shares,
        moved_from=move.away_from,
        reason=move.reason,
        moved_at=now,
        due_at=compute_deadline(now, rules.traffic_back_s),
    )
    return Decision((moved,))


def decide_restore(
    rules: Rules, states: States, command: Command[RestoreTraffic], now: datetime
) -> Decision:
    traffic = states.get(Traffic, TRAFFIC_ID)
    due_at = command.data.due_at
    if traffic is None or traffic.due_at != due_at or due_at > now:
        return NOTHING
    shares = restore_step(find_shares(rules, traffic), share_out(rules))
    is_back = shares == share_out(rules)
    next_at = None if is_back else compute_deadline(now, rules.traffic_back_s)
    return Decision((traffic.model_copy(update={"shares": shares, "due_at": next_at}),))
