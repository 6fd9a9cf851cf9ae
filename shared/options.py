"""Options that commands of several services have, worded once."""

from pathlib import Path
from typing import Annotated

import typer

Caller = Annotated[str, typer.Option("--as", help="凭证 id of the credential to come in with")]
SheetFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".xlsx 或 CSV")]
SkippedRows = Annotated[
    int | None, typer.Option("--skip", min=0, help="表头之上的行数 rows above the header")
]
