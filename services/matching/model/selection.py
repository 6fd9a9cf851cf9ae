"""The year's selection (年度评选): typical wishes and highlight projects, by a score of integers.

In points, of 100 at most:
- rating: 8 a star, on average over the rated matches; 3 stars where nobody rated;
- urgency: 30 for tier 0, and 6 less for each tier below;
- waiting: 1 for every three days from recorded to completed, 20 at most;
- joint: 5 for every donor beside the first, 10 at most.
Equal scores: the more urgent first, then who waited longer, then by id.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.values import CHINA

POINTS_A_STAR, UNRATED_STARS = 8, 3
URGENCY_MAX, POINTS_A_TIER = 30, 6
DAYS_A_POINT, WAITING_MAX = 3, 20
POINTS_A_DONOR, JOINT_MAX = 5, 10


@dataclass(frozen=True, slots=True)
class Fulfilled:
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
class Score:
    """In hundredths of a point, so that an average of stars stays an integer."""

    rating: int
    urgency: int
    waiting: int
    joint: int

    @property
    def total(self) -> int:
        return self.rating + self.urgency + self.waiting + self.joint


def score(each: Fulfilled) -> Score:
    count = len(each.stars)
    stars = sum(each.stars) * 100 // count if count else UNRATED_STARS * 100
    return Score(
        rating=stars * POINTS_A_STAR,
        urgency=max(0, URGENCY_MAX - POINTS_A_TIER * each.tier) * 100,
        waiting=min(WAITING_MAX, each.days_waited // DAYS_A_POINT) * 100,
        joint=min(JOINT_MAX, POINTS_A_DONOR * max(0, each.donors - 1)) * 100,
    )


def selected(found: Iterable[Fulfilled], top: int) -> list[tuple[Fulfilled, Score]]:
    """The best first; the order they come in does not matter."""
    scored = [(each, score(each)) for each in found]
    scored.sort(key=lambda s: (-s[1].total, s[0].tier, -s[0].days_waited, s[0].request_id))
    return scored[:top]


def year_of(year: int) -> tuple[datetime, datetime]:
    """From its first moment to the next one's, in China's time."""
    return datetime(year, 1, 1, tzinfo=CHINA), datetime(year + 1, 1, 1, tzinfo=CHINA)
