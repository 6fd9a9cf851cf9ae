"""What an import says of a sheet beside its refused rows: what it did not read, and what it cut."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape

from shared.errors import Problem

LINES_SHOWN = 20


def print_unread(console: Console, headers: Sequence[str], file: str = "") -> None:
    if headers:
        names = escape("、".join(headers))
        where = f"{escape(file)}: " if file else ""
        console.print(f"[yellow]{where}未读取的列 columns not read: {names}[/]", highlight=False)


def print_remarks(console: Console, remarks: Iterable[tuple[int, Sequence[Problem]]]) -> None:
    """By reason, with the lines of its rows."""
    for (field, zh, en), lines in group_by_reason(remarks).items():
        console.print(
            f"[yellow]{escape(field)}[/] {escape(zh)} {escape(en)}: {format_lines(lines)}",
            highlight=False,
        )


def group_by_reason(
    remarks: Iterable[tuple[int, Sequence[Problem]]],
) -> dict[tuple[str, str, str], list[int]]:
    lines: dict[tuple[str, str, str], list[int]] = {}
    for line, problems in remarks:
        for problem in problems:
            lines.setdefault((problem.field, problem.zh, problem.en), []).append(line)
    return lines


def format_lines(lines: Sequence[int]) -> str:
    more = f"… 共{len(lines)}行" if len(lines) > LINES_SHOWN else ""
    return f"第 {'、'.join(map(str, lines[:LINES_SHOWN]))} 行{more}"
