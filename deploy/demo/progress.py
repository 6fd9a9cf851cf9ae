"""Progress of the demo: a line a stage with its count; in a pipe, a line at each end."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

PIPE_WIDTH = 200
PRINT_EVERY_S = 5.0


def make_console() -> Console:
    """In a pipe, wide enough that no path is broken."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=PIPE_WIDTH, highlight=False)


@dataclass(slots=True)
class Stage:
    """One line of the progress display."""

    display: "ProgressDisplay"
    task: TaskID
    title: str
    done: int = 0
    total: int | None = None

    def set(self, done: int, total: int | None = None) -> None:
        self.done = done
        self.total = self.total if total is None else total
        self.display.progress.update(self.task, completed=done, total=self.total)

    def add(self, count: int = 1) -> None:
        self.set(self.done + count)

    def finish(self) -> None:
        """Prints the count and the time."""
        self.set(self.done, self.done)
        self.display.print_line(f"{self.title} {self.done:,}")


class ProgressDisplay:
    """Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self.console = console
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
        )
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._started_s = time.monotonic()
        self._printed_s, self._printed = 0.0, ""

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started_s

    def add_stage(self, title: str, total: int | None = None) -> Stage:
        task = self.progress.add_task(title, total=total)
        return Stage(self, task, title, total=total)

    def print_stages(self, stages: Iterable[Stage]) -> None:
        """In a pipe, where no bar moves, a line now and then."""
        if self.progress.disable and self.elapsed_s - self._printed_s >= PRINT_EVERY_S:
            line = " · ".join(f"{stage.title} {stage.done:,}" for stage in stages)
            if line != self._printed:
                self._printed_s, self._printed = self.elapsed_s, line
                self.print_line(line)

    def print_line(self, text: str) -> None:
        self.progress.console.print(f"[dim]{self.elapsed_s:6.1f} s[/] {text}")

    def __enter__(self) -> "ProgressDisplay":
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.progress.stop()
