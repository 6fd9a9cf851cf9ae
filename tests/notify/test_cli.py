"""`guanjia notices list` on a narrow screen."""

import pytest
from typer.testing import CliRunner

from services.notify import cli

ID = "N-0123456789abcdefghijklmnopqrstuvwxyz-0123456789"


class Client:
    def get(self, _path: str, _params: dict[str, str]) -> list[dict[str, str]]:
        row = dict.fromkeys(("state", "channel", "purpose", "code", "created_at"), "x" * 20)
        return [{"id": ID, **row}]


@pytest.mark.parametrize("columns", ["80", "60"])
def test_an_id_is_listed_whole_however_narrow_the_screen(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "_open_client", Client)
    result = CliRunner().invoke(cli.app, ["list"], env={"COLUMNS": columns})
    cells = [line.split("│")[1].strip() for line in result.output.splitlines() if "│" in line]
    assert ID in "".join(cells)
