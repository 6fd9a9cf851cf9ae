"""`guanjia audit reversal`: an entry of the year that runs is undone, by two people."""

from typing import Annotated

import typer

from services.audit.cli.proposals import approve, propose, show

PATH = "/reversals"

app = typer.Typer(help="冲正：两人办理 Reversals, by two people.", no_args_is_help=True)


@app.command("propose")
def propose_reversal(
    log: Annotated[str, typer.Argument(help="账本，如 guanjia.local/log/2026 the log's origin")],
    index: Annotated[int, typer.Argument(min=0, help="条目号 the entry's number")],
    reference: Annotated[str, typer.Option(help="依据：更正单号 the document that allows it")],
) -> None:
    """提出冲正一条，由另一人批准。Proposes to undo an entry; another person approves it."""
    propose(PATH, "reversal approve", {"log": log, "index": index, "reference": reference})


@app.command("approve")
def approve_reversal(
    reversal: Annotated[str, typer.Argument(metavar="ID", help="冲正编号 its id")],
) -> None:
    """批准冲正，须为另一人。Undoes the entry that another person proposed to undo."""
    approve(PATH, reversal)


@app.command("list")
def list_reversals() -> None:
    """各次冲正。The reversals."""
    columns = ("原条目 entry", "基金 fund", "依据 reference", "提出、批准 maker, checker")
    show(
        PATH,
        columns,
        lambda each: (
            f"{each['reverses_log']} #{each['reverses']}",
            each["fund_id"],
            each["reference"],
            f"{each['maker']} {each['checker']}",
        ),
    )
