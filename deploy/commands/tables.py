"""How commands print: tables whose ids and paths are never cut."""

from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 200


def console() -> Console:
    """As wide as the terminal; in a pipe, wide enough that no line is broken."""
    console_of_terminal = Console()
    return console_of_terminal if console_of_terminal.is_terminal else Console(width=PIPE_WIDTH)


def table(*names: str, title: str = "") -> Table:
    """The first column is what a person copies: it is not folded, the others are."""
    new_table = Table(*names, title=title or None, title_justify="left")
    for column in new_table.columns:
        column.overflow = "fold"
    new_table.columns[0].no_wrap = True
    return new_table
