"""What the hospitals reported, in order of time: every change of one item that one needs.

The rows are read by the importer's own reader, so what it cannot read is not read here either.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from statistics import median_low

from services.intake.channels.hospital_needs import build_hospital_request
from services.intake.channels.messages import NEED_OVER
from shared.contracts.values import Channel
from shared.errors import Invalid

FILE = Path("wuhan2020") / "hospital_need_events.csv"
UNKNOWN = 1
"""In the file 1 says that it is needed and not how much."""


@dataclass(frozen=True, slots=True)
class HospitalItem:
    """One item at one hospital: what a need is, however often its quantity changes."""

    city: str
    hospital: str
    item: str


@dataclass(frozen=True, slots=True)
class Change:
    """quantity: pieces, UNKNOWN, or 0 for not needed (any more). town_code: empty with 0."""

    at: datetime
    item_needed: HospitalItem
    quantity: int
    town_code: str


@dataclass(frozen=True, slots=True)
class NeedEvents:
    """rows: of the file. unread: what was no change of a need, by the reader's code."""

    rows: int
    changes: tuple[Change, ...]
    unread: Mapping[str, int]


def read_needs(path: Path) -> NeedEvents:
    changes: list[Change] = []
    unread: Counter[str] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                changes.append(_parse_change(row))
            except Invalid as problem:
                unread[problem.problems[0].code] += 1
    changes.sort(key=lambda change: change.at)
    return NeedEvents(len(changes) + unread.total(), tuple(changes), dict(sorted(unread.items())))


def _parse_change(row: Mapping[str, str]) -> Change:
    """Raises Invalid when it is none, or none that can be read."""
    at = datetime.fromisoformat(row["time"])
    item = row["field"].partition(":")[2].strip()
    item_needed = HospitalItem(row["city_pinyin"], row["hospital"], item)
    try:
        need = build_hospital_request(row, Channel.WEB)
    except Invalid as problem:
        if problem.problems[0].code == NEED_OVER.code:
            return Change(at, item_needed, 0, "")
        raise
    return Change(at, item_needed, need["need"]["quantity"], need["area"]["town_code"])


def compute_usual_quantities(changes: Iterable[Change]) -> dict[str, int]:
    """Of each item the median of the quantities that hospitals named; none named, none here.

    A hospital that reports the same again, as on days when two copies of the table overwrote each
    other, counts once.
    """
    stated = {(c.item_needed, c.quantity) for c in changes if c.quantity > UNKNOWN}
    by_item: dict[str, list[int]] = {}
    for item_needed, quantity in stated:
        by_item.setdefault(item_needed.item, []).append(quantity)
    return {item: median_low(quantities) for item, quantities in sorted(by_item.items())}


def group_by_time(changes: Sequence[Change]) -> list[tuple[datetime, list[Change]]]:
    """What was recorded in one commit came at one time."""
    return [(at, list(group)) for at, group in groupby(changes, key=lambda change: change.at)]
