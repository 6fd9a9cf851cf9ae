"""A sheet that cannot be read is handed back, and those of others are imported."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.intake import uploads
from services.intake.resources import IntakeRuntime
from services.intake.uploads import UPLOADS, Upload
from shared.contracts.values import Channel
from shared.security import Credential, Role

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
        resources=SimpleNamespace(rules=None),
    )
    upload = Upload("U-1", COLLECTOR.id, "running", Channel.SPREADSHEET, total=0)
    await uploads._import(cast(IntakeRuntime, runtime), upload)
    assert rows.changes == [{"$set": {"state": "preview"}}]
