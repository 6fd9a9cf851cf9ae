"""A sheet that cannot be read is handed back, and those of others are imported."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.intake import uploads
from services.intake.resources import IntakeRuntime
from services.intake.uploads import UPLOADS, Upload
from shared.contracts.values import Channel
from shared.errors import Invalid
from shared.security import Credential, Role
from shared.sheets.gate import SheetGate
from tests.intake.builders import RULES
from tests.shared.sheets.test_hostile_workbooks import make_bomb

COLLECTOR = Credential(id="collector", secret_sha256="", roles=frozenset({Role.COLLECTOR}))
UNMAPPED = "谁,要什么\n张三,米\n".encode()


class Rows:
    def __init__(self) -> None:
        self.changes: list[dict[str, Any]] = []

    async def update_one(self, _query: object, change: dict[str, Any]) -> None:
        self.changes.append(change)


async def test_a_started_sheet_whose_columns_are_not_clear_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def load_content(_runtime: IntakeRuntime, _id: str) -> bytes:
        return UNMAPPED

    monkeypatch.setattr(uploads, "load_content", load_content)
    rows = Rows()
    runtime = SimpleNamespace(
        database={UPLOADS: rows},
        keyring=SimpleNamespace(require_credential=lambda _id: COLLECTOR),
        resources=SimpleNamespace(rules=None, sheet_gate=SheetGate()),
    )
    upload = Upload("U-1", COLLECTOR.id, "running", Channel.SPREADSHEET, total=0)
    await uploads._import(cast(IntakeRuntime, runtime), upload)
    assert rows.changes == [{"$set": {"state": "preview"}}]


def test_a_small_file_that_unpacks_to_a_large_one_is_refused_before_it_is_read() -> None:
    bomb = make_bomb((uploads.UNPACKED_MEGABYTES_MAX + 1) << 20)
    assert len(bomb) < uploads.FILE_BYTES_MAX
    upload = Upload("U-1", COLLECTOR.id, "preview", Channel.SPREADSHEET, total=0)
    with pytest.raises(Invalid) as refused:
        uploads.read_sheet(bomb, upload, COLLECTOR, RULES)
    assert refused.value.problems[0].code == "file_too_large"


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_small_file_of_blank_lines_is_refused_before_it_is_read(end: bytes) -> None:
    upload = Upload("U-1", COLLECTOR.id, "preview", Channel.SPREADSHEET, total=0)
    with pytest.raises(Invalid) as refused:
        uploads.read_sheet(end * (uploads.LINES_MAX + 1), upload, COLLECTOR, RULES)
    assert refused.value.problems[0].code == "rows_too_many"


async def test_sheets_are_read_one_at_a_time_so_that_sign_in_has_threads() -> None:
    gate = SheetGate()
    began, may_end = threading.Semaphore(0), threading.Semaphore(0)

    def read() -> None:
        began.release()
        may_end.acquire()

    waiting = [asyncio.create_task(gate.read(read)) for _ in range(3)]
    for _ in waiting:
        assert await asyncio.to_thread(began.acquire, timeout=10)
        assert not began.acquire(blocking=False), "another began beside it"
        may_end.release()
    await asyncio.gather(*waiting)
