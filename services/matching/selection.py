"""The year's selection, read from needs and matches: ids and scores, nobody's name."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.selection import Fulfilled, Score, selected, year_of
from services.matching.store import within
from shared import mongo
from shared.contracts.values import LABELS, Kind

# As many requests are in memory at a time.
CHUNK = 5000
_SHOWN = ("kind", "category", "beneficiary_class", "town_code", "tier", "recorded_at", "closed_at")

Row = Mapping[str, Any]


async def selection(
    database: mongo.Database, area: str, year: int, kinds: Sequence[Kind], top: int
) -> dict[str, Any]:
    """`{"year", "wish": [...], "project": [...]}`: the best of those completed in that year."""
    chosen: dict[str, Any] = {"year": year}
    for kind in kinds:
        best: list[tuple[Fulfilled, Score]] = []
        needs: dict[str, Row] = {}
        async for rows in _completed(database, area, year, kind):
            known = needs | {row["_id"]: row for row in rows}
            found = await _outcomes(database, rows)
            best = selected([*(each for each, _ in best), *found], top)
            needs = {each.request_id: known[each.request_id] for each, _ in best}
        chosen[kind.value] = [
            _told(rank, needs[each.request_id], each, score)
            for rank, (each, score) in enumerate(best, 1)
        ]
    return chosen


async def _completed(
    database: mongo.Database, area: str, year: int, kind: Kind
) -> AsyncIterator[Sequence[Row]]:
    begins, ends = year_of(year)
    query = {"state": "closed", "closed_at": {"$gte": begins, "$lt": ends}, "kind": kind.value}
    cursor = database[Need.COLLECTION].find(query | within(area), dict.fromkeys(_SHOWN, 1))
    while rows := await cursor.to_list(CHUNK):
        yield rows


async def _outcomes(database: mongo.Database, rows: Sequence[Row]) -> list[Fulfilled]:
    """What came of these requests; those that nothing confirmed came to (a closing by other
    means) are no story of help."""
    ids = [row["_id"] for row in rows]
    group = {"_id": "$request_id", "stars": {"$push": "$stars"}, "donors": {"$addToSet": _DONOR}}
    stages: list[Mapping[str, Any]] = [
        {"$match": {"request_id": {"$in": ids}, "state": "confirmed"}},
        {"$group": group},
    ]
    helped = {row["_id"]: row async for row in database[Match.COLLECTION].aggregate(stages)}
    return [_outcome(row, helped[row["_id"]]) for row in rows if row["_id"] in helped]


_DONOR = "$donor_id"


def _outcome(need: Row, helped: Row) -> Fulfilled:
    return Fulfilled(
        request_id=need["_id"],
        tier=need["tier"],
        recorded_at=need["recorded_at"],
        completed_at=need["closed_at"],
        stars=tuple(sorted(stars for stars in helped["stars"] if stars is not None)),
        donors=len(helped["donors"]),
    )


def _told(rank: int, need: Row, found: Fulfilled, score: Score) -> dict[str, Any]:
    """Points as hundredths: 9250 is 92.50."""
    return {
        "rank": rank,
        "request_id": found.request_id,
        "category": need["category"],
        "category_zh": LABELS[need["category"]],
        "beneficiary_class": need["beneficiary_class"],
        "beneficiary_class_zh": LABELS[need["beneficiary_class"]],
        "town_code": need["town_code"],
        "score": score.total,
        "terms": {
            "rating": score.rating,
            "urgency": score.urgency,
            "waiting": score.waiting,
            "joint": score.joint,
        },
        "days_waited": found.days_waited,
        "donors": found.donors,
        "stars": list(found.stars),
    }
