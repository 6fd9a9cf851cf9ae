"""The way of one gift is told from the entries of its funds alone, and no other is parsed."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.audit.ledger.published import PublishedLog, open_log
from services.audit.reports.flow.funds import find_entries_of
from services.audit.reports.trace import trace
from tests.audit.following import at, trace_alone, traced, two_funds
from tests.audit.log_builder import FUND, GENERAL, LogBuilder

ALONE = "FUND-ALONE"


@pytest.fixture
def log() -> LogBuilder:
    story = two_funds()
    story.open(ALONE)
    story.give(100_00, donation="D-1")
    story.give(50_00, GENERAL, donation="D-2")
    story.give(70_00, ALONE, donation="D-3")
    moved = at(story.transfer(30_00))
    story.pay(at(story.promise("M-1", 60_00, GENERAL)), 60_00)
    story.reverse(moved)
    story.transfer(25_00)
    story.pay(at(story.promise("M-3", 12_00, GENERAL)), 12_00)
    story.pay(at(story.promise("M-2", 40_00, ALONE)), 30_00)
    return story


def find_funds(log: PublishedLog, donation: str) -> set[str]:
    [numbers] = find_entries_of(donation, [log])
    assert numbers == sorted(set(numbers))
    entries = list(log.read_entries(numbers))
    return {entry["fund"] for entry in entries if entry["kind"] == "fund_opened"}


@pytest.mark.parametrize("donation", ["D-1", "D-2", "D-3"])
def test_a_trace_of_its_funds_is_that_of_all(log: LogBuilder, donation: str) -> None:
    assert trace_alone(donation, log).to_json() == traced(donation, log).to_json()
    following = log.next_year()
    following.give(5_00, ALONE, donation="D-9")
    following.pay(at(following.promise("M-9", 20_00, ALONE)), 20_00)
    years = (log, following)
    assert trace_alone(donation, *years).to_json() == traced(donation, *years).to_json()


def test_funds_that_a_transfer_ties_are_read_together_and_others_are_not(
    log: LogBuilder, tmp_path: Path
) -> None:
    published = open_log(log.publish(tmp_path / "2026"))
    assert find_funds(published, "D-1") == find_funds(published, "D-2") == {FUND, GENERAL}
    assert find_funds(published, "D-3") == {ALONE}
    assert find_entries_of("D-nobody", [published]) == [[]]


class CountingSource:
    """A folder that knows which files were read after the first look."""

    def __init__(self, log: PublishedLog) -> None:
        self._source = log.source
        self.paths: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)

    def read_all(self, paths: object) -> object:
        wanted = list(paths)  # type: ignore[call-overload]
        self.paths += wanted
        return self._source.read_all(wanted)


def test_bundles_without_an_entry_of_its_funds_are_not_read_again(tmp_path: Path) -> None:
    story = LogBuilder()
    story.open(ALONE)
    story.give(1_00, ALONE, donation="D-1")
    story.open()
    for number in range(600):
        story.give(1_00, donation=f"D-other-{number}")
    published = open_log(story.publish(tmp_path / "2026"))
    source = CountingSource(published)
    found = trace("D-1", [replace(published, source=source)])  # type: ignore[arg-type]
    assert [part.amount for part in found.parts] == [1_00]
    assert len(source.paths) == 3 + 1
