"""The year's summary goes out in January by China's clock, once for each donor and year."""

from datetime import UTC, datetime

import pytest

from services.matching.model.donor_digest import DonorDigest, SummarizeYear
from services.matching.year_summaries import find_ended_year
from shared.contracts.events import YearSummarized
from tests.matching.decisions import DecisionHarness


@pytest.mark.parametrize(
    ("now", "year"),
    [
        (datetime(2027, 1, 4, 15, 59, tzinfo=UTC), None),
        (datetime(2027, 1, 4, 16, 0, tzinfo=UTC), 2026),  # the 5th in Dongguan
        (datetime(2027, 1, 31, 15, 59, tzinfo=UTC), 2026),
        (datetime(2027, 1, 31, 16, 0, tzinfo=UTC), None),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), None),
        (datetime(2026, 7, 5, tzinfo=UTC), None),
    ],
)
def test_it_is_told_in_january_once_the_first_days_have_passed(
    now: datetime, year: int | None
) -> None:
    assert find_ended_year(now) == year


def test_it_is_told_once_and_the_next_year_again() -> None:
    harness = DecisionHarness()
    for year, count in ((2025, 3), (2025, 4), (2024, 9), (2026, 1)):
        harness.command(SummarizeYear(donor_id="P-donor", year=year, count=count))
    facts = [fact for _, fact in harness.facts if isinstance(fact, YearSummarized)]
    assert [(fact.year, fact.detail) for fact in facts] == [(2025, "3"), (2026, "1")]
    [digest] = [each for each in harness.states.values() if isinstance(each, DonorDigest)]
    assert digest.due_at is None, "there is nothing else to say"
