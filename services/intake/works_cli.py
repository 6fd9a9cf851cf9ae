"""`guanjia import works FILE`: a sheet of regular work into the register.

Importing the same file again adds nothing. Exit codes as of `guanjia import requests`.
"""

import hashlib

import typer
from rich.console import Console

from services.intake.regular.registering import SheetWork, read_works
from shared.client import ServiceClient, ServiceError
from shared.errors import Invalid, Problem
from shared.options import Caller, SheetFile
from shared.sheets import RefusedRow, write_refused
from shared.sheets.printing import print_remarks, print_unread

app = typer.Typer(help="导入表格 Import spreadsheets.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group, so that it is mounted beside the other imports."""


@app.command("works")
def import_works(
    file: SheetFile,
    caller: Caller = "collector",
) -> None:
    """导入日常工作：托管机构、退役军人、服务计划、驿站、社工。Imports regular work."""
    console = Console()
    try:
        sheet = read_works(file.read_bytes())
    except Invalid as error:
        for problem in error.problems:
            console.print(f"[red]{problem.zh}[/] {problem.en}")
        raise typer.Exit(2) from None
    print_unread(console, sheet.table.unread)
    client, refused, registered = ServiceClient("intake", caller), [], 0
    for row in sheet:
        if isinstance(row, SheetWork):
            refusal = _post(client, row)
            registered += refusal is None
            if refusal is not None:
                refused.append(RefusedRow(row.line, row.original, (refusal,)))
        else:
            refused.append(row)
    console.print(f"已登记 {registered} 项，退回 {len(refused)} 行。registered, refused.")
    print_remarks(console, [(row.line, row.problems) for row in refused])
    if refused:
        target = file.with_suffix(".refused.csv")
        write_refused(target, sheet.table.headers, refused)
        console.print(f"被拒绝的行已写入 refused rows: {target}")
    if not registered:
        raise typer.Exit(1)


def _post(client: ServiceClient, row: SheetWork) -> Problem | None:
    """Why it was refused."""
    digest = hashlib.sha256("\x1f".join(row.original).encode()).hexdigest()[:32]
    try:
        client.post("/works", row.row.model_dump(mode="json", exclude_none=True), f"work-{digest}")
    except ServiceError as error:
        return Problem("work_refused", "", str(error), str(error))
    return None
