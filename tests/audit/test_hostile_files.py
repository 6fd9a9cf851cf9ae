"""Every file of the labelled set becomes what its label says, and nothing else."""

import pytest

from services.audit.statements import Gift, parse_layout, read_statement
from services.audit.statements.bank_rows import BankRow
from shared.errors import Invalid
from shared.money import format_yuan
from shared.sheets import RefusedRow
from tests.audit.hostile_files import FILES, REFUSED, HostileFile

FILES_MIN = 250


def describe_row(row: Gift | RefusedRow) -> str:
    match row:
        case Gift():
            return f"{format_yuan(row.fact.amount_fen)} {row.giver['name']} {row.reference}"
        case BankRow():
            what = row.stated.own_kind or ("undone" if row.stated.undone else row.stated.direction)
            return f"{what} {format_yuan(row.stated.amount_fen)}"
        case _:
            return REFUSED


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_becomes_what_its_label_says(file: HostileFile) -> None:
    layout = parse_layout(columns=file.columns, constants=("fund_id=warm",))
    try:
        rows = tuple(map(describe_row, read_statement(file.content, "bank.csv", layout)))
        refused = ""
    except Invalid as invalid:
        rows, refused = (), invalid.problems[0].code
    assert (rows, refused) == (file.rows, file.refused)


def test_the_set_is_as_large_as_it_is_said_to_be() -> None:
    assert len(FILES) >= FILES_MIN
