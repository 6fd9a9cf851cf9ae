"""The balance beside each line of a statement: with what moved it makes the next one.

A line that is missing, there twice or misread breaks the chain. Banks list the oldest line first or
the newest; only how far the balance moves is compared, so that no direction has to be known.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.audit.statements.meaning import is_nothing, is_zero
from services.audit.statements.messages import BALANCE_BROKEN
from shared.errors import Invalid
from shared.money import format_yuan, parse_signed_amount
from shared.sheets import RefusedRow
from shared.text import fold_word

_HEADER = re.compile(
    r"^(?:账户|账号|本次|交易后|当前|卡|人民币)?(?:余额|结余)(?:\(元\))?$|^balance$"
)
BREAKS_MAX = 10
"""Of a hundred lines, but three in a short file. Where more do not follow, it is no running
balance, or the lines are in no order."""


@dataclass(frozen=True, slots=True)
class _Line:
    line: int
    balance_fen: int
    moved_fen: int


@dataclass(slots=True)
class RunningBalance:
    """amounts: the columns of which one says what a line moves. unit: of all of them."""

    headers: Sequence[str]
    amounts: Sequence[int]
    unit: str
    _place: int | None = None
    _lines: list[_Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        places = [at for at, text in enumerate(self.headers) if _HEADER.search(fold_word(text))]
        self._place = places[0] if len(places) == 1 else None

    def note(self, line: int, cells: Sequence[str]) -> None:
        """A row of the table, whatever becomes of it. One without a balance, as of what is pending,
        is no link of the chain."""
        place = self._place
        if place is None or place >= len(cells):
            return
        try:
            balance_fen = self._parse(cells[place])
            moved = [
                self._parse(cells[at])
                for at in self.amounts
                if at < len(cells) and not is_nothing(cells[at])
            ]
        except Invalid:
            return
        self._lines.append(_Line(line, balance_fen, abs(sum(moved))))

    def find_breaks(self) -> Iterator[RefusedRow]:
        """The lines that do not follow from their neighbour, in the order that fits best."""
        pairs = list(zip(self._lines, self._lines[1:], strict=False))
        oldest_first = [pair for pair in pairs if not _follows(*pair)]
        newest_first = [pair for pair in pairs if not _follows(*reversed(pair))]
        breaks = min(oldest_first, newest_first, key=len)
        if len(breaks) > max(3, len(pairs) * BREAKS_MAX // 100) or len(breaks) == len(pairs):
            return
        for earlier, later in breaks:
            values = {
                "line": earlier.line,
                "balance": format_yuan(later.balance_fen),
                "before": format_yuan(earlier.balance_fen),
            }
            yield RefusedRow(later.line, (), (BALANCE_BROKEN.problem("balance", **values),))

    def _parse(self, text: str) -> int:
        """Raises Invalid."""
        return 0 if is_zero(text) else parse_signed_amount(text, unit=self.unit)


def _follows(earlier: _Line, later: _Line) -> bool:
    return abs(later.balance_fen - earlier.balance_fen) == later.moved_fen
