"""An import sends rows as it reads them, and what was corrected as a correction."""

from collections.abc import Iterator
from typing import Any

from services.intake.channels.spreadsheet import SheetRequest, read_requests
from services.intake.importing import BATCH_ROWS, import_rows
from shared.contracts.values import Channel
from shared.messages import KEY_REUSED
from shared.sheets import RefusedRow
from tests.intake.sheets import GOOD, table

Rows = Iterator[SheetRequest | RefusedRow]


class StubIntake:
    """Answers as intake would: a key stands for its first content."""

    def __init__(self) -> None:
        self.contents: dict[str, Any] = {}
        self.calls: list[tuple[str, int]] = []
        self.late: set[str] = set()

    def post(self, path: str, json: Any) -> Any:
        self.calls.append((path, len(json)))
        return {"answers": [self._answer(path, row) for row in json]}

    def _answer(self, path: str, row: dict[str, Any]) -> dict[str, Any]:
        key = row["idempotency_key"]
        is_correction = "corrections" in path
        if self.contents.setdefault(key, row["request"]) != row["request"] and not is_correction:
            return {"problems": [KEY_REUSED.problem("Idempotency-Key").as_dict()]}
        if is_correction and key in self.late:
            return {"problems": [{"code": "correction_late", "field": "", "zh": "晚", "en": "l"}]}
        return {"decision": "corrected" if is_correction else "opened"}


def read(*rows: dict[str, str]) -> Rows:
    return iter(read_requests(table(*rows), Channel.SPREADSHEET))


def ignore(_: int) -> None:
    pass


def test_the_same_file_again_corrects_nothing() -> None:
    service = StubIntake()
    rows = [GOOD | {"编号": str(n)} for n in range(3)]
    first = import_rows(service, read(*rows), ignore)
    again = import_rows(service, read(*rows), ignore)
    assert first.decisions == again.decisions == {"opened": 3}
    assert {path for path, _ in service.calls} == {"/requests/batch"}


def test_a_corrected_row_is_a_correction_and_says_why_it_comes_late() -> None:
    service = StubIntake()
    rows = [GOOD | {"编号": str(n)} for n in range(3)]
    import_rows(service, read(*rows), ignore)
    corrected = [*rows[:2], rows[2] | {"金额": "7"}]
    report = import_rows(service, read(*corrected), ignore)
    assert report.decisions == {"opened": 2, "corrected": 1}
    service.late = set(service.contents)
    late = import_rows(service, read(*corrected), ignore)
    assert [(row.line, row.problems[0].code) for row in late.refused] == [(4, "correction_late")]


def test_a_backlog_is_imported_quietly() -> None:
    service = StubIntake()
    import_rows(service, read(GOOD), ignore, quiet=True)
    assert service.calls == [("/requests/batch?quiet=true", 1)]


def test_rows_are_sent_as_they_are_read() -> None:
    service = StubIntake()
    lines: list[int] = []

    def count() -> Rows:
        for row in read(*(GOOD | {"编号": str(n)} for n in range(3 * BATCH_ROWS))):
            lines.append(len(service.calls))
            yield row

    import_rows(service, count(), ignore)
    assert lines[-1] == 2, "the last batch was read after two were sent"


def test_long_texts_make_small_batches() -> None:
    service = StubIntake()
    rows = (GOOD | {"编号": str(n), "内容": "情" * 39_000} for n in range(30))
    report = import_rows(service, read(*rows), ignore)
    assert report.decisions == {"opened": 30}
    assert max(count for _, count in service.calls) <= 11


def test_rows_that_say_the_same_are_one() -> None:
    report = import_rows(StubIntake(), read(GOOD, GOOD, GOOD | {"类别": "说法"}), ignore)
    assert report.decisions == {"opened": 1, "repeated": 1}
    assert [row.line for row in report.refused] == [4]
