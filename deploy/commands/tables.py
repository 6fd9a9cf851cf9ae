"""How commands print: tables whose ids and paths are never cut."""

from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 1_000


def make_console() -> Console:
    """As wide as the terminal; in a pipe, wide enough that no line is broken."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)


def make_table(*names: str, title: str = "") -> Table:
    """The first column is what a person copies: it is not folded, the others are."""
    table = Table(*names, title=title or None, title_justify="left")
    for column in table.columns:
        column.overflow = "fold"
    table.columns[0].no_wrap = True
    return table
