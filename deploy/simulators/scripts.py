"""Scripted recipients: the last six characters of a number or an openid decide what happens.

| ends with | script | what happens |
|---|---|---|
| 990001 | permanent_failure | accepted, then a receipt of failure |
| 990002 | temporary_failure | the first call is answered 503, the next is delivered |
| 990003 | throttled | the first call meets a limit, the next is delivered |
| 990004 | accept_then_drop | accepted; never delivered, never a receipt |
| 990005 | read_timeout | delivered with a receipt, but the call is never answered in time |
| 990006 | receipt_first | the receipt reaches intake before the call is answered |
| 990007 | duplicate_receipt | delivered; the receipt comes twice |
| 990008 | reordered_receipts | a receipt waits until the recipient's next one has gone |
| 990009 | blacklisted | refused: opted out (SMS) or not following (WeChat) |
| 990010 | ambiguous | Tencent: InternalError.Timeout; WeChat: -1. Not delivered |
| 990011 | late_receipt | delivered; the receipt comes much later |
| 990012 | token_expires | WeChat: every token dies at the first call. SMS: delivered |
| 990013 | tencent_down | Tencent answers 503 whenever it is called; Aliyun delivers |
| others | delivered | delivered with a receipt, or what chance brings (`faults.py`) |
"""

from collections import Counter
from enum import StrEnum

from deploy.simulators.faults import Chance
from deploy.simulators.plans import Plan


class Script(StrEnum):
    DELIVERED = "delivered"
    PERMANENT_FAILURE = "permanent_failure"
    TEMPORARY_FAILURE = "temporary_failure"
    THROTTLED = "throttled"
    ACCEPT_THEN_DROP = "accept_then_drop"
    READ_TIMEOUT = "read_timeout"
    RECEIPT_FIRST = "receipt_first"
    DUPLICATE_RECEIPT = "duplicate_receipt"
    REORDERED_RECEIPTS = "reordered_receipts"
    BLACKLISTED = "blacklisted"
    AMBIGUOUS = "ambiguous"
    LATE_RECEIPT = "late_receipt"
    TOKEN_EXPIRES = "token_expires"  # noqa: S105 - a script's name
    TENCENT_DOWN = "tencent_down"


SUFFIXES = {f"99{index:04d}": script for index, script in enumerate(Script) if index}
SUFFIX_LENGTH = 6

PLANS: dict[Script, Plan] = {
    Script.DELIVERED: Plan(),
    Script.PERMANENT_FAILURE: Plan(fate="failed"),
    Script.TEMPORARY_FAILURE: Plan(refusal="unavailable", once=True),
    Script.THROTTLED: Plan(refusal="throttled", once=True),
    Script.ACCEPT_THEN_DROP: Plan(fate="dropped", receipt_copies=0),
    Script.READ_TIMEOUT: Plan(hangs=True),
    Script.RECEIPT_FIRST: Plan(receipt_first=True),
    Script.DUPLICATE_RECEIPT: Plan(receipt_copies=2),
    Script.REORDERED_RECEIPTS: Plan(receipt_withheld=True),
    Script.BLACKLISTED: Plan(refusal="blacklisted"),
    Script.AMBIGUOUS: Plan(refusal="ambiguous"),
    Script.LATE_RECEIPT: Plan(receipt_late=True),
    Script.TOKEN_EXPIRES: Plan(refusal="token", once=True),
    Script.TENCENT_DOWN: Plan(refusal="unavailable", by="tencent"),
}

ASSIGNED_MAX = 10_000


class Scripts:
    """Which script a recipient follows, and how often he was called."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._assigned: dict[str, Script] = {}
        self._calls: Counter[str] = Counter()

    def assign(self, recipient: str, script: Script) -> None:
        if len(self._assigned) >= ASSIGNED_MAX:
            self._assigned.pop(next(iter(self._assigned)))
        self._assigned[recipient] = script
        self._calls.pop(recipient, None)

    def find_script(self, recipient: str) -> Script:
        default = SUFFIXES.get(recipient[-SUFFIX_LENGTH:], Script.DELIVERED)
        return self._assigned.get(recipient, default)

    def plan_call(self, recipient: str, provider: str) -> Plan:
        """The plan for the call that comes in now."""
        script = self.find_script(recipient)
        if script is Script.DELIVERED:
            return self._chance.draw(recipient, provider)
        plan = PLANS[script]
        if plan.by and plan.by != provider:
            return Plan()
        if plan.once:
            return plan if self._is_first(recipient) else Plan()
        return plan

    def _is_first(self, recipient: str) -> bool:
        if len(self._calls) >= ASSIGNED_MAX:
            self._calls.clear()
        self._calls[recipient] += 1
        return self._calls[recipient] == 1
