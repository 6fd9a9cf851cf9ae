"""Which gifts each statement lists, as the database knows it: sums, overlaps, and by their ids."""

from collections.abc import Sequence
from datetime import timedelta

from services.audit.model import Donation
from services.audit.statements.likeness import Trait, find_china_day
from shared import mongo
from shared.documents import Document

_REPEATED = {"statements.1": {"$exists": True}}
_DESIGNATED = {"designation": {"$type": "binData"}}

INDEXES: tuple[mongo.Index, ...] = (
    (Donation.COLLECTION, (("statements.statement", 1),), {}),
    (Donation.COLLECTION, (("donor_id", 1), ("fund_id", 1), ("received_at", 1)), {}),
    # What a new row may be the same as.
    (Donation.COLLECTION, (("donor_id", 1), ("amount_fen", 1), ("received_at", 1)), {}),
    (Donation.COLLECTION, (("reference", 1), ("amount_fen", 1)), {}),
    # Few gifts are listed twice, and few say what they are for: pages of them read no others.
    (Donation.COLLECTION, (("_id", 1), ("entry", 1)), {"partialFilterExpression": _REPEATED}),
    (Donation.COLLECTION, (("_id", 1), ("fund_id", 1)), {"partialFilterExpression": _DESIGNATED}),
)

CLAUSES_MAX = 250
_TRAIT_FIELDS = ("donor_id", "fund_id", "amount_fen", "received_at", "reference", "statements")
_TRAIT = dict.fromkeys((*_TRAIT_FIELDS, "own_account"), 1)
_ON_THE_LEDGER: dict[str, object] = {"$not": {"$or": ["$refused", "$undone"]}}


def _count(condition: object) -> dict[str, object]:
    return {"$sum": {"$cond": [condition, 1, 0]}}


async def sum_statements(database: mongo.Database) -> list[dict[str, object]]:
    """By name. rows: those that list a gift. total_fen: of its gifts that stand on the ledger,
    each once. first_here: not in another statement before; elsewhere: also in another."""
    gift = {
        "rows": {"$sum": 1},
        "amount_fen": {"$first": "$amount_fen"},
        "stands": {"$first": _ON_THE_LEDGER},
        "refused": {"$first": "$refused"},
        "names": {"$first": "$names"},
    }
    names = "$_id.statement"
    cursor = database[Donation.COLLECTION].aggregate(
        [
            {"$match": {"statements.0": {"$exists": True}}},
            {"$set": {"names": "$statements.statement"}},
            {"$unwind": "$statements"},
            {"$group": {"_id": {"statement": "$statements.statement", "gift": "$_id"}, **gift}},
            {
                "$group": {
                    "_id": names,
                    "rows": {"$sum": "$rows"},
                    "gifts": {"$sum": 1},
                    "total_fen": {"$sum": {"$cond": ["$stands", "$amount_fen", 0]}},
                    "first_here": _count({"$eq": [{"$first": "$names"}, names]}),
                    "elsewhere": _count(
                        {"$gt": [{"$size": {"$setDifference": ["$names", [names]]}}, 0]}
                    ),
                    "refused": _count("$refused"),
                }
            },
            {"$sort": {"_id": 1}},
            {"$set": {"statement": "$_id"}},
            {"$unset": "_id"},
        ],
        allowDiskUse=True,
    )
    return await cursor.to_list(None)


async def find_overlapping_pairs(
    database: mongo.Database, names: Sequence[str]
) -> list[dict[str, object]]:
    """Two statements, or one twice, and how many gifts both list. names: empty for all."""
    row, other = "$statement.statement", "$other.statement"
    later = {"$gt": ["$other.row", "$statement.row"]}
    cursor = database[Donation.COLLECTION].aggregate(
        [
            {"$match": _build_overlap_query(names)},
            {"$project": {"statement": "$statements", "other": "$statements", "amount_fen": 1}},
            {"$unwind": "$statement"},
            {"$unwind": "$other"},
            {
                "$match": {
                    "$expr": {
                        "$or": [{"$lt": [row, other]}, {"$and": [{"$eq": [row, other]}, later]}]
                    }
                }
            },
            {
                "$group": {
                    "_id": {"statement": row, "other": other},
                    "rows": {"$sum": 1},
                    "amount_fen": {"$sum": "$amount_fen"},
                }
            },
            {"$sort": {"_id.statement": 1, "_id.other": 1}},
        ],
        allowDiskUse=True,
    )
    return [each.pop("_id") | each for each in await cursor.to_list(None)]


async def find_overlapping_gifts(
    database: mongo.Database, names: Sequence[str], after: str, limit: int
) -> list[Donation]:
    """Gifts that are listed more than once, by id."""
    query = _build_overlap_query(names) | {"_id": {"$gt": after}}
    return await mongo.find(database, Donation, query, sort=[("_id", 1)], limit=limit)


async def find_candidates(database: mongo.Database, traits: Sequence[Trait]) -> list[Trait]:
    """Gifts on the ledger of which one may be the same as one of these."""
    clauses: dict[object, dict[str, object]] = {}
    for trait in traits:
        day = find_china_day(trait.received_at)
        clauses[trait.donor_id, trait.amount_fen, day] = {
            "donor_id": trait.donor_id,
            "amount_fen": trait.amount_fen,
            "received_at": {"$gte": day, "$lt": day + timedelta(days=1)},
        }
    all_clauses = list(clauses.values())
    queries: list[dict[str, object]] = [
        {"$or": all_clauses[start : start + CLAUSES_MAX]}
        for start in range(0, len(all_clauses), CLAUSES_MAX)
    ]
    references = sorted({trait.bank_reference for trait in traits} - {""})
    if references:
        queries.append({"reference": {"$in": references}})
    traits_by_id: dict[str, Trait] = {}
    for query in queries:
        # Or will be, or may be.
        on_ledger = [{"refused": {"$ne": True}}, {"waiting": True}, {"may_be": {"$gt": ""}}]
        query |= {"undone": {"$ne": True}, "$and": [{"$or": on_ledger}]}
        for document in await database[Donation.COLLECTION].find(query, _TRAIT).to_list(None):
            trait = _make_trait(document)
            traits_by_id[trait.id] = trait
    return list(traits_by_id.values())


def _make_trait(document: Document) -> Trait:
    listed = document.get("statements") or ()
    place = (listed[0]["statement"], listed[0]["row"]) if listed else None
    return Trait(
        document["_id"],
        document["donor_id"],
        document["fund_id"],
        document["amount_fen"],
        document["received_at"],
        document["reference"],
        place,
        document.get("own_account") or "",
    )


def _build_overlap_query(names: Sequence[str]) -> dict[str, object]:
    return _REPEATED | ({"statements.statement": {"$in": list(names)}} if names else {})


async def list_designated(database: mongo.Database, after: str, limit: int) -> list[Donation]:
    """Gifts whose giver wrote what they are for, by id."""
    query = _DESIGNATED | {"_id": {"$gt": after}}
    return await mongo.find(database, Donation, query, sort=[("_id", 1)], limit=limit)


async def load_listed(database: mongo.Database, ids: Sequence[str]) -> dict[str, Donation]:
    donations = await mongo.find(database, Donation, {"_id": {"$in": list(ids)}})
    return {donation.id: donation for donation in donations}


async def load_documents(
    database: mongo.Database, ids: Sequence[str], fields: Sequence[str]
) -> Sequence[Document]:
    """These fields of them, as they are stored."""
    cursor = database[Donation.COLLECTION].find(
        {"_id": {"$in": list(ids)}}, dict.fromkeys(fields, 1)
    )
    return await cursor.to_list(None)
