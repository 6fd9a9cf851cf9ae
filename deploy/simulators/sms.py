"""What both SMS providers do alike: limits per number, segments, and the log of what went out."""

import re
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deploy.simulators.callbacks import format_china_time
from deploy.simulators.phones import Entry, Phones, SmsSender
from deploy.simulators.plans import Plan
from shared.clock import Clock

REMEMBERED_MAX = 200_000
# 慈善捐款 and 慈善募捐 are what both providers ban.
BANNED = re.compile(r"募捐|捐款")

NumberLimit = Literal["day", "same_content"]


class CallError(Exception):
    """An error of the whole call: answered with HTTP 200 and its code, as both providers do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


class NumberLimits:
    """The same content within some seconds, and so many a day in China; off when zero."""

    def __init__(self, per_day_max: int, same_content_s: float) -> None:
        self._per_day_max, self._same_content_s = per_day_max, same_content_s
        self._sent: OrderedDict[str, deque[tuple[datetime, str]]] = OrderedDict()

    def find_limit(self, number: str, text: str, now: datetime) -> NumberLimit | None:
        sent = self._sent.get(number, deque())
        today = [at for at, _ in sent if format_china_time(at)[:10] == format_china_time(now)[:10]]
        if self._per_day_max and len(today) >= self._per_day_max:
            return "day"
        if any(earlier == text and self._is_recent(at, now) for at, earlier in sent):
            return "same_content"
        return None

    def record(self, number: str, text: str, now: datetime) -> None:
        if not (self._per_day_max or self._same_content_s):
            return
        length_max = max(100, self._per_day_max)
        self._sent.setdefault(number, deque(maxlen=length_max)).append((now, text))
        self._sent.move_to_end(number)
        if len(self._sent) > REMEMBERED_MAX:
            self._sent.popitem(last=False)

    def _is_recent(self, at: datetime, now: datetime) -> bool:
        return (now - at).total_seconds() < self._same_content_s


@dataclass(frozen=True, slots=True)
class Sms:
    """session: what the client calls it."""

    number: str
    text: str
    template: str
    session: str
    message_id: str
    sender: SmsSender


class SmsBook:
    """Puts accepted messages onto the phones, and counts a notice that was accepted twice, by
    whichever provider: what must never happen."""

    def __init__(self, phones: Phones, counters: Counter[str], now: Clock) -> None:
        self._phones, self._counters, self._now = phones, counters, now
        self._sessions: OrderedDict[tuple[str, str], None] = OrderedDict()

    def record(self, sms: Sms, plan: Plan, limits: NumberLimits) -> None:
        now = self._now()
        limits.record(sms.number, sms.text, now)
        self._counters["sms_accepted"] += 1
        self._counters[f"sms_accepted_{sms.sender}"] += 1
        self._counters[f"sms_{plan.fate}"] += 1
        self._count_repeat((sms.number, sms.session))
        self._phones.add(
            Entry(
                seq=self._phones.take_next_seq(),
                recipient=sms.number,
                channel="sms",
                direction="in",
                text=sms.text,
                at=now,
                template=sms.template,
                notice_id=sms.session,
                provider_message_id=sms.message_id,
                fate=plan.fate,
                sender=sms.sender,
            )
        )

    def _count_repeat(self, key: tuple[str, str]) -> None:
        if key in self._sessions and key[1]:
            self._counters["sms_repeated_notices"] += 1
        self._sessions[key] = None
        if len(self._sessions) > REMEMBERED_MAX:
            self._sessions.popitem(last=False)


def count_segments(text: str) -> int:
    """How many SMS a text is billed as; phones count UTF-16 units."""
    units = len(text.encode("utf-16-le")) // 2
    return 1 if units <= 70 else -(-units // 67)
