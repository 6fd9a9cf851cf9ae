"""A file is an account's statement of its days, and stands beside the books month by month."""

from datetime import UTC, datetime

from services.audit.model.statement_files import DaySum, FileSummary, StatementFile
from services.audit.pages.accounts import ACCOUNTS_PATH
from services.audit.pages.statements import STATEMENTS_PATH
from services.audit.statements.account_months import count_months, find_differences
from services.audit.statements.layout import Layout
from services.audit.statements.trial import try_statement
from shared import mongo
from tests.audit.facts import gift
from tests.audit.harness import AuditHarness

ICBC, BOC = "工行 1001", "中行 2002"


def make_file(
    id_: str,
    account: str,
    *days: tuple[str, int, int],
    opening: int | None = None,
    closing: int | None = None,
) -> StatementFile:
    summary = FileSummary(
        source="/bank/icbc",
        name=f"{id_}.xlsx",
        account=account,
        first=None,
        last=None,
        gifts=0,
        amount_fen=0,
        payments=0,
        refused=0,
        sha256="a" * 64,
        days=tuple(DaySum(day=day, in_fen=came, out_fen=went) for day, came, went in days),
        opening_fen=opening,
        closing_fen=closing,
    )
    return StatementFile(id=id_, maker="m", summary=summary)


def test_months_run_on_from_the_balance_that_a_file_states() -> None:
    january = make_file("a", ICBC, ("2026-01-05", 100, 0), ("2026-01-20", 0, 30), opening=1_000)
    february = make_file("b", ICBC, ("2026-02-03", 5, 0))
    other = make_file("c", BOC, ("2026-01-09", 7, 0))
    booked = {(ICBC, "2026-01"): (100, 20), (ICBC, "2026-03"): (1, 0), ("", "2026-01"): (9, 0)}
    months = count_months([january, february, other], booked)
    assert [(each.account, each.month) for each in months] == [
        ("", "2026-01"), (BOC, "2026-01"), (ICBC, "2026-01"), (ICBC, "2026-02"), (ICBC, "2026-03"),
    ]  # fmt: skip
    unnamed, boc, first, second, third = months
    assert (first.opening_fen, first.in_fen, first.out_fen, first.closing_fen) == (
        1000,
        100,
        30,
        1070,
    )
    assert (first.booked_in_fen, first.booked_out_fen, first.difference_fen) == (100, 20, -10)
    assert (second.opening_fen, second.closing_fen, second.difference_fen) == (1070, 1075, 5)
    assert (third.files, third.closing_fen, third.difference_fen) == (0, 1075, -1)
    assert (boc.opening_fen, boc.closing_fen, boc.difference_fen) == (None, None, 7)
    assert (unnamed.files, unnamed.difference_fen) == (0, -9)


def test_what_came_before_a_stated_balance_in_its_month_is_taken_off() -> None:
    early = make_file("a", ICBC, ("2026-01-02", 40, 0))
    late = make_file("b", ICBC, ("2026-01-15", 1, 0), opening=540)
    [january] = count_months([early, late], {})
    assert (january.opening_fen, january.closing_fen) == (500, 541)


def test_each_file_counts_from_its_own_balance_and_what_does_not_follow_is_said() -> None:
    """And the month between two statements is listed."""
    january = make_file("a", ICBC, ("2026-01-05", 100, 0), opening=900, closing=1_000)
    march = make_file("b", ICBC, ("2026-03-05", 100, 0), opening=1_500, closing=1_600)
    refused = make_file("c", BOC, ("2026-01-05", 100, 0), opening=900, closing=2_000)
    boc, *months = count_months([january, march, refused], {})
    assert [
        (each.month, each.files, each.opening_fen, each.closing_fen, each.stated_gap_fen)
        for each in months
    ] == [
        ("2026-01", 1, 900, 1_000, 0),
        ("2026-02", 0, 1_000, 1_000, 0),
        ("2026-03", 1, 1_500, 1_600, 500),
    ]
    assert (boc.opening_fen, boc.closing_fen, boc.stated_gap_fen) == (900, 2_000, 1_000)


def test_the_balance_of_the_middle_of_a_day_is_not_that_of_its_end() -> None:
    running = make_file("a", ICBC, ("2026-01-05", 100, 0), opening=0, closing=100)
    whole = make_file("b", ICBC, ("2026-01-05", 130, 0), opening=0, closing=130)
    [month] = count_months([running, whole], {})
    assert (month.opening_fen, month.closing_fen, month.stated_gap_fen) == (0, 130, 0)


def test_a_month_of_a_file_of_before_the_update_shows_no_difference() -> None:
    """Until it is taken in again."""
    moment = datetime(2026, 1, 31, 17, tzinfo=UTC)
    before = make_file("a", ICBC)
    summary = before.summary.model_copy(update={"first": moment, "last": moment})
    before = before.model_copy(update={"summary": summary})
    booked = {(ICBC, "2026-02"): (100, 0)}
    [month] = count_months([before], booked)
    assert (month.month, month.are_days_unknown, month.difference_fen) == ("2026-02", True, None)
    again = make_file("b", ICBC, ("2026-02-01", 100, 0))
    [month] = count_months([before, again], booked)
    assert (month.files, month.are_days_unknown, month.difference_fen) == (1, False, 0)


def test_two_files_of_an_account_count_a_day_once_and_say_where_they_differ() -> None:
    """Whatever they are called; those of another account say nothing against them."""
    whole = make_file(
        "whole", ICBC, ("2026-01-05", 100, 0), ("2026-01-06", 20, 3), ("2026-01-07", 1, 0)
    )
    part = make_file("part", ICBC, ("2026-01-06", 15, 3), ("2026-01-08", 2, 0))
    other = make_file("other", BOC, ("2026-01-05", 1, 0), ("2026-01-08", 1, 0))
    months = count_months([whole, part, other], {})
    [icbc] = [each for each in months if each.account == ICBC]
    assert (icbc.files, icbc.in_fen, icbc.out_fen) == (2, 123, 3)
    differences = find_differences([whole, part, other])
    assert [(each.account, each.day) for each in differences] == [
        (ICBC, "2026-01-06"),
        (ICBC, "2026-01-07"),
    ]
    assert [(file.id, sums and sums.in_fen) for file, sums in differences[0].said] == [
        ("whole", 20),
        ("part", 15),
    ]
    assert differences[1].said[1][1] is None, "the part covers the day and says nothing of it"


def test_a_file_read_whole_says_what_each_day_moved() -> None:
    content = (
        "交易日期,对方户名,收入金额,支出金额,流水号\n"
        "2026-01-05,张三,100.00,,1\n2026-01-05,李四,1.00,,2\n2026-01-06,供电局,,30.00,3\n"
    ).encode()
    layout = Layout(constants={"fund_id": "warm"}).of_account(ICBC)
    trial = try_statement(content, "x.csv", layout)
    assert [(each.day, each.in_fen, each.out_fen) for each in trial.list_days()] == [
        ("2026-01-05", 10_100, 0),
        ("2026-01-06", 0, 3_000),
    ]


def test_a_gift_that_the_bank_marks_as_reversed_moves_nothing() -> None:
    """And says more of its day than the file of before, which has the gift alone."""
    head = "交易日期,对方户名,收入金额,支出金额,流水号,交易状态\n"
    row = "2026-01-05,张三,100.00,,1,已冲正\n"
    layout = Layout(constants={"fund_id": "warm"}).of_account(ICBC)
    [day] = try_statement((head + row).encode(), "x.csv", layout).list_days()
    assert (day.day, day.in_fen, day.out_fen) == ("2026-01-05", 10_000, 10_000)


async def test_finance_reads_it_on_a_page_and_takes_it_away(harness: AuditHarness) -> None:
    await harness.open_fund()
    data = gift(1_000_00).data.model_copy(update={"own_account": ICBC})
    await harness.publish_in_order(gift(1_000_00).model_copy(update={"data": data}))
    await harness.wait_published(2)
    database = harness.audit.runtime.database
    for id_, days in (
        ("F-1", [("2026-01-15", 1_000_00, 0), ("2026-01-16", 0, 8_00)]),
        ("F-2", [("2026-01-16", 0, 7_00)]),
    ):
        file = make_file(id_, ICBC, *days, opening=5_00).model_copy(update={"state": "approved"})
        document = mongo.to_document(file) | {"_version": 1, "_emitted": 0}
        await database[StatementFile.COLLECTION].insert_one(document)
    http = harness.audit.http
    page = await http.get(f"{ACCOUNTS_PATH}?year=2026", headers=harness.maker)
    for part in (ICBC, "2026年1月", "1,000.00", "997.00", "-8.00", "F-2.xlsx", "付 7.00"):
        assert part in page.text, part
    assert ACCOUNTS_PATH in (await http.get(STATEMENTS_PATH, headers=harness.maker)).text
    empty = await http.get(f"{ACCOUNTS_PATH}?year=2025", headers=harness.maker)
    assert "这一年没有对账单" in empty.text


def test_a_summary_of_the_release_before_has_no_days() -> None:
    stored = make_file("a", ICBC).summary.model_dump(mode="json")
    for name in ("days", "opening_fen", "closing_fen"):
        stored.pop(name)
    assert FileSummary.model_validate(stored).days == ()
