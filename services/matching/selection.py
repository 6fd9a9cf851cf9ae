"""The year's selection (年度评选): typical wishes and highlight projects, by a score of integers.

In points, of 100 at most:
- rating: 8 a star, on average over the rated matches; 3 stars where nobody rated;
- urgency: 30 for tier 0, and 6 less for each tier below;
- waiting: 1 for every three days from recorded to completed, 20 at most;
- joint: 5 for every donor beside the first, 10 at most.
Equal scores: the more urgent first, then who waited longer, then by id.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.store import NEEDS
from shared import mongo
from shared.contracts.values import CHINA, LABELS, Kind
from shared.documents import Document
from shared.scope import Scope

# --- the score ------------------------------------------------------------------------------------

POINTS_A_STAR, UNRATED_STARS = 8, 3
URGENCY_MAX, POINTS_A_TIER = 30, 6
DAYS_A_POINT, WAITING_MAX = 3, 20
POINTS_A_DONOR, JOINT_MAX = 5, 10


@dataclass(frozen=True, slots=True)
class FulfilledRequest:
    """A request that was helped in full. stars: of its matches that were rated."""

    request_id: str
    tier: int
    recorded_at: datetime
    completed_at: datetime
    stars: tuple[int, ...]
    donors: int

    @property
    def days_waited(self) -> int:
        return max(0, (self.completed_at - self.recorded_at).days)


@dataclass(frozen=True, slots=True)
class SelectionScore:
    """In hundredths of a point, so that an average of stars stays an integer."""

    rating: int
    urgency: int
    waiting: int
    joint: int

    @property
    def total(self) -> int:
        return self.rating + self.urgency + self.waiting + self.joint


def compute_score(request: FulfilledRequest) -> SelectionScore:
    count = len(request.stars)
    stars = sum(request.stars) * 100 // count if count else UNRATED_STARS * 100
    return SelectionScore(
        rating=stars * POINTS_A_STAR,
        urgency=max(0, URGENCY_MAX - POINTS_A_TIER * request.tier) * 100,
        waiting=min(WAITING_MAX, request.days_waited // DAYS_A_POINT) * 100,
        joint=min(JOINT_MAX, POINTS_A_DONOR * max(0, request.donors - 1)) * 100,
    )


def rank_requests(
    requests: Iterable[FulfilledRequest], top: int
) -> list[tuple[FulfilledRequest, SelectionScore]]:
    """The best first; the order they come in does not matter."""
    scored = [(request, compute_score(request)) for request in requests]
    scored.sort(key=_rank)
    return scored[:top]


def _rank(scored: tuple[FulfilledRequest, SelectionScore]) -> tuple[int, int, int, str]:
    request, score = scored
    return -score.total, request.tier, -request.days_waited, request.request_id


def find_year_bounds(year: int) -> tuple[datetime, datetime]:
    """From its first moment to the next one's, in China's time."""
    return datetime(year, 1, 1, tzinfo=CHINA), datetime(year + 1, 1, 1, tzinfo=CHINA)


# --- the requests ---------------------------------------------------------------------------------

# As many requests are in memory at a time.
CHUNK = 5000
_FIELDS = ("kind", "category", "beneficiary_class", "town_code", "tier", "recorded_at", "closed_at")


async def build_selection(
    database: mongo.Database, scope: Scope, year: int, kinds: Sequence[Kind], top: int
) -> dict[str, object]:
    """`{"year", "wish": [...], "project": [...]}`: the best of those completed in that year."""
    selection: dict[str, object] = {"year": year}
    for kind in kinds:
        best: list[tuple[FulfilledRequest, SelectionScore]] = []
        needs: dict[str, Document] = {}
        async for rows in _find_completed(database, scope, year, kind):
            candidates = needs | {row["_id"]: row for row in rows}
            fulfilled = await _find_fulfilled(database, rows)
            best = rank_requests([*(request for request, _ in best), *fulfilled], top)
            needs = {r.request_id: candidates[r.request_id] for r, _ in best}
        selection[kind.value] = [
            _describe_selected(rank, needs[request.request_id], request, score)
            for rank, (request, score) in enumerate(best, 1)
        ]
    return selection


async def _find_completed(
    database: mongo.Database, scope: Scope, year: int, kind: Kind
) -> AsyncIterator[Sequence[Document]]:
    begins, ends = find_year_bounds(year)
    closed = {"state": "closed", "closed_at": {"$gte": begins, "$lt": ends}, "kind": kind.value}
    query = closed | scope.build_query(NEEDS)
    cursor = database[Need.COLLECTION].find(query, dict.fromkeys(_FIELDS, 1))
    while rows := await cursor.to_list(CHUNK):
        yield rows


async def _find_fulfilled(
    database: mongo.Database, rows: Sequence[Document]
) -> list[FulfilledRequest]:
    """What came of these requests; those that nothing confirmed came to (a closing by other
    means) are no story of help."""
    ids = [row["_id"] for row in rows]
    group = {"_id": "$request_id", "stars": {"$push": "$stars"}, "donors": {"$addToSet": _DONOR}}
    stages: list[Mapping[str, object]] = [
        {"$match": {"request_id": {"$in": ids}, "state": "confirmed"}},
        {"$group": group},
    ]
    helped = {row["_id"]: row async for row in database[Match.COLLECTION].aggregate(stages)}
    return [_build_fulfilled(row, helped[row["_id"]]) for row in rows if row["_id"] in helped]


_DONOR = "$donor_id"


def _build_fulfilled(need: Document, helped: Document) -> FulfilledRequest:
    return FulfilledRequest(
        request_id=need["_id"],
        tier=need["tier"],
        recorded_at=need["recorded_at"],
        completed_at=need["closed_at"],
        stars=tuple(sorted(stars for stars in helped["stars"] if stars is not None)),
        donors=len(helped["donors"]),
    )


def _describe_selected(
    rank: int, need: Document, request: FulfilledRequest, score: SelectionScore
) -> dict[str, object]:
    """Points as hundredths: 9250 is 92.50."""
    return {
        "rank": rank,
        "request_id": request.request_id,
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
        "days_waited": request.days_waited,
        "donors": request.donors,
        "stars": list(request.stars),
    }
