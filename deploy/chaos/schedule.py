"""Which fault strikes what, when and for how long: all of it follows from the seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

FIRST_AT_S = 4.0
GAP_S_MIN, GAP_S_MAX = 3.0, 9.0
CALM_S = 15.0
"""At the end, so that the last fault's recovery is seen."""


class FaultKind(StrEnum):
    """kill: SIGKILL, and the supervisor starts it again. pause: SIGSTOP, then SIGCONT.

    cut: nothing passes a connection, and what was under way is lost. slow: each piece comes late.
    full: no file of the process may grow. clock: its clock jumps. providers: they misbehave.
    disk: a broker is killed and its data deleted. switch: the primary of three mongods steps down.
    older: an instance of an older version comes, works beside the others, and leaves.
    """

    KILL = "kill"
    PAUSE = "pause"
    CUT = "cut"
    SLOW = "slow"
    FULL = "full"
    CLOCK = "clock"
    PROVIDERS = "providers"
    DISK = "disk"
    SWITCH = "switch"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class Target:
    """What a kind of fault can strike here; how long it lasts at least and at most."""

    kind: FaultKind
    name: str
    s_min: float = 0.0
    s_max: float = 0.0


@dataclass(frozen=True, slots=True)
class Fault:
    """at_s: from the start of the load."""

    at_s: float
    kind: FaultKind
    target: str
    lasts_s: float = 0.0

    @property
    def ends_s(self) -> float:
        return self.at_s + self.lasts_s


def draw_schedule(seed: int, seconds: float, targets: Sequence[Target]) -> tuple[Fault, ...]:
    """In order. Each target once before any comes again; several may be struck at a time, but none
    twice. All end CALM_S before the seconds are over."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    end_s = seconds - CALM_S
    faults: list[Fault] = []
    free_at: dict[str, float] = {}
    at_s = FIRST_AT_S
    for target in _deal(dice, targets):
        at_s = max(at_s, free_at.get(target.name, 0.0))
        if at_s + target.s_min > end_s:
            break
        lasts_s = min(dice.uniform(target.s_min, target.s_max), end_s - at_s)
        fault = Fault(round(at_s, 1), target.kind, target.name, round(lasts_s, 1))
        faults.append(fault)
        free_at[target.name] = fault.ends_s + GAP_S_MIN
        at_s += dice.uniform(GAP_S_MIN, GAP_S_MAX)
    return tuple(faults)


def _deal(dice: random.Random, targets: Sequence[Target]) -> Iterator[Target]:
    while targets:
        yield from dice.sample(list(targets), len(targets))
