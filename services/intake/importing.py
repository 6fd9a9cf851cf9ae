"""Carrying a sheet's rows to intake: in batches, each row with its own answer."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeVar

from services.intake.channels.spreadsheet import SheetRequest
from shared.errors import Problem
from shared.sheets import RefusedRow

BATCH_ROWS = 200
T = TypeVar("T")


class Poster(Protocol):
    """What an import needs of `ServiceClient`."""

    def post(self, path: str, json: Any) -> Any: ...


@dataclass(slots=True)
class Report:
    """decisions: how many rows came to what; rows that were imported before keep theirs."""

    decisions: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedRow] = field(default_factory=list)


def import_rows(
    client: Poster, rows: Sequence[SheetRequest | RefusedRow], advance: Callable[[int], None]
) -> Report:
    """Posts what can be posted and gathers every row's answer; tells `advance` how many."""
    report = Report(refused=[row for row in rows if isinstance(row, RefusedRow)])
    fresh = list(_drop_repeated([row for row in rows if isinstance(row, SheetRequest)], report))
    advance(len(rows) - len(fresh))
    for batch in _split_batches(fresh, BATCH_ROWS):
        _post(client, batch, report)
        advance(len(batch))
    report.refused.sort(key=lambda row: row.line)
    return report


def _drop_repeated(rows: Sequence[SheetRequest], report: Report) -> Iterator[SheetRequest]:
    """Two rows that say the same are one message."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        identity = (row.key, row.request.model_dump_json())
        if identity in seen:
            report.decisions["repeated"] += 1
        else:
            seen.add(identity)
            yield row


def _post(client: Poster, batch: Sequence[SheetRequest], report: Report) -> None:
    body = [
        {
            "idempotency_key": row.key,
            "request": row.request.model_dump(mode="json", exclude_none=True),
        }
        for row in batch
    ]
    answers: list[dict[str, Any]] = client.post("/requests/batch", body)["answers"]
    for row, answer in zip(batch, answers, strict=True):
        if problems := answer.get("problems"):
            refused = RefusedRow(
                row.line, row.original, tuple(Problem(**each) for each in problems)
            )
            report.refused.append(refused)
        else:
            report.decisions[answer["decision"]] += 1


def _split_batches(rows: Sequence[T], size: int) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
