"""Which column of an uploaded sheet is what, where its header says it in words of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.intake.channels.columns import REQUEST_COLUMNS
from services.intake.uploads import Upload
from shared.contracts.values import LABELS, BeneficiaryClass, Category
from shared.errors import Invalid
from shared.sheets import Column
from shared.sheets.columns import fold_header
from shared.sheets.messages import COLUMN_UNKNOWN, COLUMNS_MISSING, COLUMNS_REPEATED
from shared.web.forms import Form

HEADERS_MAX = 60
HEADER_LENGTH_MAX = 200
COLUMN_NAMES = (
    *("name", "phone", "id_number", "household", "category", "class"),
    *("item", "quantity", "unit", "amount", "town", "village"),
    *("text", "remark", "address", "number"),
)
"""What a column may be called on the page, in this order."""
CHOICES: Mapping[str, type[Category] | type[BeneficiaryClass]] = {
    "category": Category,
    "class": BeneficiaryClass,
}
"""What all rows may say alike, where no column does."""
_MAPPABLE = frozenset({COLUMNS_MISSING.code, COLUMNS_REPEATED.code, COLUMN_UNKNOWN.code})


@dataclass(frozen=True, slots=True)
class ColumnQuestion:
    """header: as the sheet has it. name: what it is taken for; empty for nothing."""

    field: str
    header: str
    name: str


def is_mappable(invalid: Invalid) -> bool:
    """Whether a person who says what the columns are would help."""
    return all(problem.code in _MAPPABLE for problem in invalid.problems)


def ask_columns(headers: Sequence[str], upload: Upload) -> list[ColumnQuestion]:
    """Of those that are not clear; what was said before stands there, to be changed."""
    answers = {header: name for name, header in upload.mapping.items()}
    unclear = dict.fromkeys(header for header in (*answers, *headers) if header)
    return [
        ColumnQuestion(f"header-{at}", header, answers.get(header) or _find_name(header))
        for at, header in enumerate(list(unclear)[:HEADERS_MAX])
    ]


def list_columns() -> list[tuple[str, str]]:
    return [(name, REQUEST_COLUMNS.find_column(name).label) for name in COLUMN_NAMES]


def list_missing(headers: Sequence[str]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Columns that are needed and that all rows may say alike: name, label, choices."""
    present = {_find_name(header) for header in headers}
    return [
        (
            name,
            REQUEST_COLUMNS.find_column(name).label,
            [(each.value, LABELS[each]) for each in kind],
        )
        for name, kind in CHOICES.items()
        if name not in present
    ]


def read_columns(form: Form) -> tuple[dict[str, str], dict[str, str]]:
    """Headers by column name; what every row says. Raises Invalid where two are one column."""
    mapping: dict[str, str] = {}
    for at in range(HEADERS_MAX):
        header, name = form.get(f"header-{at}", ""), form.get(f"column-{at}", "")
        if name not in COLUMN_NAMES or not header or len(header) > HEADER_LENGTH_MAX:
            continue
        if name in mapping:
            label = REQUEST_COLUMNS.find_column(name).label
            headers = f"{mapping[name]}、{header}"
            raise COLUMNS_REPEATED.invalid(name, label=label, headers=headers)
        mapping[name] = header
    constants = {
        name: form[f"all-{name}"]
        for name, kind in CHOICES.items()
        if name not in mapping and form.get(f"all-{name}") in {each.value for each in kind}
    }
    return mapping, constants


def _find_name(header: str) -> str:
    """What its usual words say."""
    word = fold_header(header)
    named = (each.name for each in REQUEST_COLUMNS.columns if word in _list_words(each))
    return next((name for name in named if name in COLUMN_NAMES), "")


def _list_words(column: Column) -> set[str]:
    return {fold_header(word) for word in (*column.words.split(), column.name)}
