"""Carrying a sheet's rows to intake: in batches, each row with its own answer."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from services.intake.channels.spreadsheet import SheetRequest
from shared.documents import Document, Json
from shared.errors import Problem
from shared.messages import KEY_REUSED
from shared.sheets import RefusedRow

BATCH_ROWS = 200
BATCH_CHARACTERS = 400_000
"""Of texts: so that a batch stays below what intake takes, whatever its rows say."""

REPEATED = "repeated"
EARLIER = "earlier"
"""What came of rows that make no request: of the file's own, and imported before."""


class Poster(Protocol):
    """What an import needs of `ServiceClient`."""

    def post(self, path: str, json: Json) -> Json: ...


@dataclass(slots=True)
class Report:
    """decisions: how many rows came to what; rows that were imported before keep theirs."""

    decisions: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedRow] = field(default_factory=list)


def import_rows(
    client: Poster,
    rows: Iterable[SheetRequest | RefusedRow],
    advance: Callable[[int], None],
    *,
    quiet: bool = False,
) -> Report:
    """Posts what can be posted and gathers every row's answer; tells `advance` how many.

    Rows are read as they are sent: a large file needs no more memory than a small one.
    """
    report = Report()
    importer = _Importer(client, report, "?quiet=true" if quiet else "")
    for batch in _split_batches(_list_fresh(rows, report, advance)):
        importer.post(batch)
        advance(len(batch))
    report.refused.sort(key=lambda row: row.line)
    return report


def _list_fresh(
    rows: Iterable[SheetRequest | RefusedRow], report: Report, advance: Callable[[int], None]
) -> Iterator[SheetRequest]:
    """Two rows that say the same are one message."""
    seen: set[bytes] = set()
    for row in rows:
        if isinstance(row, RefusedRow):
            report.refused.append(row)
            advance(1)
            continue
        identity = digest_row(row)
        if identity in seen:
            report.decisions[REPEATED] += 1
            advance(1)
        else:
            seen.add(identity)
            yield row


def digest_row(row: SheetRequest) -> bytes:
    """The same for rows that say the same."""
    content = f"{row.key}{row.request.model_dump_json()}".encode()
    return hashlib.blake2b(content, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _Importer:
    client: Poster
    report: Report
    query: str

    def post(self, batch: list[SheetRequest]) -> None:
        """A row that was imported before and says something else now is a correction."""
        corrected = list(self._post("/requests/batch", batch, is_reuse_refused=False))
        if corrected:
            list(self._post("/requests/batch/corrections", corrected, is_reuse_refused=True))

    def _post(
        self, path: str, batch: list[SheetRequest], *, is_reuse_refused: bool
    ) -> Iterator[SheetRequest]:
        """Those whose key stands for something else."""
        body = [
            {
                "idempotency_key": row.key,
                "request": row.request.model_dump(mode="json", exclude_none=True),
            }
            for row in batch
        ]
        answers: list[Document] = self.client.post(f"{path}{self.query}", body)["answers"]
        for row, answer in zip(batch, answers, strict=True):
            problems = tuple(Problem(**each) for each in answer.get("problems", ()))
            if not problems:
                self.report.decisions[answer["decision"]] += 1
            elif not is_reuse_refused and problems[0].code == KEY_REUSED.code:
                yield row
            else:
                self.report.refused.append(RefusedRow(row.line, row.original, problems))


def _split_batches(rows: Iterable[SheetRequest]) -> Iterator[list[SheetRequest]]:
    batch: list[SheetRequest] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += len(row.request.text)
        if len(batch) == BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
