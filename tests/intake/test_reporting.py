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
    select_counts,
)
from services.intake.reporting.workbook import write_workbook
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
from tests.intake.builders import CHASHAN, make_event

RECORDED = datetime(2025, 12, 31, 17, 0, tzinfo=UTC)
"""The first of January in China."""


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
    assert counts[library] == Figures(1, 20_000, 1, 2 * day, 1, 12 * day)
    assert counts[Group("2026-01", CHASHAN, "wechat", "recorded")] == Figures(requests=1)
    states = {group.state: row.requests for group, row in counts.items() if group.kind == "project"}
    assert states == {"duplicate": 1}
    assert sum(row.requests for row in counts.values()) == 5


def test_tables_add_up_to_the_same_whichever_way_they_are_cut() -> None:
    tables = {table.code: table for table in build_tables(count_events(EVENTS))}
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
    ],
)
def test_year_town_kind_and_state_are_crossed(selection: ReportSelection, requests: int) -> None:
    tables = build_tables(select_counts(count_events(EVENTS), selection))
    assert {t.total.figures.requests for t in tables if t.code in ("town", "month", "channel")} == {
        requests
    }


def test_a_year_is_chinas_and_a_workbook_holds_numbers() -> None:
    counts = count_events(EVENTS)
    assert not select_counts(counts, ReportSelection(2025))
    content = write_workbook(build_tables(select_counts(counts, ReportSelection(2026))))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames[0] == "按镇街"
    rows = list(book["按镇街"].iter_rows(values_only=True))
    assert rows[0][:3] == ("项目", "件数", "待审批")
    assert rows[1][:3] == ("茶山镇", 5, 1)
    assert rows[-1][0] == "合计"


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
