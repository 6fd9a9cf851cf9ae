"""Refused rows written back: correct them there and import that file."""

import csv
from collections.abc import Sequence
from pathlib import Path

from shared.sheets.cells import guard_cell
from shared.sheets.table import RefusedRow

REASON_HEADERS = ("行号 line", "字段 field", "原因", "reason")


def write_refused(target: Path, headers: Sequence[str], refused: Sequence[RefusedRow]) -> None:
    """Every cell stays the text that it was, whatever it begins with."""
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.writer(file)
        lines.writerow([*REASON_HEADERS, *map(guard_cell, headers)])
        for row in refused:
            fields = "; ".join(problem.field for problem in row.problems)
            zh = "; ".join(problem.zh for problem in row.problems)
            en = "; ".join(problem.en for problem in row.problems)
            reasons = (str(row.line), fields, zh, en)
            lines.writerow([guard_cell(cell) for cell in (*reasons, *row.original)])
