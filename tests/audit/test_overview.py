"""The public's figures are those of the books, whatever the log says; few cases are never alone."""

from pathlib import Path

import pytest

from services.audit import overview
from services.audit.overview import CASES_MIN, MERGED, Overview, Use, merge_few
from services.audit.tlog.reader import Directory
from tests.audit.log_builder import FUND, LogBuilder, build_year


def follow(log: LogBuilder, path: Path) -> Overview:
    figures = Overview()
    figures.read_on(Directory(log.publish(path)), len(log.entries))
    return figures


@pytest.mark.parametrize("carried", [False, True])
def test_totals_are_those_of_the_books(tmp_path: Path, carried: bool) -> None:
    log = build_year(300)
    log = build_year(400, log.next_year()) if carried else log
    figures = follow(log, tmp_path)
    assert set(figures.funds) == set(log.books.funds)
    for id_, book in log.books.funds.items():
        flow = figures.funds[id_]
        for sums in (flow.total, overview.add_months([flow]).values()):
            parts = [sums] if isinstance(sums, overview.Sums) else list(sums)
            assert sum(part.income for part in parts) == book.received_fen
            assert sum(part.spent for part in parts) == book.spent_fen
            assert sum(part.remaining for part in parts) == book.remaining_fen
            assert sum(part.outstanding for part in parts) == book.outstanding_fen


def test_uses_add_up_to_the_fund(tmp_path: Path) -> None:
    figures = follow(build_year(300), tmp_path)
    flow = figures.funds[FUND]
    for uses in (flow.categories, flow.towns):
        assert sum(use.spent for use in uses.values()) == flow.total.spent
        assert sum(use.spent for _, use in merge_few(uses)) == flow.total.spent
    assert set(flow.categories) == {"meals"}


def test_a_long_log_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = build_year(600)
    whole = follow(log, tmp_path)
    monkeypatch.setattr(overview, "BUNDLES_AT_ONCE", 1)
    figures, source = Overview(), Directory(tmp_path)
    sizes = []
    while figures.size < len(log.entries):
        figures.read_on(source, len(log.entries))
        sizes.append(figures.size)
    assert sizes == [256, 512, len(log.entries)]
    assert figures.funds == whole.funds


def test_it_goes_on_where_the_log_grew(tmp_path: Path) -> None:
    log = build_year(100)
    figures = follow(log, tmp_path)
    build_year(300, log)
    figures.read_on(Directory(log.publish(tmp_path)), len(log.entries))
    assert figures.funds == follow(log, tmp_path).funds


def test_few_cases_are_never_told_apart() -> None:
    uses = {"a": Use(9, 900, 900), "b": Use(1, 70, 70), "c": Use(6, 60, 50), "d": Use(2, 20, 20)}
    rows = dict(merge_few(uses))
    assert set(rows) == {"a", MERGED}
    assert rows[MERGED].cases == 9
    alone = dict(merge_few({"a": Use(9, 900, 900), "b": Use(1, 70, 70)}))
    assert set(alone) == {MERGED}
    assert dict(merge_few({"a": Use(CASES_MIN, 5, 5)})).keys() == {"a"}
    assert merge_few({}) == []
