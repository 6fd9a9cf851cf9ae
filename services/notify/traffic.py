"""Which SMS provider's turn it is: the shares, and how they move. docs/decisions/0198.

As GOV.UK Notify does it: ten of a hundred go over to the other where one fails or slows down, once
a minute at most, and come back by as many an hour.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

from services.notify.model import SmsProvider
from services.notify.rules import Rules
from shared.contracts.values import Value
from shared.messaging.decision import Due, State

WHOLE = 100
STEP = 10
TRAFFIC_ID = "sms"

MoveReason = Literal["errors", "slow"]


class Traffic(State):
    """The shares of SMS as they are now. due_at: when they go a step back towards the settings."""

    COLLECTION: ClassVar[str] = "traffic"

    shares: Mapping[SmsProvider, int]
    reason: str = ""
    moved_from: str = ""
    moved_at: datetime | None = None


class MoveTraffic(Value):
    """A provider fails, or slows down."""

    away_from: SmsProvider
    reason: MoveReason


class RestoreTraffic(Due):
    """Time for a step back."""


def order_providers(shares: Mapping[SmsProvider, int], draw: int) -> tuple[SmsProvider, ...]:
    """Whose turn it is, then the others by their share. draw: 0 to 99, by chance."""
    ordered = sorted(shares, key=lambda name: -shares[name])
    limit = 0
    for name in ordered:
        limit += shares[name]
        if draw < limit:
            return (name, *(other for other in ordered if other != name))
    return tuple(ordered)


def move_step(
    shares: Mapping[SmsProvider, int], away_from: SmsProvider
) -> Mapping[SmsProvider, int]:
    others = [name for name in shares if name != away_from]
    moved = min(STEP, shares.get(away_from, 0))
    if not others or not moved:
        return shares
    return {**shares, away_from: shares[away_from] - moved, others[0]: shares[others[0]] + moved}


def restore_step(
    shares: Mapping[SmsProvider, int], target: Mapping[SmsProvider, int]
) -> Mapping[SmsProvider, int]:
    return {
        name: share + max(-STEP, min(STEP, target.get(name, 0) - share))
        for name, share in shares.items()
    }


def find_shares(rules: Rules, traffic: Traffic | None) -> Mapping[SmsProvider, int]:
    """Of those with an account; the settings' where nothing moved, or where accounts changed."""
    if traffic is not None and set(traffic.shares) == set(rules.sms_providers):
        return traffic.shares
    return share_out(rules)


def share_out(rules: Rules) -> Mapping[SmsProvider, int]:
    return dict(zip(rules.sms_providers, rules.sms_targets, strict=True))


class Health:
    """The calls of one process to one provider, within a while."""

    def __init__(self, window_s: float, errors_max: int, slow_percent: int) -> None:
        self._window_s, self._errors_max, self._slow_percent = window_s, errors_max, slow_percent
        self._errors: deque[float] = deque()
        self._calls: deque[tuple[float, bool]] = deque()

    def note(self, at: float, *, is_error: bool, is_slow: bool) -> None:
        if is_error:
            self._errors.append(at)
        self._calls.append((at, is_slow))
        self._drop_old(at)

    def _drop_old(self, at: float) -> None:
        while self._errors and self._errors[0] < at - self._window_s:
            self._errors.popleft()
        while self._calls and self._calls[0][0] < at - 15 * self._window_s:
            self._calls.popleft()

    def find_reason(self, at: float) -> MoveReason | None:
        """Also where no call was made since: what is long ago says nothing."""
        self._drop_old(at)
        if len(self._errors) >= self._errors_max:
            return "errors"
        slow = sum(is_slow for _, is_slow in self._calls)
        if slow >= self._errors_max and slow * 100 >= self._slow_percent * len(self._calls):
            return "slow"
        return None

    def forget(self) -> None:
        """It was said; what comes now says whether it goes on."""
        self._errors.clear()
        self._calls.clear()
