"""Which column of a bank's file is what, where its header uses words of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.audit.statement_files.messages import STATEMENT_COLUMN_TWICE
from services.audit.statements import Layout
from services.audit.statements.bank_files import read_bank_file
from services.audit.statements.layout import Amounts, ColumnName
from services.audit.statements.messages import (
    COLUMNS_UNMAPPED,
    STATEMENT_COLUMN_COUNTS,
    STATEMENT_COLUMN_NO_AMOUNT,
)
from shared.errors import Invalid, Problem
from shared.sheets import RefusedRow, open_sheet
from shared.sheets.columns import fold_header
from shared.sheets.messages import (
    COLUMN_UNKNOWN,
    COLUMNS_MISSING,
    COLUMNS_REPEATED,
    UNIT_UNCLEAR,
)
from shared.web.forms import Form

HEADERS_MAX = 60
HEADER_LENGTH_MAX = 200
IGNORED = "ignored"
COLUMN_NAMES: tuple[ColumnName, ...] = (
    *("received_at", "name", "amount", "bank_reference", "designation", "fund_id", "phone"),
    *("direction", "state", "currency"),
)
"""What a column may be called on the page, in this order."""
ENGLISH: Mapping[ColumnName, str] = {
    "received_at": "time",
    "name": "giver",
    "amount": "amount",
    "bank_reference": "reference",
    "designation": "what it is for",
    "fund_id": "fund",
    "phone": "phone",
    "direction": "in or out",
    "state": "state",
    "currency": "currency",
}
UNITS: Mapping[str, str] = {
    "元": "yuan",
    "千元": "thousand yuan",
    "万元": "ten thousand yuan",
    "分": "fen",
}
"""In Chinese, as a file has it, and in English."""


_MAPPABLE = frozenset(
    message.code
    for message in (
        *(COLUMNS_MISSING, COLUMNS_REPEATED, COLUMN_UNKNOWN, COLUMNS_UNMAPPED),
        UNIT_UNCLEAR,
        *(STATEMENT_COLUMN_COUNTS, STATEMENT_COLUMN_NO_AMOUNT),
    )
)


@dataclass(frozen=True, slots=True)
class ColumnQuestion:
    """header: as the file has it. name: what it is taken for; empty: what its words say."""

    header: str
    name: str


def find_headers(content: bytes, layout: Layout) -> tuple[str, ...]:
    """Of a sheet, whether or not it can be read; none of a format that names its own columns."""
    try:
        if read_bank_file(content) is not None:
            return ()
        return open_sheet(content).find_nearest_header(layout.build_columns())
    except Invalid:
        return ()


def is_mappable(invalid: Invalid) -> bool:
    """Whether a person who says what the columns are would help."""
    return all(problem.code in _MAPPABLE for problem in invalid.problems)


def list_page_problems(invalid: Invalid) -> tuple[Problem, ...]:
    """Without the hint that is for the command: the page asks."""
    return tuple(each for each in invalid.problems if each.code != COLUMNS_UNMAPPED.code)


def name_choice(row: RefusedRow) -> RefusedRow:
    """Where a reason names the command's option, it names the choice that the page has."""
    return replace(row, problems=tuple(_name_choice(problem) for problem in row.problems))


def _name_choice(problem: Problem) -> Problem:
    header = problem.values.get("header", "")
    return replace(
        problem,
        zh=problem.zh.replace(
            f"用 --ignore {header} 不看这一列", "在“说明各列是什么”里选“与款项无关，不看”"
        ),
        en=problem.en.replace(f"--ignore {header}", "choose so under “Say what the columns are”"),
    )


def ask_columns(headers: Sequence[str], layout: Layout) -> list[ColumnQuestion]:
    """What was said of a column before stands there, to be changed."""
    names: dict[str, str] = {fold_header(header): name for name, header in layout.columns.items()}
    names |= {fold_header(header): IGNORED for header in layout.ignored}
    unique = list(dict.fromkeys(header for header in headers if header))
    return [
        ColumnQuestion(header, names.get(fold_header(header), _find_usual(header)))
        for header in unique[:HEADERS_MAX]
    ]


def describe_columns(headers: Sequence[str], layout: Layout) -> list[tuple[str, str, str]]:
    """How each column that anything is made of is read, in Chinese and in English."""
    words = {name: (zh, en) for name, zh, en in list_columns()}
    return [
        (each.header, *words[each.name])
        for each in ask_columns(headers, layout)
        if each.name in words
    ]


def list_columns() -> list[tuple[str, str, str]]:
    """What a column may be called, in Chinese and in English."""
    columns = Layout().build_columns()
    return [(name, columns.find_column(name).label, ENGLISH[name]) for name in COLUMN_NAMES]


def read_layout(form: Form, layout: Layout) -> Layout:
    """As the form says, in place of what was said before. A column that its usual words name is not
    written down. Raises Invalid where two are one column."""
    chosen: dict[ColumnName, str] = {}
    ignored = []
    for at in range(HEADERS_MAX):
        header, name = form.get(f"header-{at}", ""), form.get(f"column-{at}", "")
        if not header or len(header) > HEADER_LENGTH_MAX:
            continue
        if name == IGNORED:
            ignored.append(header)
        for each in COLUMN_NAMES:
            if each == name:
                _check_free(chosen, each, header)
                chosen[each] = header
    columns: dict[ColumnName, str] = {
        name: header for name, header in chosen.items() if _find_usual(header) != name
    }
    unit = form.get("unit", "")
    return layout.model_copy(
        update={
            "columns": columns,
            "constants": read_constants(form),
            "ignored": tuple(ignored),
            "amounts": Amounts.model_validate({"unit": unit if unit in UNITS else "元"}),
            "bank_fund": form.get("bank_fund", "")[:60],
        }
    )


def read_constants(form: Form) -> dict[ColumnName, str]:
    """What all rows say alike."""
    names: Mapping[str, ColumnName] = {"fund": "fund_id", "day": "received_at"}
    return {name: text[:100] for field, name in names.items() if (text := form.get(field, ""))}


def _check_free(chosen: Mapping[ColumnName, str], name: ColumnName, header: str) -> None:
    if name in chosen:
        label = Layout().build_columns().find_column(name).label
        headers = f"{chosen[name]}、{header}"
        raise STATEMENT_COLUMN_TWICE.invalid(name, label=label, headers=headers)


def _find_usual(header: str) -> str:
    """What its usual words say."""
    word = fold_header(header)
    for column in Layout().build_columns().columns:
        words = {fold_header(each) for each in (*column.words.split(), column.name)}
        if word in words and column.name in COLUMN_NAMES:
            return str(column.name)
    return ""
