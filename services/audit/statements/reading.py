"""A statement's rows: each a gift with its giver, a payment of ours, or why it is neither. One at a
time in memory.

Amounts in yuan or with their Chinese unit; a time without zone is China's, a date its midnight.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from services.audit.model import NO_REFERENCE
from services.audit.statements.bank_files import read_bank_file, write_as_sheet
from services.audit.statements.bank_rows import BankRow, BankRows
from services.audit.statements.layout import Layout
from services.audit.statements.meaning import find_own_account
from services.audit.statements.messages import (
    ACCOUNTS_SEVERAL,
    COLUMNS_UNMAPPED,
    GIVER_UNNAMED,
    REFERENCE_PERSONAL,
)
from services.audit.statements.running_balance import RunningBalance
from shared.contracts.events import Applicant, DonationReceived, StatementRow
from shared.errors import Invalid, Problem
from shared.money import format_yuan, parse_amount, parse_signed_amount
from shared.personal import is_personal_code
from shared.sheets import RefusedRow, Row, Table, TotalRow, count_doubtful_zeros, open_sheet
from shared.sheets.messages import (
    COLUMNS_MISSING,
    COLUMNS_REPEATED,
    DIGITS_DOUBTFUL,
    TOTAL_DIFFERENT,
    VALUE_CUT,
    VALUE_MISSING,
)
from shared.text import clean_text, fold_text
from shared.validation import describe_validation

NOBODY = "P-not-registered-yet"
UNNAMED = "爱心人士"
STATEMENT_NAME_MAX = 100
GIVER_NAME_MAX = 200
DESIGNATION_MAX = 5000
_UNMAPPED = frozenset({COLUMNS_MISSING.code, COLUMNS_REPEATED.code})


@dataclass(frozen=True, slots=True)
class Gift:
    """line: in the file, from 1. giver: name and perhaps phone, as intake registers a party.

    fact: without its donor_id, which intake gives when the giver is registered there.
    reference: the bank's own; empty when it gave none. remarks: what was cut or left out.
    original: the cells of its row.
    """

    line: int
    giver: dict[str, str]
    fact: DonationReceived
    reference: str
    remarks: tuple[Problem, ...] = ()
    original: tuple[str, ...] = field(default=(), repr=False)

    @property
    def listed(self) -> StatementRow:
        assert self.fact.statement is not None
        return self.fact.statement


def read_statement(
    content: bytes, name: str, layout: Layout, skip: int | None = None
) -> "Statement":
    """name: the file's. skip: rows above the header. Raises Invalid when it is no statement."""
    file = read_bank_file(content)
    if file is not None:
        content = write_as_sheet(file)
        layout = layout.for_bank_file(file.account)
    columns = layout.build_columns()
    try:
        table = open_sheet(content).find_table(columns, skip)
    except Invalid as error:
        hint = COLUMNS_UNMAPPED.problem()
        is_unmapped = any(problem.code in _UNMAPPED for problem in error.problems)
        raise Invalid(*error.problems, *([hint] if is_unmapped else [])) from None
    table.check_unit("amount", layout.amounts.unit)
    if "currency" not in layout.constants:
        table.check_yuan("amount")
    balances = file.balances if file else None
    return Statement(name[:STATEMENT_NAME_MAX], table, layout, balances)


@dataclass(slots=True)
class Statement:
    """Iterates over its rows, once. Its lines of totals are checks, and no gifts. balances: opening
    and closing, in fen, where the file has both; they agree with its rows."""

    name: str
    table: Table
    _layout: Layout
    balances: tuple[int, int] | None = None
    _sum_fen: int = 0
    _since_total_fen: int = 0
    _column_fen: int = 0
    _column_since_total_fen: int = 0
    _rows: int = 0
    _own_account: str = ""
    _account_column: int | None = None

    def __post_init__(self) -> None:
        self._account_column = find_own_account(self.table.headers)

    @property
    def account(self) -> str:
        """Whose statement it is, where that is said; what the bank's own format says counts."""
        return self._layout.account

    def __iter__(self) -> Iterator[Gift | BankRow | RefusedRow]:
        """A row that names an order of ours is no gift, whoever sent it."""
        bank_rows = BankRows(self.table, self._layout)
        running = RunningBalance(
            self.table.header.cells, bank_rows.amount_places, self._layout.amounts.unit
        )
        for each in self.table:
            row = self._check_account(each)
            match row:
                case TotalRow():
                    yield from self._check_total(row)
                case RefusedRow():
                    running.note(row.line, row.original)
                    self._add_to_column(row)
                    yield bank_rows.find(row) or row
                case Row():
                    running.note(row.line, row.original)
                    self._add_to_column(row)
                    yield bank_rows.find(row) or self._read_gift(row)
        yield from running.find_breaks()

    def _check_account(self, row: Row | RefusedRow | TotalRow) -> Row | RefusedRow | TotalRow:
        """A row of another account than the first is refused: its reference may be the same."""
        at = self._account_column
        if at is None or isinstance(row, TotalRow) or at >= len(row.original):
            return row
        account = fold_text(row.original[at])
        self._own_account = self._own_account or account
        if account in ("", self._own_account):
            return row
        return RefusedRow(row.line, row.original, (ACCOUNTS_SEVERAL.problem(count=2),))

    def _read_gift(self, row: Row) -> Gift | RefusedRow:
        draft = _Draft(row, list(row.remarks))
        try:
            gift = self._make_gift(draft)
        except ValidationError as error:
            return RefusedRow(row.line, row.original, describe_validation(error))
        except Invalid as error:
            return RefusedRow(row.line, row.original, error.problems)
        self._rows += 1
        self._sum_fen += gift.fact.amount_fen
        self._since_total_fen += gift.fact.amount_fen
        return gift

    def _make_gift(self, draft: "_Draft") -> Gift:
        """Raises Invalid and ValidationError."""
        values = draft.row.values
        name = draft.cut("name", "名称", GIVER_NAME_MAX) or self._name_unnamed(draft)
        giver = {"name": name} | ({"phone": draft.text("phone")} if "phone" in values else {})
        Applicant.model_validate(giver)
        reference = draft.text("bank_reference")
        if is_personal_code(reference):
            draft.remarks.append(REFERENCE_PERSONAL.problem("bank_reference"))
            reference = ""
        if count_doubtful_zeros(reference):
            draft.remarks.append(DIGITS_DOUBTFUL.problem("bank_reference", label="流水号"))
        listed = StatementRow.model_validate(
            {
                "statement": draft.cut("statement", "对账单", STATEMENT_NAME_MAX) or self.name,
                "row": values.get("row", draft.row.line),
            }
        )
        fact = DonationReceived.model_validate(
            {
                "donor_id": NOBODY,
                "fund_id": values["fund_id"],
                "amount_fen": values["amount"],
                "received_at": values["received_at"],
                "bank_reference": reference or NO_REFERENCE,
                "statement": listed,
                "designation": draft.cut("designation", "用途", DESIGNATION_MAX),
            }
        )
        remarks, original = tuple(draft.remarks), draft.row.original
        return Gift(draft.row.line, giver, fact, reference, remarks, original)

    def _name_unnamed(self, draft: "_Draft") -> str:
        """Money without a name is somebody's where the bank says when it came; else a sum, or a
        slip. Raises Invalid."""
        texts = draft.row.texts
        own = {"received_at", "bank_reference"} & texts.keys()
        has_own_moment = bool(own)
        is_sum = len(own) < 2 and self._rows > 1 and draft.row.values["amount"] in self._get_sums()
        if is_sum or not has_own_moment:
            raise VALUE_MISSING.invalid("name", label="名称")
        draft.remarks.append(GIVER_UNNAMED.problem("name", name=UNNAMED))
        return UNNAMED

    def _add_to_column(self, row: Row | RefusedRow) -> None:
        """A bank's total is of all that stands in its column: interest, and what is refused."""
        text = self.table.header.take_text(row.original, "amount")
        try:
            amount_fen = parse_signed_amount(text, unit=self._layout.amounts.unit)
        except Invalid:
            return
        self._column_fen += amount_fen
        self._column_since_total_fen += amount_fen

    def _get_sums(self) -> tuple[int, int]:
        return self._sum_fen, self._since_total_fen

    def _check_total(self, row: TotalRow) -> Iterator[RefusedRow]:
        """Of all rows so far, or of those since the total before."""
        try:
            stated = parse_amount(row.texts.get("amount", ""), unit=self._layout.amounts.unit)
        except Invalid:
            return
        in_column = (self._column_fen, self._column_since_total_fen)
        if stated not in (*self._get_sums(), *in_column):
            values = {"stated": format_yuan(stated), "counted": format_yuan(self._sum_fen)}
            yield RefusedRow(row.line, (), (TOTAL_DIFFERENT.problem("amount", **values),))
        self._since_total_fen = self._column_since_total_fen = 0


@dataclass(slots=True)
class _Draft:
    """A row on its way to a gift, and what is said of it."""

    row: Row
    remarks: list[Problem] = field(default_factory=list)

    def text(self, name: str) -> str:
        return self.row.text(name)

    def cut(self, name: str, label: str, length: int) -> str:
        """A side matter that is too long does not cost the money."""
        text = self.row.text(name)
        if len(text) > length:
            self.remarks.append(VALUE_CUT.problem(name, label=label, length=length))
        return clean_text(text[:length]) if len(text) > length else text
