"""Figures of requests: whoever reads the published events counts what the database counts."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import openpyxl
import pytest

from services.intake.reporting import recent
from services.intake.reporting.events import count_events
from services.intake.reporting.figures import (
    Figures,
    Group,
    ReportSelection,
    build_tables,
    describe_tables,
    select_counts,
)
from services.intake.reporting.workbook import list_sheets
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    RequestClosed,
    RequestFollowed,
    RequestOpened,
    RequestRecorded,
    RequestReopened,
    RequestWithdrawn,
)
from shared.scope import EVERYTHING, Scope
from shared.sheets.report import write_report
from shared.towns import load_towns
from tests.intake.builders import CHASHAN, make_event

RECORDED = datetime(2025, 12, 31, 17, 0, tzinfo=UTC)
"""The first of January in China."""


AT = RECORDED + timedelta(days=20)
"""When it is counted."""
YEAR = ReportSelection(2026)


def make_opened(**changed: Any) -> RequestOpened:
    fields: dict[str, Any] = {
        "person_id": "P-1",
        "kind": "wish",
        "category": "supplies",
        "beneficiary_class": "subsistence",
        "channel": "sms",
        "need": {"unit": "fen", "quantity": 20_000},
        "area": {"town_code": CHASHAN},
        "recorded_at": RECORDED,
    }
    return RequestOpened.model_validate(fields | changed)


def happen(subject: str, *facts: tuple[float, Fact]) -> list[Any]:
    """days: after it was recorded."""
    return [
        make_event(fact, subject=subject).model_copy(
            update={"time": RECORDED + timedelta(days=days)}
        )
        for days, fact in facts
    ]


WAITS = RequestRecorded.model_validate(
    {
        "person_id": "P-1",
        "channel": "wechat",
        "approval_level": "town",
        "area": {"town_code": CHASHAN},
    }
)
EVENTS = [
    *happen("R-1", (2, make_opened()), (12, RequestClosed(person_id="P-1"))),
    *happen("R-2", (0, WAITS), (4, make_opened(channel="wechat"))),
    *happen("R-3", (0, WAITS)),
    *happen(
        "R-4",
        (0, make_opened(kind="project")),
        (1, RequestWithdrawn(person_id="P-1")),
        (1, RequestFollowed(person_id="P-1", request_id="R-1", stage="merged")),
    ),
    *happen(
        "R-5",
        (0, make_opened()),
        (1, RequestWithdrawn(person_id="P-1")),
        (1, RequestFollowed(person_id="P-1", request_id="R-1", stage="merged")),
        (2, RequestReopened(person_id="P-1", is_separated=True)),
        (2, RequestFollowed(person_id="P-1", request_id="R-1", stage="separated")),
    ),
]


def test_each_request_counts_once_as_it_is_now() -> None:
    counts = count_events(EVENTS)
    library = Group("2026-01", CHASHAN, "sms", "closed", "wish", "subsistence")
    day = 86_400
    since_s = int(RECORDED.timestamp())
    assert counts[library] == Figures(1, 20_000, 1, 2 * day, 1, 12 * day, since_s)
    waiting = counts[Group("2026-01", CHASHAN, "wechat", "recorded")]
    assert waiting == Figures(requests=1, since_s=since_s)
    states = {group.state: row.requests for group, row in counts.items() if group.kind == "project"}
    assert states == {"duplicate": 1}
    assert sum(row.requests for row in counts.values()) == 5


def test_tables_add_up_to_the_same_whichever_way_they_are_cut() -> None:
    tables = {table.code: table for table in build_tables(count_events(EVENTS), YEAR, AT)}
    for code in ("town", "month", "channel"):
        assert tables[code].total.figures.requests == 5
        assert sum(line.figures.requests for line in tables[code].lines) == 5
    assert tables["kind"].total.figures.requests == 4, "what opened is the library"
    assert [line.label for line in tables["kind"].lines] == ["民生微实事", "民生微心愿"]
    assert tables["town"].total.by_state == {"closed": 1, "open": 2, "recorded": 1, "duplicate": 1}
    assert tables["town"].total.figures.waited_days == 1.5
    assert tables["town"].total.figures.took_days == 12.0


@pytest.mark.parametrize(
    ("selection", "requests"),
    [
        (ReportSelection(2026), 5),
        (ReportSelection(2026, CHASHAN), 5),
        (ReportSelection(2026, "441900104"), 0),
        (ReportSelection(2026, kind="wish"), 3),
        (ReportSelection(2026, kind="project"), 1),
        (ReportSelection(2026, state="recorded"), 1),
        (ReportSelection(2026, CHASHAN, "wish", "closed"), 1),
        (ReportSelection(2026, CHASHAN, "project", "closed"), 0),
        (ReportSelection(2025, CHASHAN, "wish", "closed"), 0),
        (ReportSelection(2026, channel="wechat"), 2),
        (ReportSelection(2026, channel="sms", state="open"), 1),
        (ReportSelection(2026, beneficiary_class="subsistence"), 4),
        (ReportSelection(2026, beneficiary_class="disabled"), 0),
        (ReportSelection(2026, month=1), 5),
        (ReportSelection(2026, CHASHAN, channel="wechat", month=1), 2),
        (ReportSelection(2026, month=2), 0),
    ],
)
def test_year_town_kind_and_state_are_crossed(selection: ReportSelection, requests: int) -> None:
    tables = build_tables(count_events(EVENTS), selection, AT)
    assert {t.total.figures.requests for t in tables if t.code in ("town", "month", "channel")} == {
        requests
    }


@pytest.mark.parametrize("code", ["town", "channel", "class", "month"])
def test_each_cut_says_how_many_are_helped_in_hand_and_waiting(code: str) -> None:
    """Two recorded or open, one closed, one merged: of whatever they are cut by."""
    tables = {table.code: table for table in build_tables(count_events(EVENTS), YEAR, AT)}
    table = tables[code]
    in_hand = 2 if code == "class" else 3
    assert sum(line.in_hand for line in table.lines) == table.total.in_hand == in_hand
    assert table.total.covered_percent == round(100 / (in_hand + 1), 1), "no second report counts"
    assert table.total.waiting_days == 20.0


def test_who_is_helped_least_is_seen() -> None:
    """A channel without an end, and towns and channels from which nothing came."""
    tables = {t.code: t for t in build_tables(count_events(EVENTS), YEAR, AT, CHASHAN)}
    lines = {line.code: line for line in tables["channel"].lines}
    assert (lines["wechat"].covered_percent, lines["wechat"].in_hand) == (0.0, 2)
    assert lines["sms"].covered_percent == 50.0
    assert "hotline" in tables["channel"].absent
    assert "sms" not in tables["channel"].absent
    assert tables["town"].absent == {}, "of a town its own alone"
    described = describe_tables(tables.values())
    (channels,) = [each for each in described if each["table"] == "channel"]
    assert channels["absent"]
    whole = {t.code: t for t in build_tables(count_events(EVENTS), YEAR, AT)}
    assert len(whole["town"].absent) == len(load_towns()) - 1
    one = ReportSelection(2026, CHASHAN, beneficiary_class="subsistence", channel="sms")
    assert not any(table.absent for table in build_tables(count_events(EVENTS), one, AT))


def test_a_year_is_chinas_and_a_workbook_holds_numbers() -> None:
    counts = count_events(EVENTS)
    assert not select_counts(counts, ReportSelection(2025))
    content = write_report(list_sheets(build_tables(counts, YEAR, AT)))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames[0] == "按镇街"
    rows = list(book["按镇街"].iter_rows(values_only=True))
    assert rows[0][:3] == ("项目", "件数", "待审批")
    assert rows[1][:3] == ("茶山镇", 5, 1)
    assert rows[-2][0] == "合计"
    assert rows[-1][0] == "尚无登记"
    assert "石碣镇" in str(rows[-1][1])
    head, total = rows[0], rows[-2]
    named = dict(zip(head, total, strict=True))
    assert (named["在办"], named["覆盖率（%）"], named["在办平均已等（天）"]) == (3, 25.0, 20.0)


async def test_many_who_look_within_a_minute_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each scope its own, and no more scopes than there is room for."""
    asked: list[Any] = []

    async def count(_: Any, query: Any) -> dict[Group, Figures]:
        asked.append(query)
        await asyncio.sleep(0)
        return {}

    monkeypatch.setattr(recent, "count_requests", count)
    recently, database = recent.RecentCounts(timedelta(seconds=60)), cast("Any", None)
    town = Scope(area=CHASHAN)
    looks = [recently.find(database, scope, RECORDED) for scope in (town, EVERYTHING) * 5]
    await asyncio.gather(*looks)
    assert len(asked) == 2
    later = await recently.find(database, town, RECORDED + timedelta(seconds=59))
    assert (len(asked), later.at) == (2, RECORDED)
    assert (await recently.find(database, town, RECORDED + timedelta(seconds=60))).at > RECORDED
    for number in range(recent.SCOPES_MAX):
        await recently.find(database, Scope(area=f"4419{number}"), RECORDED)
    await recently.find(database, EVERYTHING, RECORDED)
    assert asked[-1] == {}, "the oldest made room"
