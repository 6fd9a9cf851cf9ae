"""What the books have of each account and month, by the bank's day: what came in, what went out.

As far as a source named the account, and as the month's close counts it (`figures`).
"""

from collections import defaultdict
from collections.abc import Mapping

from services.audit.model import BankFact, BankQuestion, Donation
from services.audit.months.figures import MOVED, match_foundation
from shared import mongo


async def load_movements(
    database: mongo.Database, foundation: str
) -> dict[tuple[str, str], tuple[int, int]]:
    """In and out in fen, by account (empty: nobody named it) and month in China."""
    gifts = {"foundation": foundation, "refused": False, "undone": False, "amount_fen": {"$gt": 0}}
    of_foundation = {"foundation": match_foundation(foundation)}
    answered = {"is_entered": True, "answered_by": {"$gt": ""}, **of_foundation}
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for collection, query, at, amount in (
        (Donation.COLLECTION, gifts, "$received_at", "$amount_fen"),
        (BankFact.COLLECTION, {"outcome": "entered", **of_foundation}, "$at", "$moved_fen"),
        (BankQuestion.COLLECTION, answered, "$at", MOVED),
    ):
        async for row in database[collection].aggregate(_build_stages(query, at, amount)):
            place = sums[row["_id"]["account"], row["_id"]["month"]]
            place[0] += row["came"]
            place[1] += row["went"]
    return {place: (came, went) for place, (came, went) in sums.items() if came or went}


def _build_stages(
    query: Mapping[str, object], at: str, amount: object
) -> list[Mapping[str, object]]:
    month = {"$dateToString": {"date": at, "format": "%Y-%m", "timezone": "Asia/Shanghai"}}
    account = {"$ifNull": ["$own_account", ""]}
    return [
        {"$match": query},
        {"$set": {"moved": amount}},
        {
            "$group": {
                "_id": {"account": account, "month": month},
                "came": {"$sum": {"$max": ["$moved", 0]}},
                "went": {"$sum": {"$max": [{"$multiply": ["$moved", -1]}, 0]}},
            }
        },
    ]
