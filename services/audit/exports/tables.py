"""The log as a table, csv or parquet: one row a leg, in the log's order.

Entries without legs (openings, refusals, commitments carried) have no row. Amounts are positive;
`side` says which way. A leg has either `amount_fen` (and `amount`, the same in yuan with two
decimals) or `item`, `quantity` and `unit`. `leg` counts the legs of an entry from 0; `log`, `index`
and `leg` together are a key. Times are UTC. csv is UTF-8, where nothing was said the cell is empty;
ids are written as they are, so open a csv of strangers' ids in a spreadsheet as text. In parquet
such cells are null, times are timestamps and `amount` a decimal.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from services.audit.ledger.accounts import Chart, load_chart
from services.audit.ledger.published import PublishedLog, open_log
from services.audit.tlog.disk import write_whole
from services.audit.tlog.reader import Source
from shared.contracts.ledger import LedgerEntry
from shared.documents import Document
from shared.money import format_yuan_plain

Table = Literal["csv", "parquet"]

TEXT, NUMBER, TIME, MONEY = "text", "number", "time", "money"

COLUMNS: dict[str, str] = {
    "log": TEXT,
    "index": NUMBER,
    "leg": NUMBER,
    "recorded_at": TIME,
    "effective_at": TIME,
    "kind": TEXT,
    "subject": TEXT,
    "event_source": TEXT,
    "event_id": TEXT,
    "fund": TEXT,
    "account": TEXT,
    "account_code": TEXT,
    "account_title": TEXT,
    "side": TEXT,
    "amount_fen": NUMBER,
    "amount": MONEY,
    "item": TEXT,
    "quantity": NUMBER,
    "unit": TEXT,
    "category": TEXT,
    "beneficiary_class": TEXT,
    "town": TEXT,
    "commitment": NUMBER,
    "reverses": NUMBER,
    "gift_log": TEXT,
    "gift_index": NUMBER,
    "authorisation": TEXT,
    "obligation_log": TEXT,
    "obligation_index": NUMBER,
    "reference": TEXT,
}
"""Names and types. `commitment` and `reverses` are numbers of earlier entries of the log;
`authorisation` is the document that allows a transfer or a correction; `obligation_*` is where what
was paid became due, and `reference` the bank's of its line; a purpose is said with the
commitment, not again with what is paid of it."""

ROWS_AT_ONCE = 65_536


def write_table(
    where: str | Path | Source, table: Table, out: Path, chart: Chart | None = None
) -> int:
    """Write every leg of the log to the file `out`; returns how many entries the log has.

    ImportError where parquet is asked for without pyarrow; else as `write_journal`.
    """
    log = open_log(where)
    with write_whole(out) as unfinished:
        _WRITERS[table](unfinished, list_rows(log, chart))
    return log.size


def list_rows(log: PublishedLog, chart: Chart | None = None) -> Iterator[dict[str, object]]:
    """What the log says of each leg; times as text, without the names that do not apply."""
    chart = chart or load_chart()
    for entry in log.read_entries():
        fields = _list_entry_fields(entry)
        for number, leg in enumerate(entry["legs"]):
            account = chart.find(leg["account"])
            titled = {"account_code": account.code, "account_title": account.title}
            yield {**fields, "leg": number, **leg, **titled, **_format_amount(leg)}


def _list_entry_fields(entry: LedgerEntry) -> dict[str, object]:
    fields: Document = entry
    own = {
        name: fields[name]
        for name in ("log", "index", "recorded_at", "effective_at", "kind", "subject")
    }
    own |= {name: fields[name] for name in ("commitment", "reverses") if name in fields}
    own |= {f"event_{name}": fields["event"][name] for name in ("source", "id")}
    own |= {f"gift_{name}": value for name, value in fields.get("gift", {}).items()}
    own |= {f"obligation_{name}": value for name, value in fields.get("obligation", {}).items()}
    own |= {name: fields[name] for name in ("reference",) if name in fields}
    if "authorisation" in fields:
        own["authorisation"] = fields["authorisation"]["reference"]
    own |= fields.get("purpose", {})
    return own


def _format_amount(leg: Document) -> dict[str, str]:
    return {"amount": format_yuan_plain(leg["amount_fen"])} if "amount_fen" in leg else {}


def _write_csv(out: Path, rows: Iterable[dict[str, object]]) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(out: Path, rows: Iterable[dict[str, object]]) -> None:
    import pyarrow  # an auditor who wants no parquet does without it
    import pyarrow.parquet

    types = {
        TEXT: pyarrow.string(),
        NUMBER: pyarrow.int64(),
        TIME: pyarrow.timestamp("us", tz="UTC"),
        MONEY: pyarrow.decimal128(18, 2),
    }
    schema = pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    unread = iter(rows)
    with pyarrow.parquet.ParquetWriter(out, schema) as writer:
        while some := [_convert(row) for row in islice(unread, ROWS_AT_ONCE)]:
            writer.write_table(pyarrow.Table.from_pylist(some, schema))


def _convert(row: Mapping[str, object]) -> dict[str, object]:
    return {name: _TYPED.get(COLUMNS[name], _keep_value)(value) for name, value in row.items()}


def _keep_value(value: Any) -> Any:
    return value


_TYPED: dict[str, Callable[[Any], Any]] = {TIME: datetime.fromisoformat, MONEY: Decimal}

_WRITERS: dict[Table, Callable[[Path, Iterable[dict[str, object]]], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
}
