"""csv and parquet: what is read back is what the log says, leg by leg."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.audit.cli import app
from services.audit.exports import tables
from services.audit.exports.journal import write_journal
from services.audit.exports.tables import COLUMNS, NUMBER, write_table
from services.audit.ledger import accounts
from tests.audit.log_builder import FUND, LogBuilder, build_year


@pytest.fixture(scope="module")
def year() -> LogBuilder:
    return build_year(80)


@pytest.fixture
def log(year: LogBuilder, tmp_path: Path) -> Path:
    return year.publish(tmp_path / "log")


def legs(log: LogBuilder) -> list[tuple[int, dict[str, Any]]]:
    return [(each["index"], dict(leg)) for each in log.entries for leg in each["legs"]]


def read_csv(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            {
                name: int(cell) if COLUMNS[name] == NUMBER else cell
                for name, cell in row.items()
                if cell
            }
            for row in csv.DictReader(lines)
        ]


def find_leg_fields(row: dict[str, Any]) -> dict[str, Any]:
    names = ("account", "amount_fen", "fund", "side", "item", "quantity", "unit")
    return {name: row[name] for name in names if row.get(name) is not None}


def test_csv_says_every_leg_and_nothing_else(year: LogBuilder, log: Path, tmp_path: Path) -> None:
    write_table(log, "csv", tmp_path / "legs.csv")
    rows = read_csv(tmp_path / "legs.csv")
    assert [(row["index"], find_leg_fields(row)) for row in rows] == legs(year)
    assert all(
        Decimal(row["amount"]) == Decimal(row["amount_fen"]) / 100
        for row in rows
        if "amount" in row
    )


def test_csv_says_what_an_entry_refers_to(year: LogBuilder, log: Path, tmp_path: Path) -> None:
    write_table(log, "csv", tmp_path / "legs.csv")
    rows = read_csv(tmp_path / "legs.csv")
    paid = next(row for row in rows if row["kind"] == "disbursement")
    assert year.entries[paid["commitment"]]["subject"] == paid["subject"] == "M-1"
    promised = next(row for row in rows if row["kind"] == "commitment")
    assert (promised["category"], promised["town"]) == ("meals", "441900104")
    corrected = next(row for row in rows if row["kind"] == "reversal")
    assert corrected["authorisation"] == "捐赠人同意书 7; [号]"
    assert next(row for row in rows if row["fund"] == FUND)["account_title"] == "银行存款"


def test_parquet_says_the_same_as_csv_in_types(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 7)
    write_table(log, "csv", tmp_path / "legs.csv")
    write_table(log, "parquet", tmp_path / "legs.parquet")
    typed = parquet.read_table(tmp_path / "legs.parquet").to_pylist()
    plain = read_csv(tmp_path / "legs.csv")
    assert len(typed) == len(plain)
    for row, cells in zip(typed, plain, strict=True):
        assert row["recorded_at"] == datetime.fromisoformat(cells["recorded_at"])
        assert row["recorded_at"].tzinfo is not None
        assert row["recorded_at"].utcoffset() == datetime.now(UTC).utcoffset()
        assert row["amount"] == (Decimal(cells["amount"]) if "amount" in cells else None)
        same = [name for name in COLUMNS if name not in ("recorded_at", "effective_at", "amount")]
        # an empty title is empty text in parquet, and in csv cannot be told from nothing
        assert {name: row[name] or "" for name in same if row[name] != 0} == {
            name: cells.get(name, "") for name in same if cells.get(name) != 0
        }


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["export", *arguments], env={"COLUMNS": "200"})


@pytest.mark.parametrize("format_", ["hledger", "ledger", "beancount", "csv"])
def test_export_into_a_folder_names_the_file_after_the_log(
    log: Path, tmp_path: Path, format_: str
) -> None:
    result = run(str(log), "--format", format_, "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert (tmp_path / f"guanjia.test-ledger-2026.{format_}").stat().st_size > 10_000


def test_a_log_that_cannot_be_read_leaves_the_file_as_it_was(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "journal"
    out.write_text("as it was")
    for bundle in (log / "tile").rglob("*"):
        if bundle.is_file():
            bundle.write_bytes(bundle.read_bytes().replace(b'"fund"', b'"Fund"'))
    result = run(str(log), "--format", "ledger", "--out", str(out))
    assert result.exit_code == 2
    assert out.read_text() == "as it was"


def test_where_there_is_no_log_is_said_so(tmp_path: Path) -> None:
    result = run(str(tmp_path), "--format", "csv", "--out", str(tmp_path / "x"))
    assert result.exit_code == 2
    assert "checkpoint" in result.output


def test_a_folder_that_is_not_there_is_said_so(log: Path, tmp_path: Path) -> None:
    result = run(str(log), "--format", "csv", "--out", str(tmp_path / "no" / "x.csv"))
    assert result.exit_code == 2
    assert "--out" in result.output


def test_titles_come_from_the_chart_given(log: Path, tmp_path: Path) -> None:
    default = Path(accounts.__file__).with_name("chart.toml").read_text(encoding="utf-8")
    chart = tmp_path / "chart.toml"
    chart.write_text(default.replace('title = "银行存款"', 'title = "专户"'), encoding="utf-8")
    out = tmp_path / "journal"
    result = run(str(log), "--format", "hledger", "--out", str(out), "--chart", str(chart))
    assert result.exit_code == 0, result.output
    assert "; title: 专户" in out.read_text(encoding="utf-8")
    chart.write_text("standard = 1", encoding="utf-8")
    result = run(str(log), "--format", "hledger", "--out", str(out), "--chart", str(chart))
    assert result.exit_code == 2


def test_a_log_on_a_website_is_exported_the_same(log: Path, tmp_path: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(log))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        write_journal(url, "beancount", tmp_path / "website")
        server.shutdown()
    write_journal(log, "beancount", tmp_path / "directory")
    assert (tmp_path / "website").read_bytes() == (tmp_path / "directory").read_bytes()
