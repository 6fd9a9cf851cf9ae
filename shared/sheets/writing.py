"""Refused rows written back: correct them there and import that file."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from shared.sheets.cells import guard_cell
from shared.sheets.table import RefusedRow

REASON_HEADERS = ("行号 line", "字段 field", "原因", "reason")


def write_refused(target: Path, headers: Sequence[str], refused: Sequence[RefusedRow]) -> None:
    target.write_text(format_refused(headers, refused), encoding="utf-8-sig", newline="")


def format_refused(headers: Sequence[str], refused: Sequence[RefusedRow]) -> str:
    """As CSV. Every cell stays the text that it was, whatever it begins with."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow([*REASON_HEADERS, *map(guard_cell, headers)])
    for row in refused:
        fields = "; ".join(problem.field for problem in row.problems)
        zh = "; ".join(problem.zh for problem in row.problems)
        en = "; ".join(problem.en for problem in row.problems)
        reasons = (str(row.line), fields, zh, en)
        lines.writerow([guard_cell(cell) for cell in (*reasons, *row.original)])
    return text.getvalue()
