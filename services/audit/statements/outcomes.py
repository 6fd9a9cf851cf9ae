"""What the ledger made of a statement's rows, looked up over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from services.audit.statements.files import Row
from services.audit.statements.givers import Poster
from shared.moments import as_stored

Outcome = Literal["entered", "repeated", "elsewhere", "refused", "reused", "unknown"]
"""entered: this row brought the gift to the ledger. repeated: another did, and this one is known to
list it too. elsewhere: only others are known to. reused: its reference is another gift's."""

IDS_MAX = 1000


def check_source(audit: Poster, source: str) -> None:
    """Raises ServiceError where no bank is registered by that name."""
    audit.post("/statements/find", {"source": source, "ids": []})


def find_outcomes(audit: Poster, source: str, rows: Sequence[Row]) -> list[Outcome]:
    """In order."""
    outcomes: list[Outcome] = []
    for start in range(0, len(rows), IDS_MAX):
        some = rows[start : start + IDS_MAX]
        body = {"source": source, "ids": [row.id for row in some]}
        gifts = audit.post("/statements/find", body)["gifts"]
        outcomes += [_find_outcome(row, gift) for row, gift in zip(some, gifts, strict=True)]
    return outcomes


def _find_outcome(row: Row, gift: Mapping[str, Any] | None) -> Outcome:
    if gift is None:
        return "unknown"
    if not _is_same(row, gift):
        return "reused"
    places = [(place["statement"], place["row"]) for place in gift["statements"]]
    place = (row.listed.statement, row.listed.row)
    if place not in places:
        return "elsewhere"
    if gift["refused"]:
        return "refused"
    return "entered" if place == places[0] else "repeated"


def _is_same(row: Row, gift: Mapping[str, Any]) -> bool:
    fact = row.fact
    if datetime.fromisoformat(gift["received_at"]) != as_stored(fact.received_at):
        return False
    content = (fact.donor_id, fact.fund_id, fact.amount_fen)
    return content == (gift["donor_id"], gift["fund_id"], gift["amount_fen"])
