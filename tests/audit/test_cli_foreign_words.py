"""What others wrote is shown as they wrote it: no word of a log, a receipt or a path is markup."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.audit.cli import app
from services.audit.ledger.receipts import make_receipt
from services.audit.tlog.reader import Directory
from tests.audit.ledgers import Writer, log_key, publish_all

FUND = "WARM[/x]"
"""The schema allows it. As markup it closes a tag that nobody opened."""
VKEY = ("--vkey", str(log_key().vkey))


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path / "nothing-runs-here"))
    monkeypatch.delenv("GUANJIA_AUDIT_URL", raising=False)
    writer = Writer()
    writer.open(FUND)
    writer.donate(100, FUND)
    publish_all(writer, tmp_path / "log")
    return tmp_path / "log"


@pytest.fixture
def broken(tmp_path: Path, log: Path) -> Path:
    writer = Writer()
    writer.open(FUND)
    writer.open(FUND)
    publish_all(writer, tmp_path / "broken")
    return tmp_path / "broken"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_a_finding_is_told_in_its_own_words(broken: Path) -> None:
    for result in (run("verify", str(broken), *VKEY), run("replay", "--dir", str(broken))):
        assert (result.exit_code, FUND in result.output) == (1, True), result.exception


def test_a_good_log_is_told_in_its_own_words(log: Path) -> None:
    for result in (run("verify", str(log), *VKEY), run("replay", "--dir", str(log))):
        assert (result.exit_code, FUND in result.output) == (0, True), result.exception


def test_a_receipt_is_told_in_its_own_words(log: Path, tmp_path: Path) -> None:
    made = make_receipt(Directory(log), 1)
    assert made is not None
    file = tmp_path / "gift.receipt"
    file.write_bytes(bytes(made))
    result = run("check-receipt", str(file), *VKEY)
    assert (result.exit_code, FUND in result.output) == (0, True), result.exception


@pytest.mark.parametrize(
    "arguments",
    [("receipt", "D-[/x]", "--dir"), ("rotate-key", "[/x]", "--secrets-dir")],
)
def test_what_was_asked_for_is_told_in_its_own_words(log: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, str(log))
    assert (result.exit_code, "[/x]" in result.output) == (2, True), result.exception
