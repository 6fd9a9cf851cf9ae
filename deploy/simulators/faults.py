"""Faults by chance: how many calls of a hundred go wrong, and in which way.

What happens to the nth call for a recipient at a provider follows from the seed alone, in whatever
order the calls come in: a run that failed can be played again.
"""

import random
from collections import Counter
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from deploy.simulators.plans import Plan

CALLS_MAX = 200_000

Percent = Annotated[float, Field(ge=0, le=100)]


class Faults(BaseModel):
    """Of a hundred calls, so many.

    throttle: refused, too many of ours. unavailable: answered 503. ambiguous: answered with an
    error after which nobody knows; not delivered. late_answer: delivered, and answered when the
    client has given up. expire: WeChat's tokens die.
    Of those accepted: fail: a receipt of failure. drop: never delivered, never a receipt. delay:
    the receipt comes much later. duplicate: twice. reorder: after the recipient's next. early:
    before the answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    throttle: Percent = 0
    unavailable: Percent = 0
    ambiguous: Percent = 0
    late_answer: Percent = 0
    expire: Percent = 0
    fail: Percent = 0
    drop: Percent = 0
    delay: Percent = 0
    duplicate: Percent = 0
    reorder: Percent = 0
    early: Percent = 0

    @property
    def are_any(self) -> bool:
        return any(self.model_dump().values())


class Chance:
    """Draws what becomes of a call. faults may be replaced while it runs."""

    def __init__(self, faults: Faults, seed: int, counters: Counter[str]) -> None:
        self.faults, self.seed = faults, seed
        self._counters = counters
        self._calls: Counter[tuple[str, str]] = Counter()

    def restart(self, faults: Faults, seed: int) -> None:
        self.faults, self.seed = faults, seed
        self._calls.clear()

    def draw(self, recipient: str, provider: str) -> Plan:
        if not self.faults.are_any:
            return Plan()
        if len(self._calls) >= CALLS_MAX:
            self._calls.clear()
        self._calls[recipient, provider] += 1
        number = self._calls[recipient, provider]
        dice = random.Random(f"{self.seed}|{provider}|{recipient}|{number}")  # noqa: S311 - no secret
        names = {name for name, rate in self.faults if dice.random() * 100 < rate}
        if provider != "wechat":
            names.discard("expire")
        plan = _build_plan(names)
        if plan.refusal or plan.hangs:
            names &= {"throttle", "unavailable", "ambiguous", "expire", "late_answer"}
        self._counters.update(f"fault_{name}" for name in names)
        return plan


def _build_plan(names: set[str]) -> Plan:
    """A call that is refused has no receipt; what is dropped has none either."""
    if "throttle" in names:
        return Plan(refusal="overloaded")
    if "unavailable" in names:
        return Plan(refusal="unavailable")
    if "expire" in names:
        return Plan(refusal="token")
    if "ambiguous" in names:
        return Plan(refusal="ambiguous")
    hangs = "late_answer" in names
    if "drop" in names:
        return Plan(fate="dropped", receipt_copies=0, hangs=hangs)
    return Plan(
        fate="failed" if "fail" in names else "delivered",
        hangs=hangs,
        receipt_first="early" in names,
        receipt_copies=2 if "duplicate" in names else 1,
        receipt_withheld="reorder" in names,
        receipt_late="delay" in names,
    )
