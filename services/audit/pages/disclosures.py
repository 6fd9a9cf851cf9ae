"""信息公开日历: what the measures want published, by when, of one year."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from services.audit.disclosing import ask_campaigns
from services.audit.ledger.kinds import KINDS
from services.audit.pages.finance import Reader
from services.audit.pages.proposal_forms import Texts
from services.audit.pages.proposing import FINANCE_PATH, PAGES
from services.audit.reports.disclosure.duties import SUBJECTS, Duty, list_calendar
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from shared.contracts.values import CHINA
from shared.dates import name_day
from shared.text import EMPTY_AS_NONE
from shared.web.staff import PageRouter

router = PageRouter()
DISCLOSURES_PATH = FINANCE_PATH + "/disclosures"
SOON = timedelta(days=30)
LISTED_MAX = 200
"""Of one heading."""
HEADINGS: tuple[Texts, ...] = (
    ("30天内到期", "Due within 30 days"),
    ("以后到期", "Due later"),
    ("应及时公开（无固定期限）", "Without delay, no day is set"),
    ("期限已过", "The day has passed"),
)
COMING, LATER, PROMPT, PASSED = range(len(HEADINGS))


@dataclass(frozen=True, slots=True)
class DutyRow:
    """about: what of, as people or the log name it. path: of the entry's page."""

    due: date | None
    subject: Texts
    about: str
    what: Texts
    path: str


@dataclass(frozen=True, slots=True)
class DutyGroup:
    heading: Texts
    rows: Sequence[DutyRow]
    count: int


@router.get(DISCLOSURES_PATH)
async def show_disclosures(
    _caller: Reader,
    request: Request,
    runtime: AuditRuntimeDep,
    year: Annotated[int | None, Query(ge=2001, le=2999), EMPTY_AS_NONE] = None,
) -> Response:
    today = (await runtime.processor.now()).astimezone(CHINA).date()
    chosen = year or today.year
    duties, has_campaigns = await _list_duties(runtime, chosen)
    major_fen = runtime.settings.major_transaction_fen
    return PAGES.render_for(
        request,
        "disclosures.html",
        year=chosen,
        today=today,
        groups=group_duties(duties, today, runtime.resources.name_of),
        has_campaigns=has_campaigns,
        major_fen=major_fen,
    )


async def _list_duties(runtime: AuditRuntime, year: int) -> tuple[list[Duty], bool]:
    """And whether matching said which campaigns there are."""
    campaigns = await ask_campaigns(runtime.http, runtime.settings)
    major_fen = runtime.settings.major_transaction_fen

    def count() -> list[Duty]:
        logs = runtime.resources
        of_year, before = (logs.figures.count(logs, each, major_fen) for each in (year, year - 1))
        return list_calendar(of_year, before, campaigns or [], major_fen=major_fen)

    return await asyncio.to_thread(count), campaigns is not None


def group_duties(
    duties: Iterable[Duty], today: date, name_log: Callable[[str], str]
) -> list[DutyGroup]:
    """What comes next stands first; what has passed comes last. name_log: as its address says."""
    groups: list[list[DutyRow]] = [[] for _ in HEADINGS]
    for duty in duties:
        groups[_choose_group(duty, today)].append(describe_duty(duty, name_log))
    return [
        DutyGroup(heading, rows[:LISTED_MAX], len(rows))
        for heading, rows in zip(HEADINGS, groups, strict=True)
        if rows
    ]


def _choose_group(duty: Duty, today: date) -> int:
    if duty.due is None:
        return PROMPT
    if duty.is_overdue(today):
        return PASSED
    return COMING if duty.due - today <= SOON else LATER


def describe_duty(duty: Duty, name_log: Callable[[str], str]) -> DutyRow:
    path = ""
    if duty.entry is not None:
        path = f"/ledger/{name_log(duty.entry[0])}/entries/{duty.entry[1]}"
    about = "" if duty.subject == "yearly_report" else duty.about
    return DutyRow(duty.due, SUBJECTS[duty.subject], about, _name_what(duty), path)


def _name_what(duty: Duty) -> Texts:
    """The year, the days of a campaign, or the kind of an entry."""
    if duty.kind is not None:
        return KINDS[duty.kind].zh, duty.kind.replace("_", " ")
    if duty.days is not None:
        (first_zh, first_en), (last_zh, last_en) = map(name_day, duty.days)
        return f"{first_zh}至{last_zh}", f"{first_en} to {last_en}"
    return f"{duty.about}年", duty.about
