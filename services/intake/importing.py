"""Carrying a spreadsheet's rows to intake: in batches, each row with its own answer."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

from services.intake.channels.spreadsheet import RefusedRow, Row
from shared.errors import Problem

BATCH_ROWS = 200
T = TypeVar("T")


class Poster(Protocol):
    """What an import needs of `ServiceClient`."""

    def post(self, path: str, json: Any) -> Any: ...


@dataclass(slots=True)
class Report:
    """decisions: how many rows came to what; imported rows that were known keep their decision."""

    decisions: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedRow] = field(default_factory=list)


def import_rows(
    client: Poster, rows: Sequence[Row | RefusedRow], done: Callable[[int], None]
) -> Report:
    """Posts what can be posted and gathers every row's answer; tells `done` how many are."""
    report = Report(refused=[row for row in rows if isinstance(row, RefusedRow)])
    fresh = list(_first_of_each([row for row in rows if isinstance(row, Row)], report))
    done(len(rows) - len(fresh))
    for batch in _batches(fresh, BATCH_ROWS):
        _post(client, batch, report)
        done(len(batch))
    report.refused.sort(key=lambda row: row.line)
    return report


def _first_of_each(rows: Sequence[Row], report: Report) -> Iterator[Row]:
    """Two rows that say the same are one message."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        identity = (row.key, row.request.model_dump_json())
        if identity in seen:
            report.decisions["repeated"] += 1
        else:
            seen.add(identity)
            yield row


def _post(client: Poster, batch: Sequence[Row], report: Report) -> None:
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
            found = tuple(Problem(**problem) for problem in problems)
            report.refused.append(RefusedRow(row.line, row.original, found))
        else:
            report.decisions[answer["decision"]] += 1


def _batches(rows: Sequence[T], size: int) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


def write_refused(target: Path, names: Sequence[str], refused: Sequence[RefusedRow]) -> None:
    """The rows as they were, with why: correct them there and import that file."""
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(["行号 line", "字段 field", "原因", "reason", *names])
        for row in refused:
            fields = "; ".join(problem.field for problem in row.problems)
            zh = "; ".join(problem.zh for problem in row.problems)
            en = "; ".join(problem.en for problem in row.problems)
            out.writerow([row.line, fields, zh, en, *(row.original.get(n, "") for n in names)])
