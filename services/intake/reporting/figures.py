"""The figures of requests, whichever way they are counted: by the database or from the events."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from services.intake.model import RequestState
from shared.contracts.values import LABELS, MONEY_UNIT
from shared.towns import is_city_wide, town_name

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
    them together. closed, took_s: the same until the end."""

    requests: int = 0
    fen: int = 0
    opened: int = 0
    waited_s: int = 0
    closed: int = 0
    took_s: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.requests + other.requests,
            self.fen + other.fen,
            self.opened + other.opened,
            self.waited_s + other.waited_s,
            self.closed + other.closed,
            self.took_s + other.took_s,
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
    """Which requests are counted; empty: all. kind: of the project library, as it opened."""

    year: int
    town_code: str = ""
    kind: str = ""
    state: str = ""

    def has(self, group: Group) -> bool:
        return (
            group.month.startswith(f"{self.year}-")
            and self.town_code in ("", group.town_code)
            and self.kind in ("", group.kind)
            and self.state in ("", group.state)
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


@dataclass(frozen=True, slots=True)
class Line:
    """label: what the requests of it have in common. by_state: how many are in each."""

    code: str
    label: str
    by_state: Mapping[str, int]
    figures: Figures


@dataclass(frozen=True, slots=True)
class Table:
    code: str
    zh: str
    en: str
    lines: tuple[Line, ...]
    total: Line


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


def build_tables(counts: Counts) -> tuple[Table, ...]:
    return tuple(
        _build_table(counts, code, zh, en, key, name, is_library=library)
        for code, zh, en, key, name, library in TABLES
    )


def _build_table(
    counts: Counts,
    code: str,
    zh: str,
    en: str,
    key: _Key,
    name: Callable[[str], str],
    *,
    is_library: bool,
) -> Table:
    rows = [(group, row) for group, row in counts.items() if group.kind or not is_library]
    parts: defaultdict[str, list[tuple[Group, Figures]]] = defaultdict(list)
    for group, row in rows:
        parts[key(group)].append((group, row))
    lines = tuple(_build_line(each, name(each), parts[each]) for each in sorted(parts))
    return Table(code, zh, en, lines, _build_line("", "合计", rows))


def _build_line(code: str, label: str, rows: Iterable[tuple[Group, Figures]]) -> Line:
    by_state: defaultdict[str, int] = defaultdict(int)
    total = Figures()
    for group, row in rows:
        by_state[group.state] += row.requests
        total += row
    return Line(code, label, dict(by_state), total)


def describe_tables(tables: Iterable[Table]) -> list[dict[str, object]]:
    """As JSON."""
    return [
        {
            "table": table.code,
            "zh": table.zh,
            "lines": [_describe_line(line) for line in table.lines],
            "total": _describe_line(table.total),
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
        "fen": figures.fen,
        "waited_days": figures.waited_days,
        "took_days": figures.took_days,
    }
