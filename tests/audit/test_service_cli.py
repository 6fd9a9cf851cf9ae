"""The two commands of an auditor, on published files alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from services.audit.cli import app, console, replay
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.tiles import format_tile_path
from services.audit.tlog.writer import LogDirectory
from shared.money import format_yuan
from tests.audit.decisions import ORIGIN, open_audit
from tests.audit.facts import FUND, acceptance, confirmation, gift


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate(ORIGIN)


@pytest.fixture
def log(tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published log of four entries, and no service that runs."""
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path / "nothing-runs-here"))
    monkeypatch.delenv("GUANJIA_AUDIT_URL", raising=False)
    audit = open_audit()
    for fact in (gift(204_500_00), acceptance("M-1", 300_00), confirmation("M-1", 300_00)):
        audit.receive(fact)
    directory = LogDirectory(tmp_path / "log", key)
    directory.publish(list(enumerate(audit.leaves)), audit.head.tree)
    return directory.path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_a_good_log_verifies(log: Path, key: SigningKey) -> None:
    result = run("verify", str(log), "--vkey", str(key.vkey))
    assert result.exit_code == 0
    assert "204,500.00" in result.output


def test_a_flipped_byte_is_found_and_named(log: Path, key: SigningKey) -> None:
    bundle = log / format_tile_path("entries", 0, 4)
    bundle.write_bytes(bundle.read_bytes().replace(b"20450000", b"20450001"))
    result = run("verify", str(log), "--vkey", str(key.vkey), "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["broken"].startswith("[2]")


def test_another_key_is_not_believed(log: Path) -> None:
    other = SigningKey.generate(ORIGIN).vkey
    assert run("verify", str(log), "--vkey", str(other)).exit_code == 1


def test_a_key_that_is_none_is_said_so(log: Path) -> None:
    assert run("verify", str(log), "--vkey", "nonsense").exit_code == 2


def test_an_older_checkpoint_is_compared(log: Path, key: SigningKey, tmp_path: Path) -> None:
    checkpoint = tmp_path / "kept"
    checkpoint.write_bytes((log / "checkpoint").read_bytes())
    result = run("verify", str(log), "--vkey", str(key.vkey), "--since", str(checkpoint))
    assert result.exit_code == 0


def test_a_replay_without_service_says_that_it_compared_nothing(log: Path) -> None:
    result = run("replay", "--dir", str(log), "--json")
    output = json.loads(result.output)
    assert result.exit_code == 0
    assert not output["compared"]
    assert output["replay"]["funds"][0]["obligated_fen"] == 300_00


def test_a_replay_stops_where_it_is_told_to(log: Path) -> None:
    output = json.loads(run("replay", "--dir", str(log), "--to", "2", "--json").output)
    (fund,) = output["replay"]["funds"]
    assert (fund["fund"], fund["outstanding_fen"]) == (FUND, 300_00)


def test_a_replay_without_log_or_service_is_refused(log: Path) -> None:
    assert run("replay").exit_code == 2
    assert run("replay", "--dir", str(log.parent / "empty")).exit_code == 2
    assert run("replay", "--to", "1").exit_code == 2


@pytest.mark.parametrize("command", [("verify", "--vkey", "any"), ("export", "--format", "csv")])
def test_a_folder_that_is_not_there_is_a_slip_and_no_broken_log(
    log: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    out = ("--out", str(tmp_path / "x")) if command[0] == "export" else ()
    result = run(*command, *out, str(log.parent / "empty"))
    assert result.exit_code == 2
    assert "没有这个文件夹" in result.output


@pytest.mark.parametrize("to", ["nonsense", "-3", "2026-13-01", "2026-1-31", "2026-01-31 08:30"])
def test_a_replay_up_to_what_is_no_index_and_no_time_is_refused(log: Path, to: str) -> None:
    result = run("replay", "--dir", str(log), "--to", to)
    assert result.exit_code == 2
    assert "写作条目号、日期或 UTC 时间" in result.output


def test_a_replay_beyond_the_last_entry_is_refused(log: Path) -> None:
    result = run("replay", "--dir", str(log), "--to", "4")
    assert (result.exit_code, "日志只有 4 条" in result.output) == (2, True)


def test_what_cannot_be_written_is_not_blamed_on_the_log(log: Path, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "missing" / "books")
    result = run("replay", "--dir", str(log), "--bytes", nowhere)
    assert (result.exit_code, "无法写入" in result.output) == (2, True)


def test_a_narrow_terminal_cuts_no_amount_and_no_fund(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "console", Console(width=60))
    monkeypatch.setattr(replay, "console", console.console)
    result = run("replay", "--dir", str(log))
    assert {FUND, "204,500.00", "204,200.00"} <= set(result.output.split())


def test_money_is_shown_in_yuan() -> None:
    assert [format_yuan(fen) for fen in (0, 5, 20_450_000, -101)] == [
        "0.00",
        "0.05",
        "204,500.00",
        "-1.01",
    ]


def test_an_auditor_needs_the_base_dependencies_alone() -> None:
    look = "import sys, services.audit.cli.verify; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
    assert "services.audit.ledger.verification" in loaded.stdout.split()
    for service_only in ("motor", "aiokafka", "faststream", "fastapi", "pydantic_settings"):
        assert service_only not in loaded.stdout.split()
