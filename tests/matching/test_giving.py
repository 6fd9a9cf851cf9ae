"""A donor's year: what arrived counts once and in its year, and nobody is named in the sheet."""

import io
from datetime import UTC, datetime, timedelta

import openpyxl

from services.matching.giving import build_year, compute_bounds, list_years, write_workbook
from services.matching.model.labels import MatchState
from services.matching.model.match import Match
from services.matching.pages.givers import Giver
from services.matching.pages.giving import render_certificate, render_giving
from tests.matching.decisions import NOW, DecisionHarness, request_id
from tests.support.readers import make_reader

GIVER = Giver.of_link(make_reader(), "P-donor", "t")
NEW_YEAR = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
"""Half past midnight of 2027 in Dongguan."""


def make_match(
    name: str, state: MatchState, confirmed_at: datetime | None = None, item: str = "大米"
) -> Match:
    harness = DecisionHarness()
    offer = harness.offer(quantity=10, unit="袋", item="大米")
    harness.need(name, 2, unit="袋", item="大米")
    match = harness.match(harness.propose(request_id(name), offer, 2))
    changes = {"state": state, "confirmed_at": confirmed_at, "item": item, "person_id": name}
    return match.model_copy(update=changes)


def test_a_year_holds_what_was_confirmed_in_it_by_chinas_clock() -> None:
    matches = [
        make_match("a", "confirmed", NOW),
        make_match("b", "confirmed", NEW_YEAR),
        make_match("c", "delivered"),
        make_match("d", "reopened", NOW),
        make_match("e", "declined"),
    ]
    assert list_years([2027], NOW) == [2027, 2026]
    assert compute_bounds(2026)[1] == compute_bounds(2027)[0] < NEW_YEAR
    year = build_year(matches, 2026)
    assert [match.person_id for match in year.given] == ["a"]
    assert year.sums == (("袋", "大米", 2),)
    assert [match.person_id for match in year.promised] == ["c"]
    assert build_year(matches, 2027).people == 1


def test_whom_it_reached_is_counted_once_and_rated_by_who_rated() -> None:
    first, again = make_match("a", "confirmed", NOW), make_match("a", "confirmed", NOW)
    rated = first.model_copy(update={"stars": 4, "id": "M-1"})
    year = build_year([rated, again, make_match("b", "confirmed", NOW)], NOW.year)
    assert (year.people, len(year.given), year.stars) == (2, 3, 4.0)


def test_the_sheet_computes_nothing_and_names_nobody() -> None:
    later = NOW + timedelta(hours=1)
    match = make_match("P-secret", "confirmed", later, item='=HYPERLINK("http://a.example")')
    content = write_workbook(build_year([match], NOW.year))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[1][3] == '\'=HYPERLINK("http://a.example")'
    assert rows[1][4] == 2
    assert "P-secret" not in str(rows)


def test_what_holds_not_the_whole_year_says_so() -> None:
    year = build_year([make_match("a", "confirmed", NOW)], NOW.year, is_cut=True)
    sheet = openpyxl.load_workbook(io.BytesIO(write_workbook(year))).worksheets[0]
    last = [cell.value for cell in [*sheet.iter_rows()][-1]]
    assert "不等于全年" in str(last[0])
    certificate = bytes(render_certificate(year, NOW, GIVER).body).decode()
    assert "向基金会索取证书" in certificate
    assert "致" not in certificate.split("索取证书")[0].split("<article")[1]
    page = bytes(render_giving(year, [NOW.year], [], 0, GIVER, "").body).decode()
    assert "不是全年数字" in page
    assert "打印捐赠证书" not in page
