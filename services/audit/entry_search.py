"""The public's way to one entry: newest first, by fund, kind, category, town, or by an id."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.kinds import KINDS
from services.audit.ledger.movements import Unit, amount_of
from services.audit.ledger.published import day_of
from services.audit.model import Commitment, Donation
from services.audit.overview import Aim, Overview
from services.audit.tlog.reader import Source, read_bundle
from services.audit.tlog.tiles import TILE_WIDTH
from shared import mongo
from shared.contracts.ledger import LedgerEntry
from shared.documents import Document
from shared.money import format_yuan
from shared.units import name_unit

ROWS_MAX = 50
BUNDLES_MAX = 40
"""How far one look goes: who filters for what is rare goes on from where it ended."""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Empty means any."""

    fund: str = ""
    kind: str = ""
    category: str = ""
    town: str = ""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as a list shows it. amount: with its unit, in Chinese and English; empty where
    nothing moved."""

    index: int
    day: str
    kind: str
    kind_zh: str
    funds: tuple[str, ...]
    amount: tuple[str, str]
    aim: Aim


@dataclass(frozen=True, slots=True)
class FoundEntries:
    """before: where the next look begins; 0 at the beginning of the log."""

    rows: tuple[EntryRow, ...]
    before: int


def find_entries(
    source: Source, figures: Overview, criteria: EntryFilter, before: int | None
) -> FoundEntries:
    """Blocking. Of what the figures have read."""
    size = figures.size
    place = size if before is None else max(0, min(before, size))
    rows: list[EntryRow] = []
    for _ in range(BUNDLES_MAX):
        if not place:
            break
        number = (place - 1) // TILE_WIDTH
        leaves = read_bundle(source, size, number)[: place - number * TILE_WIDTH]
        for leaf in reversed(leaves):
            row = describe_entry(parse_entry(leaf), figures)
            place -= 1
            if _fits(row, criteria):
                rows.append(row)
            if len(rows) == ROWS_MAX:
                return FoundEntries(tuple(rows), place)
    return FoundEntries(tuple(rows), place)


def describe_entry(entry: LedgerEntry, figures: Overview) -> EntryRow:
    return EntryRow(
        index=entry["index"],
        day=day_of(entry["effective_at"]).isoformat(),
        kind=entry["kind"],
        kind_zh=KINDS[entry["kind"]].zh,
        funds=_list_funds(entry),
        amount=format_amount(entry),
        aim=figures.find_aim(cast(Mapping[str, object], entry)),
    )


def format_amount(entry: LedgerEntry) -> tuple[str, str]:
    """What moved: of a transfer and of what is paid, the first leg says it."""
    if not entry["legs"]:
        return "", ""
    unit, amount = amount_of(entry["legs"][0])
    return unit.format(amount), _format_in_english(unit, amount)


def _format_in_english(unit: Unit, amount: int) -> str:
    if not unit.item:
        return f"CNY {format_yuan(amount)}"
    return f"{amount:,} {name_unit(unit.unit, amount)} {unit.item}"


def _list_funds(entry: LedgerEntry) -> tuple[str, ...]:
    fields: Document = entry
    if "fund" in fields:
        return (fields["fund"],)
    return tuple(dict.fromkeys(leg["fund"] for leg in entry["legs"]))


def _fits(row: EntryRow, criteria: EntryFilter) -> bool:
    return (
        (not criteria.fund or criteria.fund in row.funds)
        and (not criteria.kind or criteria.kind == row.kind)
        and (not criteria.category or criteria.category == row.aim.category)
        and (not criteria.town or criteria.town == row.aim.town)
    )


async def find_place(database: mongo.Database, id_: str) -> tuple[str, int] | None:
    """Log and index of the entry of a gift, or of the promise for a match, by its public id."""
    stored = await mongo.load(database, Donation, id_) or await mongo.load(
        database, Commitment, id_
    )
    if stored is None or stored.entry is None:
        return None
    return stored.log, stored.entry
