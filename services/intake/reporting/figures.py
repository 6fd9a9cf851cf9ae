"""The figures of requests, whichever way they are counted: by the database or from the events."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.intake.model import RequestState
from shared.contracts.values import LABELS, MONEY_UNIT, BeneficiaryClass, Channel
from shared.towns import is_city_wide, load_towns, town_name

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Group:
    """Requests that are counted together. month: 2026-01, in China, of their recording.

    kind, beneficiary_class: of those that opened, as they opened; empty for the others.
    """

    month: str
    town_code: str
    channel: str
    state: str
    kind: str = ""
    beneficiary_class: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """fen: asked for, of those that opened. opened: with a known day; waited_s: until then, all of
    them together. closed, took_s: the same until the end. since_s: when each was recorded, in whole
    seconds since 1970, all of them together."""

    requests: int = 0
    fen: int = 0
    opened: int = 0
    waited_s: int = 0
    closed: int = 0
    took_s: int = 0
    since_s: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.requests + other.requests,
            self.fen + other.fen,
            self.opened + other.opened,
            self.waited_s + other.waited_s,
            self.closed + other.closed,
            self.took_s + other.took_s,
            self.since_s + other.since_s,
        )

    @property
    def waited_days(self) -> float | None:
        """On the average, from recording to opening."""
        return round(self.waited_s / self.opened / DAY_S, 1) if self.opened else None

    @property
    def took_days(self) -> float | None:
        return round(self.took_s / self.closed / DAY_S, 1) if self.closed else None


Counts = Mapping[Group, Figures]


def add_up(rows: Iterable[tuple[Group, Figures]]) -> dict[Group, Figures]:
    counts: defaultdict[Group, Figures] = defaultdict(Figures)
    for group, figures in rows:
        counts[group] += figures
    return dict(counts)


def count_money(unit: str, quantity: int) -> int:
    return quantity if unit == MONEY_UNIT else 0


@dataclass(frozen=True, slots=True)
class ReportSelection:
    """Which requests are counted; empty: all. kind, beneficiary_class: of the project library, as
    it opened. month: of its year, 0 for all of them."""

    year: int
    town_code: str = ""
    kind: str = ""
    state: str = ""
    beneficiary_class: str = ""
    channel: str = ""
    month: int = 0

    def has(self, group: Group) -> bool:
        month = f"{self.year}-{self.month:02}" if self.month else f"{self.year}-"
        return group.month.startswith(month) and all(
            getattr(self, name) in ("", getattr(group, name))
            for name in ("town_code", "kind", "state", "beneficiary_class", "channel")
        )


def select_counts(counts: Counts, selection: ReportSelection) -> Counts:
    return {group: row for group, row in counts.items() if selection.has(group)}


def list_years(counts: Counts) -> list[int]:
    """The latest first."""
    return sorted({int(group.month[:4]) for group in counts}, reverse=True)


# --- tables ---------------------------------------------------------------------------------------

STATES_ZH: Mapping[str, str] = {
    RequestState.RECORDED: "待审批",
    RequestState.RETURNED: "退回补正",
    RequestState.REFERRED: "已转介",
    RequestState.BUDGETED: "财政项目",
    RequestState.OPEN: "对接中",
    RequestState.CLOSED: "已完结",
    RequestState.DUPLICATE: "合并办理",
    RequestState.DECLINED: "不予受理",
    RequestState.WITHDRAWN: "已撤回",
}
STATES_EN: Mapping[str, str] = {
    RequestState.RECORDED: "waits",
    RequestState.RETURNED: "returned",
    RequestState.REFERRED: "referred",
    RequestState.BUDGETED: "budget",
    RequestState.OPEN: "open",
    RequestState.CLOSED: "closed",
    RequestState.DUPLICATE: "merged",
    RequestState.DECLINED: "declined",
    RequestState.WITHDRAWN: "withdrawn",
}


IN_HAND = (
    RequestState.RECORDED,
    RequestState.RETURNED,
    RequestState.REFERRED,
    RequestState.BUDGETED,
    RequestState.OPEN,
)
"""Somebody has to do something about it."""


@dataclass(frozen=True, slots=True)
class Line:
    """label: what the requests of it have in common. by_state: how many are in each. waiting_days:
    since those that are in hand were recorded, on the average."""

    code: str
    label: str
    by_state: Mapping[str, int]
    figures: Figures
    waiting_days: float | None = None

    @property
    def in_hand(self) -> int:
        return sum(self.by_state.get(state, 0) for state in IN_HAND)

    @property
    def covered_percent(self) -> float | None:
        """Of those who need help and are no second report of it: who got it, or another good
        ending."""
        closed = self.by_state.get(RequestState.CLOSED, 0)
        needs = self.in_hand + closed
        return round(100 * closed / needs, 1) if needs else None


@dataclass(frozen=True, slots=True)
class Table:
    """absent: from where, or for whom, nothing was recorded; by code, with its name."""

    code: str
    zh: str
    en: str
    lines: tuple[Line, ...]
    total: Line
    absent: Mapping[str, str] = field(default_factory=dict)


def name_town(code: str) -> str:
    return town_name(code) or ("全市（未分镇街）" if is_city_wide(code) else code)


def _name(code: str) -> str:
    return LABELS.get(code, code)


_Key = Callable[[Group], str]
TABLES: tuple[tuple[str, str, str, _Key, Callable[[str], str], bool], ...] = (
    ("town", "按镇街", "By town", lambda group: group.town_code, name_town, False),
    ("month", "按月", "By month", lambda group: group.month, str, False),
    ("channel", "按渠道", "By channel", lambda group: group.channel, _name, False),
    ("class", "按困难类别（项目库）", "By class", lambda g: g.beneficiary_class, _name, True),
    ("kind", "按类型（项目库）", "By kind", lambda group: group.kind, _name, True),
)
"""Code, words, by what, how that is called, and whether only what opened is counted."""


def build_tables(
    counts: Counts, selection: ReportSelection, at: datetime, area: str = ""
) -> tuple[Table, ...]:
    """Of what is selected. at: when they were counted. area: of who reads them, a code of a town or
    its beginning."""
    area = selection.town_code or area
    everything: Mapping[str, Sequence[str]] = {
        "town": [code for code in load_towns() if code.startswith(area)],
        "channel": [] if selection.channel else list(Channel),
        "class": [] if selection.beneficiary_class else list(BeneficiaryClass),
    }
    counts = select_counts(counts, selection)
    return tuple(
        _build_table(
            _Cut(code, zh, en, key, name),
            [(group, row) for group, row in counts.items() if group.kind or not is_library],
            everything.get(code, ()),
            at,
        )
        for code, zh, en, key, name, is_library in TABLES
    )


@dataclass(frozen=True, slots=True)
class _Cut:
    code: str
    zh: str
    en: str
    key: _Key
    name: Callable[[str], str]


_Rows = Sequence[tuple[Group, Figures]]


def _build_table(cut: _Cut, rows: _Rows, everything: Iterable[str], at: datetime) -> Table:
    parts: defaultdict[str, list[tuple[Group, Figures]]] = defaultdict(list)
    for group, row in rows:
        parts[cut.key(group)].append((group, row))
    lines = tuple(_build_line(each, cut.name(each), parts[each], at) for each in sorted(parts))
    absent = {code: cut.name(code) for code in everything if code not in parts} if lines else {}
    return Table(cut.code, cut.zh, cut.en, lines, _build_line("", "合计", rows, at), absent)


def _build_line(code: str, label: str, rows: _Rows, at: datetime) -> Line:
    by_state: defaultdict[str, int] = defaultdict(int)
    total, waiting = Figures(), Figures()
    for group, row in rows:
        by_state[group.state] += row.requests
        total += row
        waiting += row if group.state in IN_HAND else Figures()
    waiting_s = int(at.timestamp()) * waiting.requests - waiting.since_s
    days = round(waiting_s / waiting.requests / DAY_S, 1) if waiting.requests else None
    return Line(code, label, dict(by_state), total, days)


def describe_tables(tables: Iterable[Table]) -> list[dict[str, object]]:
    """As JSON."""
    return [
        {
            "table": table.code,
            "zh": table.zh,
            "lines": [_describe_line(line) for line in table.lines],
            "total": _describe_line(table.total),
            "absent": dict(table.absent),
        }
        for table in tables
    ]


def _describe_line(line: Line) -> dict[str, object]:
    figures = line.figures
    return {
        "code": line.code,
        "zh": line.label,
        "requests": figures.requests,
        "by_state": dict(sorted(line.by_state.items())),
        "in_hand": line.in_hand,
        "covered_percent": line.covered_percent,
        "fen": figures.fen,
        "waited_days": figures.waited_days,
        "took_days": figures.took_days,
        "waiting_days": line.waiting_days,
    }
