"""A notify that kills itself at a step of sending and comes back, run as a module.

Each life is a fork of a process that has imported everything, so it costs little. It ends before,
in the midst of, or after one of the steps.
"""

import asyncio
import itertools
import json
import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from deploy.commands.run import run
from deploy.local.process import make_death_signal
from services.notify.jobs import Sender
from services.notify.model import ClaimNotice, NoticeDue, RecordOutcome
from services.notify.registering import Registrar
from services.notify.resources import NotifyResources
from shared.messaging.processor import Processor
from tests.notify.fast_clock import put_in_place, read_clock

DEATHS = "TEST_DEATHS"
"""The variable that holds where each life ends, as JSON."""
STEPS = ("events", "claim", "note", "call", "outcome", "expiry")
LATE = {"events": 1, "expiry": 2}
MOMENTS = ("before", "midst", "after")
MIDST_S = 0.008
COMMANDS: dict[type, str] = {ClaimNotice: "claim", RecordOutcome: "outcome", NoticeDue: "expiry"}

Step = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Death:
    """passes: how often the step is done before."""

    step: str
    moment: str
    passes: int


def draw_deaths(seed: str, count: int, spacing: int) -> list[Death]:
    """Each step and moment in turn, in an order of their own; but calls come first, while there are
    enough of them, then events, which receipts are, and last what expires. spacing: calls of a
    life, at most."""
    dice = random.Random(seed)
    places = list(itertools.product(STEPS, MOMENTS))
    dice.shuffle(places)
    places.sort(key=lambda place: LATE.get(place[0], 0))
    passes_max = {"call": spacing, "expiry": 1}
    return [
        Death(step, moment, dice.randrange(passes_max.get(step, 3)))
        for step, moment in itertools.islice(itertools.cycle(places), count)
    ]


class Executioner:
    """Counts the passes of one step and ends the process."""

    def __init__(self, death: Death) -> None:
        self._death = death
        self._passes = itertools.count()

    def wrap(self, step: Step, name: Callable[..., str]) -> Step:
        async def wrapped(*args: Any, **more: Any) -> Any:
            is_last = name(*args) == self._death.step and next(self._passes) == self._death.passes
            if is_last and self._death.moment == "before":
                self._kill()
            if is_last and self._death.moment == "midst":
                delay_s = random.uniform(0, MIDST_S)
                asyncio.get_running_loop().call_later(delay_s, self._kill)
            try:
                return await step(*args, **more)
            finally:  # a call that fails ends a life, too
                if is_last:
                    self._kill()

        return wrapped

    def _kill(self) -> None:
        line = {"event": "sender_dies", "step": self._death.step, "moment": self._death.moment}
        os.write(sys.stdout.fileno(), f"{json.dumps(line)}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


def live(death: Death | None) -> None:
    """Until it is killed, or told to stop."""
    put_in_place(read_clock())
    if death:
        executioner = Executioner(death)
        Processor.submit = executioner.wrap(Processor.submit, lambda *_: "events")  # type: ignore[method-assign,assignment]
        Sender._execute = executioner.wrap(Sender._execute, _name_commands)  # type: ignore[method-assign,assignment]
        Registrar._note = executioner.wrap(Registrar._note, lambda *_: "note")  # type: ignore[method-assign,assignment]
        NotifyResources.send = executioner.wrap(NotifyResources.send, lambda *_: "call")  # type: ignore[method-assign,assignment]
    run("notify")


def _name_commands(_sender: Sender, commands: list[Any]) -> str:
    return COMMANDS.get(type(commands[0].data), "") if commands else ""


def main() -> None:
    """Forks one life after the other; what tells this process to stop stops the one that lives."""
    deaths = (Death(*row) for row in json.loads(os.environ[DEATHS]))
    child = 0
    is_stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        is_stopping = True
        if child:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    while not is_stopping:
        death, follow_parent = next(deaths, None), make_death_signal(os.getpid())
        child = os.fork()
        if child == 0:
            follow_parent()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            live(death)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
