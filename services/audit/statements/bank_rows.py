"""Rows of a statement that are no gift: what left the account, what came back of an order, and what
the bank pays and takes for itself.

They are stated as a bank's feed states them, so audit decides on both alike.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.audit.model import format_payment_reference, parse_payment_reference
from services.audit.statements.booking import parse_booked_at
from services.audit.statements.layout import Layout
from services.audit.statements.meaning import (
    COUNTERPARTY,
    OTHER_SIDES,
    is_givers_column,
    is_nothing,
    is_reversed,
)
from services.audit.statements.messages import (
    AMOUNT_REVERSED,
    DIRECTION_OUTGOING,
    DIRECTION_UNCLEAR,
    KIND_OF_NO_GIFT,
    ROW_REVERSED,
    STATE_UNFINISHED,
)
from services.audit.statements.vocabulary import (
    OwnKind,
    find_own_kind,
    is_bank_party,
    is_sent,
)
from shared.contracts.events import BankLineStated
from shared.errors import Invalid, Problem
from shared.ids import make_id
from shared.money import parse_signed_amount
from shared.sheets import RefusedRow, Row, Table
from shared.sheets.messages import VALUE_MISSING
from shared.text import fold_word

_OF_A_PAYMENT = frozenset(
    message.code
    for message in (
        DIRECTION_OUTGOING,
        DIRECTION_UNCLEAR,
        KIND_OF_NO_GIFT,
        AMOUNT_REVERSED,
        VALUE_MISSING,
    )
)
"""What may be wrong with it as a gift. Pending, reversed or in dollars, it is no payment either."""

_UNDONE = frozenset((STATE_UNFINISHED.code, ROW_REVERSED.code, AMOUNT_REVERSED.code))
_RETURNED = re.compile("(?:交易|付款|支付)?已?(?:退汇|退回|退票|冲正|撤销)")


@dataclass(frozen=True, slots=True)
class BankRow(RefusedRow):
    """stated: the row as a bank's feed would state it. problems: why it is no gift."""

    stated: BankLineStated


class BankRows:
    """Finds them among the rows of one table."""

    def __init__(self, table: Table, layout: Layout) -> None:
        self._header = table.header
        self._layout = layout
        self._columns = layout.build_columns()
        self._other_sides = self._find_guarded(OTHER_SIDES)
        self._accounts = self._find_guarded((COUNTERPARTY,))

    def find(self, row: Row | RefusedRow) -> BankRow | None:
        """None where it is something else, or says too little to be told from other lines."""
        problems = row.problems if isinstance(row, RefusedRow) else ()
        codes = {each.code for each in problems if not self._is_return(each, row.original)}
        named = parse_payment_reference(" ".join(row.original))
        if named is None and self._is_reversed_credit(problems, row.original):
            return self._make_reversed(row, problems)
        goes_out = DIRECTION_OUTGOING.code in codes
        is_minus = not goes_out and self._is_minus(row.original)
        sent = is_minus and any(is_sent(self._find_word(each, row.original)) for each in problems)
        own_kind: OwnKind = ""
        if not named:
            left = goes_out or is_minus
            own_kind = self._find_own_kind(problems, row.original, goes_out=left)
        if not (named or goes_out or own_kind or sent) or not codes <= _OF_A_PAYMENT:
            return None
        try:
            amount_fen = self._read_amount(row.original)
            at = self._read_moment(row.original)
            reference = self._read_reference(row.original, own_kind, at, amount_fen)
        except Invalid:
            return None
        if DIRECTION_UNCLEAR.code in codes and not (named and amount_fen < 0):
            return None
        is_paid = goes_out is (amount_fen > 0)
        if not amount_fen or not reference or not (is_paid or named or own_kind):
            return None
        if is_paid and STATE_UNFINISHED.code in {problem.code for problem in problems}:
            return None
        stated = BankLineStated(
            direction="paid" if is_paid else "returned",
            memo=format_payment_reference(*named) if named else "",
            amount_fen=abs(amount_fen),
            at=at,
            bank_reference=reference,
            account=self._read_account(row.original),
            own_account=self._layout.account,
            own_kind=own_kind,
            fund_id=self._layout.bank_fund if own_kind else "",
        )
        return BankRow(row.line, row.original, problems, stated)

    def _is_reversed_credit(self, problems: Sequence[Problem], cells: Sequence[str]) -> bool:
        """Whether all that speaks against it is the bank's mark that it was reversed, whole."""
        return bool(problems) and all(self._is_reversal_mark(each, cells) for each in problems)

    def _is_reversal_mark(self, problem: Problem, cells: Sequence[str]) -> bool:
        is_mark = problem.code in (ROW_REVERSED.code, STATE_UNFINISHED.code)
        if not is_mark or problem.field not in self._header.cells:
            return False
        word = fold_word(_get(cells, self._header.cells.index(problem.field)))
        return is_reversed(fold_word(problem.field), word)

    def _make_reversed(self, row: Row | RefusedRow, problems: Sequence[Problem]) -> BankRow | None:
        """What came in under its reference left again. None where it says too little."""
        try:
            amount_fen = self._read_amount(row.original)
            at = self._read_moment(row.original)
            reference = self._read_reference(row.original, "", at, amount_fen)
        except Invalid:
            return None
        if amount_fen <= 0 or not reference:
            return None
        stated = BankLineStated(
            direction="paid",
            memo="",
            amount_fen=amount_fen,
            at=at,
            bank_reference=reference,
            own_account=self._layout.account,
            undone=True,
        )
        return BankRow(row.line, row.original, tuple(problems), stated)

    def _find_own_kind(
        self, problems: Sequence[Problem], cells: Sequence[str], *, goes_out: bool
    ) -> OwnKind:
        """By the bank's own word, where it fits the direction: interest comes in, a charge goes
        out. A charge that comes back is neither, nor is anything undone, or of somebody else."""
        party = _get(cells, self._header.places.get("name", len(cells)))
        if not is_bank_party(fold_word(party)) or any(each.code in _UNDONE for each in problems):
            return ""
        words = (self._find_word(problem, cells) for problem in problems)
        kinds = {kind for word in words if (kind := find_own_kind(word))}
        if kinds == {"interest"} and not goes_out:
            return "interest"
        return "charge" if kinds == {"charge"} and goes_out else ""

    def _find_word(self, problem: Problem, cells: Sequence[str]) -> str:
        """The bank's word for which a row is no gift; empty for what is a giver's."""
        if problem.code != KIND_OF_NO_GIFT.code:
            return ""
        if problem.field == "name":
            return fold_word(_get(cells, self._header.places.get("name", len(cells))))
        if problem.field not in self._header.cells or is_givers_column(problem.field):
            return ""
        return fold_word(_get(cells, self._header.cells.index(problem.field)))

    def _is_return(self, problem: Problem, cells: Sequence[str]) -> bool:
        """Whether all that speaks against it is the bank's word that it came back."""
        if problem.code != STATE_UNFINISHED.code or problem.field not in self._header.cells:
            return False
        word = fold_word(_get(cells, self._header.cells.index(problem.field)))
        return _RETURNED.fullmatch(word) is not None

    def _find_guarded(self, names: Sequence[str]) -> list[int]:
        return [at for at, guard in self._header.guarded.items() if guard.name in names]

    @property
    def amount_places(self) -> tuple[int, ...]:
        """The columns of which one says what a row moves."""
        return (*self._other_sides, self._header.places.get("amount", len(self._header.cells)))

    def _is_minus(self, cells: Sequence[str]) -> bool:
        """Whether a column of both directions says by its sign that it left."""
        try:
            return self._read_amount(cells) < 0
        except Invalid:
            return False

    def _read_amount(self, cells: Sequence[str]) -> int:
        """Negative as it is written; 0 where both sides of the row are filled in. Raises
        Invalid."""
        texts = [text for at in self.amount_places if not is_nothing(text := _get(cells, at))]
        if len(texts) != 1:
            return 0
        return parse_signed_amount(texts[0], unit=self._layout.amounts.unit)

    def _read_moment(self, cells: Sequence[str]) -> datetime:
        return parse_booked_at(self._read(cells, "received_at"), "received_at")

    def _read_reference(
        self, cells: Sequence[str], own_kind: OwnKind, at: datetime, amount_fen: int
    ) -> str:
        """Banks number no interest at times: it is known by account, day and sum then, if the
        account is; of charges there may be several equal ones a day. Raises Invalid."""
        place = self._header.places.get("bank_reference", len(cells))
        if own_kind == "interest" and self._layout.account and not _get(cells, place):
            return make_id("N", self._layout.account, at.isoformat(), str(amount_fen))
        text = self._read(cells, "bank_reference")
        return str(self._columns.find_column("bank_reference").parse(text, "bank_reference"))

    def _read(self, cells: Sequence[str], name: str) -> str:
        """Raises Invalid where it is empty."""
        text = self._header.take_text(cells, name) or self._columns.constants.get(name, "")
        if not text:
            raise VALUE_MISSING.invalid(name, label=name)
        return text

    def _read_account(self, cells: Sequence[str]) -> str:
        return next((text for at in self._accounts if (text := _get(cells, at))), "")[:64]


def _get(cells: Sequence[str], at: int) -> str:
    return cells[at] if at < len(cells) else ""
