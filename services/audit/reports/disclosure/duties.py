"""What falls due when. Sources: 慈善组织信息公开办法 (民政部令第81号, in force since 2026-01-01).

- The yearly work and financial report: by 31 May of the year after.
- A campaign or project longer than six months: every three months; any one: in full within three
  months of its end.
- Major transactions: within 30 days (article 13) of the bank's day, however late it is recorded.
  What is major the organisation's own charter or rules say; `MAJOR_FEN`, a million yuan, stands in
  until it is told.
- A correction is published as a correction, with a note (article 16), without delay: no day is set.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.audit.reports.disclosure.figures import Campaign, Figures, Period, shift_months
from services.audit.reports.flow.gifts import EntryKey
from shared.contracts.ledger import Kind

MAJOR_FEN = 1_000_000_00
MEASURES = "《慈善组织信息公开办法》（民政部令第81号）"
LONG_MONTHS, EVERY_MONTHS, FULL_WITHIN_MONTHS = 6, 3, 3
MAJOR_WITHIN = timedelta(days=30)

Subject = Literal["yearly_report", "progress", "full_report", "major_transaction", "correction"]
SUBJECTS: Mapping[Subject, tuple[str, str]] = {
    "yearly_report": ("年度工作报告和财务会计报告", "yearly work and financial report"),
    "progress": ("每三个月进展", "three-monthly progress"),
    "full_report": ("结束后全面公开", "in full after the end"),
    "major_transaction": ("重大交易及资金往来", "major transaction"),
    "correction": ("更正", "correction"),
}


@dataclass(frozen=True, slots=True)
class Duty:
    """due: the last day; none where the measures set no day. entry: the leaf it is about.

    about: a year, a campaign, an entry's subject, or the entry that is corrected; kind: of the
    entry. days: of a campaign, the first and the last that are reported on.
    """

    subject: Subject
    about: str
    due: date | None
    source: str
    entry: EntryKey | None = None
    kind: Kind | None = None
    days: tuple[date, date] | None = None

    @property
    def title(self) -> str:
        """In one line, for programs."""
        span = f"{self.days[0]}/{self.days[1]}" if self.days else ""
        return " ".join(filter(None, (self.kind, self.about, span)))

    def is_overdue(self, today: date) -> bool:
        """The day has passed; whether it was met, the log does not know."""
        return self.due is not None and today > self.due

    def to_json(self, today: date) -> dict[str, object]:
        return {
            "subject": self.subject,
            "about": self.title,
            "due": self.due.isoformat() if self.due else None,
            "overdue": self.is_overdue(today),
            "source": self.source,
            "entry": {"log": self.entry[0], "index": self.entry[1]} if self.entry else None,
        }


def list_duties(figures: Figures, campaigns: Iterable[Campaign], *, major_fen: int) -> list[Duty]:
    """Duties that arise from the period or fall due in it, by due date."""
    period = figures.period
    all_ = [
        *_list_yearly(period),
        *(duty for each in campaigns for duty in _list_campaign_duties(each, period)),
        *_list_major(figures, major_fen),
        *_list_corrections(figures),
    ]
    return _sort(all_)


def list_calendar(
    year: Figures, before: Figures, campaigns: Sequence[Campaign], *, major_fen: int
) -> list[Duty]:
    """Of a year: what arises in it, and what arose in the year before and is due in it or later."""
    own = list_duties(year, campaigns, major_fen=major_fen)
    older = list_duties(before, campaigns, major_fen=major_fen)
    left = [duty for duty in older if duty.due is not None and duty.due >= year.period.start]
    return _sort(dict.fromkeys((*own, *left)))


def _sort(duties: Iterable[Duty]) -> list[Duty]:
    return sorted(duties, key=lambda duty: (duty.due or date.max, duty.subject, duty.title))


def _list_yearly(period: Period) -> Iterator[Duty]:
    for year in (period.start.year - 1, period.start.year):
        due = date(year + 1, 5, 31)
        if year == period.start.year or due in period:
            yield Duty("yearly_report", str(year), due, MEASURES)


def _list_campaign_duties(campaign: Campaign, period: Period) -> Iterator[Duty]:
    """Progress is due for each three months that touch the period; the full report once."""
    start, end = campaign.start, campaign.end
    if end is None or end > shift_months(start, LONG_MONTHS):
        last = min(period.end, end or period.end)
        times, since, due = 1, start, shift_months(start, EVERY_MONTHS)
        while since < last and (end is None or due <= end):
            if due >= period.start:
                yield Duty("progress", campaign.name, due, MEASURES, days=(since, due))
            times += 1
            since, due = due, shift_months(start, times * EVERY_MONTHS)
    if end is not None and end < period.end:
        due = shift_months(end, FULL_WITHIN_MONTHS)
        if due >= period.start:
            yield Duty("full_report", campaign.name, due, MEASURES, days=(start, end))


def _list_major(figures: Figures, major_fen: int) -> Iterator[Duty]:
    for each in figures.moved:
        if each.amount >= major_fen:
            source = f"{MEASURES}第十三条；标准由章程或财务资产管理制度规定"
            due = each.effective + MAJOR_WITHIN
            yield Duty("major_transaction", each.subject, due, source, each.entry, each.kind)


def _list_corrections(figures: Figures) -> Iterator[Duty]:
    for each in figures.corrections:
        about = f"{each.reverses[0]} #{each.reverses[1]}"
        source = f"{MEASURES}第十六条：公布更正说明"
        yield Duty("correction", about, None, source, each.entry, each.kind)
