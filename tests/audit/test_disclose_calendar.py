"""The calendar of a year: what arises in it, and what is due in it of the year before."""

from datetime import UTC, date, datetime
from pathlib import Path

from services.audit.ledger.published import open_log
from services.audit.reports.disclosure.counting import count_figures
from services.audit.reports.disclosure.duties import MAJOR_FEN, list_calendar
from services.audit.reports.disclosure.figures import Campaign, Period
from tests.audit.log_builder import LogBuilder


def test_what_arose_last_year_and_is_due_in_this_one_stands_in_its_calendar(tmp_path: Path) -> None:
    """Once, although a campaign is looked at for both."""
    log = LogBuilder()
    log.open()
    log.give(MAJOR_FEN, arrived=datetime(2026, 1, 3, tzinfo=UTC))
    while (log.now.month, log.now.day) < (12, 20):
        log.refuse("M-9")
    major = log.give(MAJOR_FEN)
    places = [log.publish(tmp_path)]
    before, year = (
        count_figures(map(open_log, places), Period.parse(name), major_fen=MAJOR_FEN)
        for name in ("2026", "2027")
    )
    campaign = Campaign(name="x", start=date(2026, 9, 1))
    calendar = list_calendar(year, before, [campaign], major_fen=MAJOR_FEN)
    days = {
        subject: [duty.due for duty in calendar if duty.subject == subject]
        for subject in ("progress", "yearly_report")
    }
    assert [duty.entry for duty in calendar if duty.entry] == [(log.origin, major)]
    assert days["yearly_report"] == [date(2027, 5, 31), date(2028, 5, 31)]
    assert days["progress"] == [
        *(date(2027, 3, 1), date(2027, 6, 1), date(2027, 9, 1)),
        *(date(2027, 12, 1), date(2028, 3, 1)),
    ]
