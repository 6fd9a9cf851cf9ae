"""What is shown while it runs: a line a stage with its count; in a pipe, a line at each end."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

PIPE_WIDTH = 200
PULSE_S = 5.0


def make_console() -> Console:
    """In a pipe, wide enough that no path is broken."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=PIPE_WIDTH, highlight=False)


@dataclass(slots=True)
class Stage:
    """One line of the board."""

    board: "Board"
    task: TaskID
    title: str
    done: int = 0
    total: int | None = None

    def to(self, done: int, total: int | None = None) -> None:
        self.done = done
        self.total = self.total if total is None else total
        self.board.progress.update(self.task, completed=done, total=self.total)

    def add(self, count: int = 1) -> None:
        self.to(self.done + count)

    def finish(self) -> None:
        """Says so, with how many there were and when."""
        self.to(self.done, self.done)
        self.board.say(f"{self.title} {self.done:,}")


class Board:
    """Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self.console = console
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
        )
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._began_s = time.monotonic()
        self._pulsed_s, self._pulsed = 0.0, ""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began_s

    def stage(self, title: str, total: int | None = None) -> Stage:
        task = self.progress.add_task(title, total=total)
        return Stage(self, task, title, total=total)

    def pulse(self, stages: Iterable[Stage]) -> None:
        """In a pipe, where no bar moves, a line now and then."""
        if self.progress.disable and self.seconds - self._pulsed_s >= PULSE_S:
            line = " · ".join(f"{stage.title} {stage.done:,}" for stage in stages)
            if line != self._pulsed:
                self._pulsed_s, self._pulsed = self.seconds, line
                self.say(line)

    def say(self, text: str) -> None:
        self.progress.console.print(f"[dim]{self.seconds:6.1f} s[/] {text}")

    def __enter__(self) -> "Board":
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.progress.stop()
