"""The books at a month's end, by the bank's day and account by account, for those who close it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime

import orjson

from services.audit.ledger.entries import format_timestamp
from services.audit.model import BankFact, BankQuestion, Donation, LogHead
from services.audit.model.months import (
    DIFFERENCES_MAX,
    BookedAccount,
    MonthDifference,
    MonthFigures,
    begin_month,
    end_month,
)
from services.audit.store import load_entries
from shared import mongo
from shared.documents import Document

PAGE = 5000
CARRIED = frozenset({"fund_carried", "commitment_carried", "goods_carried"})


async def load_figures(database: mongo.Database, head: LogHead, month: str) -> MonthFigures:
    """Reads the logs from the month's year on: what belongs to it may be entered in the next.

    head: as it was before.
    """
    end = end_month(month)
    return MonthFigures(
        place=head.place,
        books_fen=await _sum_books(database, head, begin_month(month).year, end),
        accounts=await _sum_accounts(database, head.id, end),
        differences=await _list_differences(database, head.id, end),
    )


async def _sum_books(database: mongo.Database, head: LogHead, year: int, end: datetime) -> int:
    before, total = format_timestamp(end), 0
    for log in (*(closed.origin for closed in head.closed), head.origin):
        own = int(log.rpartition("/")[2])
        if own < year:
            continue
        async for leaves in _read_pages(database, log):
            total += await asyncio.to_thread(_sum_bank, leaves, before, is_own=own == year)
    return total


async def _read_pages(database: mongo.Database, log: str) -> AsyncIterator[list[bytes]]:
    first = 0
    while entries := await load_entries(database, log, first, PAGE):
        yield [leaf for _, leaf in entries]
        first += PAGE


def _sum_bank(leaves: Iterable[bytes], before: str, *, is_own: bool) -> int:
    """What lies at the bank by entries with a date before. is_own: of the month's own year, whose
    opening balances count; a later year's are the same money again."""
    total = 0
    for leaf in leaves:
        entry: Document = orjson.loads(leaf)
        if entry["effective_at"] >= before or (entry["kind"] in CARRIED and not is_own):
            continue
        for leg in entry["legs"]:
            if leg["account"].startswith("Assets:") and "amount_fen" in leg:
                total += leg["amount_fen"] if leg["side"] == "debit" else -leg["amount_fen"]
    return total


async def _sum_accounts(
    database: mongo.Database, foundation: str, end: datetime
) -> tuple[BookedAccount, ...]:
    """What came in and went out, as far as its source named the account."""
    sums: Counter[str] = Counter()
    gifts = {
        "foundation": foundation,
        "refused": False,
        "undone": False,
        "received_at": {"$lt": end},
    }
    sums.update(await _sum_by_account(database, Donation.COLLECTION, gifts, "$amount_fen"))
    lines = {"outcome": "entered", "at": {"$lt": end}, "foundation": match_foundation(foundation)}
    sums.update(await _sum_by_account(database, BankFact.COLLECTION, lines, "$moved_fen"))
    answered = {
        "is_entered": True,
        "answered_by": {"$gt": ""},
        "at": {"$lt": end},
        "own_account": {"$gt": ""},
        "foundation": match_foundation(foundation),
    }
    sums.update(await _sum_by_account(database, BankQuestion.COLLECTION, answered, MOVED))
    return tuple(BookedAccount(account=each, books_fen=sums[each]) for each in sorted(sums))


def match_foundation(foundation: str) -> dict[str, object]:
    """Its lines, and those of which nobody knows whose they are."""
    return {"$in": [foundation, "", None]}


MOVED = {
    "$cond": [{"$eq": ["$direction", "paid"]}, {"$multiply": ["$amount_fen", -1]}, "$amount_fen"]
}


async def _sum_by_account(
    database: mongo.Database, collection: str, query: Mapping[str, object], amount: object
) -> dict[str, int]:
    stages: list[Mapping[str, object]] = [
        {"$match": {**query, "own_account": {"$gt": ""}}},
        {"$group": {"_id": "$own_account", "sum": {"$sum": amount}}},
    ]
    return {row["_id"]: row["sum"] async for row in database[collection].aggregate(stages)}


async def _list_differences(
    database: mongo.Database, foundation: str, end: datetime
) -> tuple[MonthDifference, ...]:
    """The newest of them."""
    query: dict[str, object] = {
        "at": {"$lt": end},
        "is_entered": {"$ne": True},
        "foundation": match_foundation(foundation),
    }
    questions = await mongo.find(
        database, BankQuestion, query, sort=[("at", -1), ("_id", 1)], limit=DIFFERENCES_MAX
    )
    refused = {"foundation": foundation, "refused": True, "received_at": {"$lt": end}}
    gifts = await mongo.find(
        database,
        Donation,
        {**refused, "undone": {"$ne": True}, "amount_fen": {"$gt": 0}},
        sort=[("received_at", -1), ("_id", 1)],
        limit=DIFFERENCES_MAX,
    )
    return (
        *(
            MonthDifference(
                kind="asked" if each.is_open else "not_entered",
                account=each.own_account,
                amount_fen=-each.amount_fen if each.direction == "paid" else each.amount_fen,
                reference=each.bank_reference,
                at=each.at,
            )
            for each in questions
        ),
        *(
            MonthDifference(
                kind="gift_refused",
                account=each.own_account,
                amount_fen=each.amount_fen,
                reference=each.reference,
                at=each.received_at,
            )
            for each in gifts
        ),
    )
