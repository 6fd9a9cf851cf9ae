"""When a bank booked a row: the ways that only banks write it.

In a bank's own column of days eight figures are a day, and nothing else could be; elsewhere a bare
number stays none, for it may be a spreadsheet's serial.
"""

import re
from datetime import datetime

from shared.moments import parse_moment
from shared.text import fold_text

_FIGURES = re.compile(
    r"(?P<day>(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"(?P<clock>(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?",
    re.ASCII,
)
_DOTTED = re.compile(r"(\d{4}-\d{2}-\d{2})-(\d{2})\.(\d{2})\.(\d{2})(\.\d{1,9})?", re.ASCII)
"""ICBC's, of a mainframe: 2026-01-05-09.12.33.123456."""


def parse_booked_at(text: str, field: str = "") -> datetime:
    """As `parse_moment`, and 20260105, 20260105091233, 2026-01-05-09.12.33.123456. Raises
    Invalid."""
    folded = fold_text(text)
    if figures := _FIGURES.fullmatch(folded):
        day, clock = figures["day"], figures["clock"] or "000000"
        folded = f"{day} {clock[:2]}:{clock[2:4]}:{clock[4:]}"
    return parse_moment(_DOTTED.sub(r"\1 \2:\3:\4\5", folded), field)
