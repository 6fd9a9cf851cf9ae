"""Statement files as batches of rows that know their giver and their id; one batch in memory.

The same gift in another statement gets the same id, whatever the order of the rows: by the bank's
reference where there is one, and under it by giver, amount and moment, for some banks give a whole
batch one reference. Without a reference also by fund, and by the number among such rows of its
statement: somebody may give the same twice a day, and a statement that overlaps another lists both
again. What the giver wrote is not part of it: organisations add, drop and correct it when they
publish a gift again. Files that name an account count their gifts apart from those of others.

The giver counts by the id the vault gave him: a digest of his name would be guessed from the log.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Self

from services.audit.messages import MOMENT_IMPLAUSIBLE
from services.audit.model import is_plausible
from services.audit.statements.bank_rows import BankRow
from services.audit.statements.givers import Givers, Registered
from services.audit.statements.layout import Layout
from services.audit.statements.reading import Gift, read_statement
from shared.contracts.events import BankLineStated, DonationReceived, StatementRow
from shared.errors import Problem
from shared.ids import make_id
from shared.sheets import RefusedRow


class Identities:
    """Of one file: its equal rows without a reference are counted, by a short digest each. account:
    whose statement it is, where that is said."""

    def __init__(self, account: str = "") -> None:
        self.account = account
        self._account = [account] if account else []
        self._seen: Counter[str] = Counter()

    def assign(self, gift: Gift, donor_id: str) -> str:
        fact = gift.fact
        moment = fact.received_at.astimezone(UTC).isoformat()
        if gift.reference:
            content = (*self._account, gift.reference, donor_id, str(fact.amount_fen), moment)
            return make_id("A", *content)
        content = (*self._account, moment, donor_id, str(fact.amount_fen), fact.fund_id)
        counted = make_id("E", gift.listed.statement, *content)
        self._seen[counted] += 1
        return make_id("G", *content, str(self._seen[counted]))

    def list_earlier(self, gift: Gift, donor_id: str) -> tuple[str, ...]:
        """Ids that releases before decision 0510 gave such a row: of the first giver under the
        reference in a file, and of any other."""
        if not gift.reference:
            return ()
        line = (*self._account, gift.reference)
        first = make_id("A", *line) if self._account else gift.reference
        return first, make_id("A", *line, donor_id)


BATCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """id: the message under which its gift is published. fact: with the giver's id. earlier_ids: of
    other releases, see `Identities.list_earlier`."""

    line: int
    id: str
    fact: DonationReceived
    remarks: tuple[Problem, ...] = ()
    earlier_ids: tuple[str, ...] = ()

    @property
    def listed(self) -> StatementRow:
        assert self.fact.statement is not None
        return self.fact.statement


@dataclass(frozen=True, slots=True)
class StatedRow:
    """A row that is no gift but the bank's word on money that left, or came back. id: as of Row."""

    line: int
    id: str
    fact: BankLineStated

    @classmethod
    def from_row(cls, row: BankRow) -> Self:
        """The same row of another file has the same id. A batch of payments may share one bank
        reference: what the order says tells them apart."""
        stated = row.stated
        named = (stated.own_account, stated.bank_reference, stated.direction, stated.memo)
        mark = ["undone"] if stated.undone else []
        return cls(row.line, make_id("N", *named, str(stated.amount_fen), *mark), stated)


@dataclass(frozen=True, slots=True)
class Batch:
    """stated: rows about payments. read_bytes: how far its file is read. unread: its columns that
    are not."""

    file: Path
    rows: tuple[Row, ...]
    stated: tuple[StatedRow, ...]
    refused: tuple[RefusedRow, ...]
    read_bytes: int
    unread: tuple[str, ...] = ()


Check = Callable[[Gift], Problem | None]
"""What else may be wrong with a row, such as its fund."""


def read_batches(
    files: Sequence[Path],
    layout: Layout,
    givers: Givers,
    check: Check | None = None,
    skip: int | None = None,
) -> Iterator[Batch]:
    """Raises Invalid when a file is no statement at all. A file named twice is read once."""
    now = datetime.now(UTC)
    for file in dict.fromkeys(path.resolve() for path in files):
        content = file.read_bytes()
        statement = read_statement(content, file.name, layout, skip)
        identities = Identities(statement.account)
        gifts = iter(statement)
        while some := list(islice(gifts, BATCH_ROWS)):
            checked = [check_row(row, check, now) for row in some]
            stated = [StatedRow.from_row(row) for row in checked if isinstance(row, BankRow)]
            gifts_read = list_gifts(checked)
            rows, refused = identify_rows(checked, givers.register(gifts_read), identities)
            read_bytes = round(statement.table.progress * len(content))
            unread = statement.table.unread
            yield Batch(file, tuple(rows), tuple(stated), tuple(refused), read_bytes, unread)


def check_row(row: Gift | RefusedRow, check: Check | None, now: datetime) -> Gift | RefusedRow:
    """What is wrong with a row beside its cells: its day, and of a gift what `check` says."""
    match row:
        case Gift():
            problem, moment = check(row) if check else None, row.fact.received_at
        case BankRow():
            problem, moment = None, row.stated.at
        case _:
            return row
    if not is_plausible(moment, now):
        problem = MOMENT_IMPLAUSIBLE.problem("received_at")
    return RefusedRow(row.line, row.original, (problem,)) if problem else row


def list_gifts(checked: Sequence[Gift | RefusedRow]) -> list[Gift]:
    return [row for row in checked if isinstance(row, Gift)]


def identify_rows(
    checked: Sequence[Gift | RefusedRow], registered: Sequence[Registered], identities: Identities
) -> tuple[list[Row], list[RefusedRow]]:
    """registered: of its gifts, in order."""
    rows: list[Row] = []
    refused = [
        row for row in checked if isinstance(row, RefusedRow) and not isinstance(row, BankRow)
    ]
    for gift, giver in zip(list_gifts(checked), registered, strict=True):
        if not isinstance(giver, str):
            refused.append(RefusedRow(gift.line, gift.original, giver))
            continue
        id_ = identities.assign(gift, giver)
        update = {
            "donor_id": giver,
            "bank_reference": gift.reference or id_,
            "own_account": identities.account,
        }
        fact = gift.fact.model_copy(update=update)
        earlier_ids = identities.list_earlier(gift, giver)
        rows.append(Row(gift.line, id_, fact, gift.remarks, earlier_ids))
    return rows, sorted(refused, key=lambda row: row.line)
