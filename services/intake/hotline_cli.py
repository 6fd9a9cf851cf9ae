"""`guanjia import hotline FILE`: the 12345 hotline's export of tickets, into the inbox.

The same ticket again is the same message. Exit codes as of `import requests`.
"""

from collections import Counter
from typing import Annotated

import typer
from rich.console import Console

from services.intake.channels.hotline import HOTLINE_COLUMNS, Ticket, read_tickets
from shared.client import ServiceClient
from shared.errors import Invalid, Problem
from shared.options import Caller, SheetFile, SkippedRows
from shared.sheets import RefusedRow, open_sheet, write_refused
from shared.sheets.printing import print_remarks

BATCH_ROWS = 100
DECISIONS = {"kept": "已收进来信 kept", "known": "以前已收 known", "fit": "可以导入 fit"}

app = typer.Typer(help="导入热线工单 Import tickets.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group, so that it can be mounted."""


@app.command("hotline")
def import_hotline(
    file: SheetFile,
    skip: SkippedRows = None,
    caller: Caller = "operator",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只检查，不导入 check, import nothing")
    ] = False,
) -> None:
    """导入12345热线工单：原样保存，进入各镇街的来信。Imports the hotline's tickets."""
    console, content = Console(), file.read_bytes()
    try:
        rows = list(read_tickets(content, skip))
    except Invalid as error:
        for problem in error.problems:
            console.print(f"[red]{problem.zh}[/] {problem.en}")
        raise typer.Exit(2) from None
    refused = [row for row in rows if isinstance(row, RefusedRow)]
    tickets = [row for row in rows if isinstance(row, Ticket)]
    decisions: Counter[str] = Counter()
    if dry_run:
        decisions["fit"] = len(tickets)
    else:
        _post(ServiceClient("intake", caller), tickets, decisions, refused)
    for decision, count in sorted(decisions.items()):
        console.print(f"{DECISIONS[decision]}: {count}")
    print_remarks(console, [(row.line, row.problems) for row in refused])
    if refused:
        header = open_sheet(content).find_table(HOTLINE_COLUMNS, skip).headers
        target = file.with_suffix(".refused.csv")
        write_refused(target, header, refused)
        console.print(f"被拒绝的行已写入 refused rows: {target}")
    if not decisions:
        raise typer.Exit(1)


def _post(
    client: ServiceClient,
    tickets: list[Ticket],
    decisions: Counter[str],
    refused: list[RefusedRow],
) -> None:
    for start in range(0, len(tickets), BATCH_ROWS):
        batch = tickets[start : start + BATCH_ROWS]
        body = [
            {
                "number": each.number,
                "text": each.text,
                "town_code": each.town_code,
                "phone": each.phone,
                "urgent": each.urgent,
                "fields": each.fields,
            }
            for each in batch
        ]
        for ticket, answer in zip(
            batch, client.post("/messages/tickets", body)["answers"], strict=True
        ):
            if "decision" in answer:
                decisions[answer["decision"]] += 1
                continue
            problems = tuple(Problem(**each) for each in answer["problems"])
            original = tuple(ticket.fields.values())
            refused.append(RefusedRow(ticket.line, original, problems))
