"""What a bank's file by page may cost those who use the service beside it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.audit.pages import statements
from services.audit.resources import AuditRuntime
from services.audit.statement_files.uploads import Upload
from services.audit.statements import Layout
from shared.errors import Invalid
from shared.sheets.gate import SheetGate
from tests.shared.sheets.test_hostile_workbooks import make_bomb

UPLOAD = Upload("U-1", "maker", "a.csv", "/banks/icbc", Layout(constants={"fund_id": "warm"}))
FILE = "流水号,名称,金额,到账时间\nB-1,甲,5,2026-01-05\n".encode()


class CountingGate(SheetGate):
    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    async def read(self, read: Any, *args: Any, **kwargs: Any) -> Any:
        self.reads += 1
        return await super().read(read, *args, **kwargs)


async def read_upload(content: bytes) -> tuple[str, int]:
    """Why it is refused, and how often it was read for that."""
    gate = CountingGate()
    runtime = SimpleNamespace(resources=SimpleNamespace(sheet_gate=gate))
    try:
        await statements._check_readable(cast(AuditRuntime, runtime), content, UPLOAD)
    except Invalid as invalid:
        return invalid.problems[0].code, gate.reads
    return "", gate.reads


async def test_a_file_is_read_in_its_turn() -> None:
    assert await read_upload(FILE) == ("", 1)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
async def test_a_file_of_blank_lines_is_refused_before_it_is_read(end: bytes) -> None:
    many = FILE + end * (statements.LINES_MAX + 1)
    assert await read_upload(many) == ("statement_rows_too_many", 0)


async def test_a_small_file_that_unpacks_to_a_large_one_is_refused_before_it_is_read() -> None:
    assert await read_upload(make_bomb(17 << 20)) == ("file_too_large", 0)
