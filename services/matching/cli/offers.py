"""`guanjia import offers FILE`: givers into intake's vault, their offers into matching.

Importing the same file again adds nothing.
"""

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.matching.spreadsheet import SheetOffer, read_offers
from shared.client import ServiceClient
from shared.documents import Document
from shared.errors import Invalid, Problem
from shared.ids import make_id
from shared.options import SheetFile, SkippedRows
from shared.sheets import RefusedRow, write_refused
from shared.sheets.printing import print_remarks, print_unread

BATCH_ROWS = 200
GIVERS_PER_CALL = 100
"""Intake's `parties_per_call`."""

app = typer.Typer(help="导入表格 Import spreadsheets.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group, so that other spreadsheets can be mounted beside offers."""


@app.command("offers")
def import_offers(
    file: SheetFile,
    skip: SkippedRows = None,
) -> None:
    """导入爱心资源表格；被拒绝的行写入 FILE.refused.csv。Imports offers."""
    console = Console()
    try:
        sheet = read_offers(file.read_bytes(), skip)
    except Invalid as error:
        for problem in error.problems:
            console.print(f"[red]{problem.zh}[/] {problem.en}")
        raise typer.Exit(2) from None
    rows = list(sheet)
    good = [row for row in rows if isinstance(row, SheetOffer)]
    refused = [row for row in rows if isinstance(row, RefusedRow)]
    refused += import_rows(
        ServiceClient("intake", "collector"), ServiceClient("matching", "collector"), good, console
    )
    refused.sort(key=lambda row: row.line)
    print_unread(console, sheet.table.unread)
    print_remarks(console, [(row.line, row.remarks) for row in good])
    _print_outcome(console, len(rows), refused)
    if refused:
        target = file.with_suffix(".refused.csv")
        write_refused(target, sheet.table.headers, refused)
        console.print(f"被拒绝的行已写入 refused rows: {target}")
        raise typer.Exit(1)


def import_rows(
    intake: ServiceClient, matching: ServiceClient, rows: Sequence[SheetOffer], console: Console
) -> list[RefusedRow]:
    """Those that the services refused."""
    refused: list[RefusedRow] = []
    donors: dict[str, str] = {}
    with Progress(console=console) as progress:
        task = progress.add_task("导入 importing", total=len(rows))
        for start in range(0, len(rows), BATCH_ROWS):
            batch = rows[start : start + BATCH_ROWS]
            rejected = _register_givers(intake, batch, donors)
            keyed = [(row, _make_giver_key(row)) for row in batch]
            refused += [
                RefusedRow(row.line, row.original, rejected[key])
                for row, key in keyed
                if key in rejected
            ]
            good = [(row, donors[key]) for row, key in keyed if key in donors]
            refused += _post_offers(matching, good, console)
            progress.advance(task, len(batch))
    return refused


def _make_giver_key(row: SheetOffer) -> str:
    """The same giver in another row, or another file, is the same."""
    return make_id("party", *(f"{k}={v}" for k, v in sorted(row.giver.items())))


def _register_givers(
    intake: ServiceClient, batch: Sequence[SheetOffer], donors: dict[str, str]
) -> dict[str, tuple[Problem, ...]]:
    """In few calls for all their givers: adds their ids to `donors`, returns those refused."""
    new = {key: row.giver for row in batch if (key := _make_giver_key(row)) not in donors}
    body = [{"idempotency_key": key, "party": giver} for key, giver in new.items()]
    answers: list[Document] = []
    for start in range(0, len(body), GIVERS_PER_CALL):
        portion = body[start : start + GIVERS_PER_CALL]
        answers += intake.post("/parties/batch", portion)["answers"]
    answered = dict(zip(new, answers, strict=True))
    donors |= {key: row["person_id"] for key, row in answered.items() if not row.get("problems")}
    return {key: _read_problems(row) for key, row in answered.items() if row.get("problems")}


def _post_offers(
    matching: ServiceClient, batch: Sequence[tuple[SheetOffer, str]], console: Console
) -> list[RefusedRow]:
    """What will not be matched for now is imported, and said."""
    body = [
        {"idempotency_key": row.key, "offer": row.offer | {"donor_id": donor_id}}
        for row, donor_id in batch
    ]
    answers: list[Document] = matching.post("/offers/batch", body)["answers"]
    for (row, _), answer in zip(batch, answers, strict=True):
        for warning in answer.get("warnings", ()):
            console.print(f"第{row.line}行 line {row.line}: {warning['zh']} {warning['en']}")
    return [
        RefusedRow(row.line, row.original, _read_problems(answer))
        for (row, _), answer in zip(batch, answers, strict=True)
        if answer.get("problems")
    ]


def _read_problems(answer: Document) -> tuple[Problem, ...]:
    return tuple(Problem(**problem) for problem in answer["problems"])


def _print_outcome(console: Console, total: int, refused: Sequence[RefusedRow]) -> None:
    console.print(f"已导入 imported: {total - len(refused)}；被拒绝 refused: {len(refused)}")
    if not refused:
        return
    table = Table("行 line", "字段 field", "原因", "reason")
    for row in refused:
        for problem in row.problems:
            table.add_row(str(row.line), problem.field, problem.zh, problem.en)
    console.print(table)
