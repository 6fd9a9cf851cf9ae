"""Gifts followed through stories' logs, for the tests of traces."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from services.audit.ledger.published import open_log
from services.audit.reports.flow.gifts import Gifts
from services.audit.reports.trace import Trace, follow, trace, trace_in
from tests.audit.log_builder import GENERAL, LogBuilder


def two_funds() -> LogBuilder:
    told = LogBuilder()
    told.open()
    told.open(GENERAL, restricted=False)
    return told


def followed(*stories: LogBuilder) -> Gifts:
    with TemporaryDirectory() as folder:
        return follow(open_log(each.publish(Path(folder) / str(each.year))) for each in stories)


def trace_alone(donation: str, *stories: LogBuilder) -> Trace:
    """As `guanjia audit trace` does: of other funds nothing is followed."""
    with TemporaryDirectory() as folder:
        logs = [open_log(each.publish(Path(folder) / str(each.year))) for each in stories]
        return trace(donation, logs)


def traced(donation: str, *stories: LogBuilder) -> Trace:
    return trace_in(followed(*stories), donation)


def uses(found: Trace) -> Counter[tuple[str, str]]:
    """By use and match (or fund, where there is none)."""
    sums: Counter[tuple[str, str]] = Counter()
    for part in found.parts:
        sums[part.use, part.match or part.fund] += part.amount
    return sums


def at(index: int | None) -> int:
    assert index is not None
    return index
