"""Statement files as batches of rows that know their giver and their id; one batch in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from services.audit.statements.givers import Givers
from services.audit.statements.identity import Identities
from services.audit.statements.layout import Layout
from services.audit.statements.reading import Gift, Refused, decoded, read
from shared.contracts.events import DonationReceived, StatementRow

BATCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """id: the message under which its gift is published. fact: with the giver's id."""

    line: int
    id: str
    fact: DonationReceived

    @property
    def listed(self) -> StatementRow:
        assert self.fact.statement is not None
        return self.fact.statement


@dataclass(frozen=True, slots=True)
class Batch:
    """read_bytes: how far its file is read."""

    file: Path
    rows: tuple[Row, ...]
    refused: tuple[Refused, ...]
    read_bytes: int


Check = Callable[[Gift], Refused | None]
"""What else may be wrong with a row, such as its fund."""


def batches(
    files: Sequence[Path], layout: Layout, givers: Givers, check: Check | None = None
) -> Iterator[Batch]:
    """Raises Invalid when a file is no statement at all. A file named twice is read once."""
    for file in dict.fromkeys(path.resolve() for path in files):
        yield from _of_file(file, layout, givers, check)


def _of_file(file: Path, layout: Layout, givers: Givers, check: Check | None) -> Iterator[Batch]:
    identities = Identities()
    with file.open("rb") as raw, decoded(raw) as text:
        found = read(text, file.name, layout)
        while some := list(islice(found, BATCH_ROWS)):
            checked = [_checked(row, check) for row in some]
            rows, refused = _identified(checked, givers, identities)
            yield Batch(file, tuple(rows), tuple(refused), raw.tell())


def _checked(row: Gift | Refused, check: Check | None) -> Gift | Refused:
    wrong = check(row) if check and isinstance(row, Gift) else None
    return wrong or row


def _identified(
    found: Sequence[Gift | Refused], givers: Givers, identities: Identities
) -> tuple[list[Row], list[Refused]]:
    gifts = [row for row in found if isinstance(row, Gift)]
    rows: list[Row] = []
    refused = [row for row in found if isinstance(row, Refused)]
    for gift, giver in zip(gifts, givers.ids(gifts), strict=True):
        if isinstance(giver, Refused):
            refused.append(replace(giver, line=gift.line))
            continue
        id_ = identities.of(gift, giver)
        known = {"donor_id": giver, "bank_reference": gift.reference or id_}
        rows.append(Row(gift.line, id_, gift.fact.model_copy(update=known)))
    return rows, sorted(refused, key=lambda row: row.line)
