"""The figures of a period add up with the books; duties fall due on the days the measures say."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from services.audit.cli import app
from services.audit.ledger.published import open_log
from services.audit.reports.disclosure.counting import count_figures
from services.audit.reports.disclosure.duties import MAJOR_FEN, Duty, list_duties
from services.audit.reports.disclosure.figures import (
    BankDays,
    Campaign,
    Figures,
    Period,
    PeriodError,
    describe_figures,
    shift_months,
)
from shared.contracts.ledger_fields import Purpose
from tests.audit.log_builder import FUND, LogBuilder, build_year

QUARTERS = ("2026Q1", "2026Q2", "2026Q3", "2026Q4")
MONTHS = tuple(f"2026-{month:02d}" for month in range(1, 13))
FLOWS = ("received", "transferred_in", "transferred_out", "fees", "refunded", "disbursed")
PROMISED = ("committed", "released")


@pytest.fixture(scope="module")
def year() -> LogBuilder:
    """All of 2026, one entry in about two days."""
    return build_year(170, LogBuilder(step=timedelta(hours=50)))


@pytest.fixture(scope="module")
def places(year: LogBuilder, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("logs")
    later = build_year(40, year.next_year())
    return [each.publish(folder / str(each.year)) for each in (year, later)]


def of(period: str, *where: Path, major_fen: int = MAJOR_FEN) -> Figures:
    return count_figures(map(open_log, where), Period.parse(period), major_fen=major_fen)


# --- adding up --------------------------------------------------------------------------------


def test_a_year_is_what_the_books_say(year: LogBuilder, places: list[Path]) -> None:
    found = of("2026", places[0])
    assert found.entries == len(year.entries)
    for fund, book in year.books.funds.items():
        told = found.funds[fund]
        assert told.received == book.received_fen
        assert told.transferred_in - told.transferred_out == book.transferred_fen
        assert (told.fees, told.refunded) == (book.fees_fen, book.refunded_fen)
        assert (told.disbursed, told.committed) == (book.disbursed_fen, book.committed_fen)
        assert told.released == book.released_fen
        assert told.outstanding == book.outstanding_fen
        assert told.closing == book.remaining_fen + book.outstanding_fen
    assert {key[1]: each.outstanding for key, each in found.promises.items()} == {
        index: book.outstanding_fen for index, book in year.books.commitments.items()
    }
    for (fund, item, unit), stock in year.books.goods.items():
        (goods,) = (
            told
            for (of_fund, said), told in found.goods.items()
            if (of_fund, said.item, said.unit) == (fund, item, unit)
        )
        assert (goods.received, goods.distributed) == (stock.received, stock.distributed)
        assert goods.closing == stock.in_stock


@pytest.mark.parametrize("parts", [QUARTERS, MONTHS])
def test_quarters_and_months_add_up_to_the_year(places: list[Path], parts: tuple[str, ...]) -> None:
    whole, told = of("2026", places[0]), [of(part, places[0]) for part in parts]
    for name in (*FLOWS, *PROMISED):
        assert sum(each.sum_funds(name) for each in told) == whole.sum_funds(name) != 0
    for counter in ("by_category", "by_beneficiary_class", "by_town", "refusals"):
        sums: dict[str, int] = {}
        for each in told:
            for code, amount in getattr(each, counter).items():
                sums[code] = sums.get(code, 0) + amount
        assert {code: amount for code, amount in sums.items() if amount} == dict(
            getattr(whole, counter)
        )
    for before, after in pairwise(told):
        assert before.sum_funds("closing") == after.sum_funds("opening")
        assert before.sum_funds("outstanding") == after.sum_funds("outstanding_before")
        assert {place: goods.closing for place, goods in before.goods.items()} == {
            place: after.goods[place].opening for place in before.goods
        }
    assert sum(each.entries for each in told) == whole.entries
    assert sum(len(each.corrections) for each in told) == len(whole.corrections) > 0


def test_what_was_spent_is_told_once_by_category_class_and_town(places: list[Path]) -> None:
    found = of("2026", places[0])
    for counter in (found.by_category, found.by_beneficiary_class, found.by_town):
        assert counter.total() == found.sum_funds("disbursed")
    assert found.by_town == {"441900104": found.sum_funds("disbursed")}


def test_next_year_opens_with_what_was_carried(places: list[Path]) -> None:
    before = of("2026", places[0])
    for given_logs in (places, places[1:]):
        after = of("2027", *given_logs)
        for fund, told in before.funds.items():
            assert after.funds[fund].opening == told.closing
            assert after.funds[fund].outstanding_before == told.outstanding
        assert after.funds.keys() == before.funds.keys()
        assert sum(each.outstanding for _, each in after.open_promises()) == after.sum_funds(
            "outstanding"
        )
    alone, after_both = of("2027", places[1]), of("2027", *places)
    assert describe_figures(alone) | {"logs": {}} == describe_figures(after_both) | {"logs": {}}


def test_what_is_not_said_is_unspecified(tmp_path: Path) -> None:
    log = LogBuilder()
    log.open()
    log.give(100_00)
    promised = log.promise("M-1", 50_00, purpose=Purpose(category="meals"))
    assert promised is not None
    log.pay(promised, 50_00)
    found = of("2026-01", log.publish(tmp_path))
    assert found.by_category == {"meals": 50_00}
    assert found.by_town == {"unspecified": 50_00}


def test_fee_shares_are_told_in_hundredths_of_a_percent(tmp_path: Path) -> None:
    log = LogBuilder()
    log.open()
    gift = log.give(100_00)
    assert gift is not None
    log.fee(3_00)
    log.refund(gift, 10_00)
    found = of("2026", log.publish(tmp_path))
    assert found.fee_share_of_received == 334  # 3 of 90, rounded up
    assert found.fee_share_of_spent == 100_00
    assert found.is_above_fee_limit
    assert not of("2026Q1", tmp_path).is_above_fee_limit
    assert of("2026-12", tmp_path).fee_share_of_received is None


def test_correction_of_an_earlier_period_counts_when_it_is_recorded(tmp_path: Path) -> None:
    log = LogBuilder(step=timedelta(days=20))
    log.open()
    gift = log.give(100_00)
    log.give(30_00)
    log.refuse("M-1")
    log.refuse("M-2")
    log.reverse(gift or 0)
    where = log.publish(tmp_path)
    assert of("2026Q1", where).sum_funds("received") == 130_00
    later = of("2026Q2", where)
    assert later.sum_funds("received") == -100_00
    (correction,) = later.corrections
    assert correction.reverses == (log.origin, gift)
    assert correction.recorded < later.period.start <= correction.day
    assert correction.reference == "捐赠人同意书 7; [号]"


def test_a_gift_that_is_entered_late_stands_beside_what_is_of_the_banks_month(
    tmp_path: Path,
) -> None:
    """January's gifts, imported in February, and one of New Year's Eve."""
    log = LogBuilder(step=timedelta(days=20))
    log.open()
    log.give(5_00)
    log.give(100_00, arrived=datetime(2026, 1, 31, 15, 59, tzinfo=UTC))
    late = log.give(30_00, arrived=datetime(2026, 1, 31, tzinfo=UTC))
    log.give(7_00, arrived=datetime(2025, 12, 31, 15, tzinfo=UTC))
    log.reverse(late or 0)
    where = log.publish(tmp_path)
    january = of("2026-01", where)
    assert january.sum_funds("received") == 5_00
    assert january.bank_days[FUND] == BankDays(in_period=105_00, late=100_00)
    assert of("2025-12", where).bank_days[FUND] == BankDays(in_period=7_00, late=7_00)
    assert of("2026-02", where).bank_days[FUND] == BankDays(of_others=100_00)
    assert of("2026", where).bank_days[FUND] == BankDays(in_period=105_00, of_others=7_00)
    (told,) = cast(list[dict[str, object]], describe_figures(january)["received_by_bank_day"])
    assert (told["in_period_fen"], told["recorded_later_fen"]) == (105_00, 100_00)
    markdown = run("--period", "2026-01", "--dir", str(where)).output
    assert "本期银行到账" in markdown
    assert "105.00 | 100.00 | 0.00" in markdown


def test_largest_are_told_first_and_all_that_are_major(tmp_path: Path) -> None:
    log = LogBuilder(step=timedelta(hours=1))
    log.open()
    for number in range(40):
        log.give((number * 7 % 40 + 1) * 100)
    where = log.publish(tmp_path)
    top = [each.amount for each in of("2026", where).moved]
    assert top == [fen * 100 for fen in range(40, 30, -1)]
    assert len(of("2026", where, major_fen=25_00).moved) == 16


# --- periods ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["2026Q5", "2026-13", "26", "2026-1", "", "2026q1", "1999"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(PeriodError):
        Period.parse(text)


def test_periods_meet_without_gap() -> None:
    for parts in (QUARTERS, MONTHS):
        told = [Period.parse(part) for part in parts]
        assert [each.end for each in told[:-1]] == [each.start for each in told[1:]]
        assert (told[0].start, told[-1].end) == (date(2026, 1, 1), date(2027, 1, 1))


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 40))
def test_months_after_keeps_the_day_where_the_month_has_it(day: date, months: int) -> None:
    later = shift_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(("minutes_early", "told"), [(0, 0), (1, 1)])
def test_midnight_in_china_parts_the_years(tmp_path: Path, minutes_early: int, told: int) -> None:
    """2025-12-31T16:00Z is 2026 there."""
    step = timedelta(days=364, hours=16) - timedelta(minutes=minutes_early)
    log = LogBuilder(2025, step)
    log.open()
    log.give(1_00)
    assert len(of("2025", log.publish(tmp_path)).moved) == told


# --- duties -----------------------------------------------------------------------------------


def due(found: Figures, *campaigns: Campaign, major_fen: int = MAJOR_FEN) -> list[Duty]:
    return list_duties(found, campaigns, major_fen=major_fen)


def days(told: list[Duty], subject: str) -> list[date | None]:
    return [duty.due for duty in told if duty.subject == subject]


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    log = LogBuilder()
    log.open()
    return log.publish(tmp_path / "quiet")


def test_yearly_report_is_due_by_the_end_of_may(quiet: Path) -> None:
    told = due(of("2026", quiet))
    assert days(told, "yearly_report") == [date(2026, 5, 31), date(2027, 5, 31)]
    assert days(due(of("2026Q3", quiet)), "yearly_report") == [date(2027, 5, 31)]
    report = told[1]
    assert not report.is_overdue(date(2027, 5, 31))
    assert report.is_overdue(date(2027, 6, 1))


def test_long_campaign_is_told_every_three_months_and_in_full_after_its_end(quiet: Path) -> None:
    campaign = Campaign(name="暖留", start=date(2026, 1, 31), end=date(2026, 10, 15))
    told = due(of("2026", quiet), campaign)
    assert days(told, "progress") == [date(2026, 4, 30), date(2026, 7, 31)]
    assert days(told, "full_report") == [date(2027, 1, 15)]
    second = due(of("2026Q2", quiet), campaign)
    assert days(second, "progress") == [date(2026, 4, 30), date(2026, 7, 31)]
    assert days(due(of("2026Q1", quiet), campaign), "full_report") == []


def test_campaign_of_six_months_is_told_at_its_end_only(quiet: Path) -> None:
    short = Campaign(name="x", start=date(2026, 1, 1), end=date(2026, 7, 1))
    told = due(of("2026", quiet), short)
    assert days(told, "progress") == []
    assert days(told, "full_report") == [date(2026, 10, 1)]
    longer = Campaign(name="x", start=date(2026, 1, 1), end=date(2026, 7, 2))
    assert days(due(of("2026", quiet), longer), "progress") == [date(2026, 4, 1), date(2026, 7, 1)]


def test_campaign_without_an_end_goes_on(quiet: Path) -> None:
    running = Campaign(name="x", start=date(2025, 11, 15))
    told = due(of("2026Q1", quiet), running)
    assert days(told, "progress") == [date(2026, 2, 15), date(2026, 5, 15)]


def test_major_transaction_is_due_within_thirty_days(tmp_path: Path) -> None:
    log = LogBuilder()
    log.open()
    log.give(MAJOR_FEN - 1)
    major = log.give(MAJOR_FEN)
    (told,) = (d for d in due(of("2026", log.publish(tmp_path))) if d.entry)
    recorded = (log.now - 1 * log.step).date()
    assert (told.subject, told.entry) == ("major_transaction", (log.origin, major))
    assert told.due == recorded + timedelta(days=30)
    assert "第十三条" in told.source


def test_the_thirty_days_begin_with_the_banks_day(tmp_path: Path) -> None:
    log = LogBuilder()
    log.open()
    log.give(MAJOR_FEN, arrived=datetime(2026, 1, 3, 2, tzinfo=UTC))
    while log.now.month < 2:
        log.refuse("M-9")
    (told,) = (d for d in due(of("2026", log.publish(tmp_path))) if d.entry)
    assert told.due == date(2026, 2, 2)


def test_corrections_are_listed_as_corrections(places: list[Path]) -> None:
    found = of("2026", places[0])
    told = [duty for duty in due(found) if duty.subject == "correction"]
    assert sorted(duty.entry or ("", 0) for duty in told) == [c.entry for c in found.corrections]


# --- the command ------------------------------------------------------------------------------


def assert_rows_fit_their_headings(markdown: str) -> None:
    rows = iter(markdown.splitlines())
    for line in rows:
        if line.startswith("|---"):
            below = takewhile(lambda row: row.startswith("|"), rows)
            assert {row.count("|") - row.count("\\|") for row in below} == {line.count("|")}, line


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["disclose", *arguments], env={"COLUMNS": "200"})


def test_disclose_tells_figures_and_duties(places: list[Path], tmp_path: Path) -> None:
    campaigns = tmp_path / "campaigns.json"
    told: list[dict[str, Any]] = [
        {"name": "暖|留<b>", "start": "2026-01-01", "end": "2026-12-20", "funds": [FUND]}
    ]
    campaigns.write_text(json.dumps(told), encoding="utf-8")
    options = ("--period", "2026", "--dir", str(places[0]), "--today", "2026-05-01")
    result = run(*options, "--campaigns", str(campaigns))
    assert_rows_fit_their_headings(result.output)
    assert result.exit_code == 0, result.output
    assert "石排镇 441900104" in result.output
    assert "暖\\|留&lt;b&gt;" in result.output
    assert "已过期 passed" in result.output
    result = run(*options, "--campaigns", str(campaigns), "--json", "--major", "100")
    said = json.loads(result.stdout)
    assert said["campaigns"][0]["received_fen"] == said["received"]["restricted_fen"]
    assert said["major_fen"] == 100_00
    progress = [duty for duty in said["duties"] if duty["subject"] == "progress"]
    assert [duty["due"] for duty in progress] == ["2026-04-01", "2026-07-01", "2026-10-01"]
    assert [duty["overdue"] for duty in progress] == [True, False, False]


@pytest.mark.parametrize(
    "wrong",
    ['[{"name": "x"}]', "nonsense", '[{"name":"x","start":"2026-02-01","end":"2026-01-01"}]'],
)
def test_campaigns_that_cannot_be_read_are_said_so(
    places: list[Path], tmp_path: Path, wrong: str
) -> None:
    campaigns = tmp_path / "campaigns.json"
    campaigns.write_text(wrong, encoding="utf-8")
    options = ("--period", "2026", "--dir", str(places[0]), "--campaigns", str(campaigns))
    assert run(*options).exit_code == 2


def test_a_period_that_is_none_is_said_so(places: list[Path]) -> None:
    result = run("--period", "2026Q9", "--dir", str(places[0]))
    assert result.exit_code == 2
    assert "2026Q1" in result.output


@pytest.mark.parametrize(("period", "nothing"), [("2019", True), ("2031Q1", True), ("2026", False)])
def test_a_period_outside_the_log_is_said_so(
    places: list[Path], period: str, nothing: bool
) -> None:
    result = run("--period", period, "--dir", str(places[0]))
    assert result.exit_code == 0
    assert ("账本没有这一期的条目 the log has nothing of this period" in result.output) == nothing
