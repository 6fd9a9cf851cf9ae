"""What the commands of two people share: whose token they bring, and what became of a proposal.

Each brings `GUANJIA_TOKEN`, else the token that the stack made for a maker or a checker.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rich.markup import escape
from rich.table import Table

from services.audit.cli.showing import console

if TYPE_CHECKING:
    from shared.client import ServiceClient

ID_WIDTH = 22
STATES = {
    "proposed": "待批准 proposed",
    "open": "已开立 open",
    "approved": "已批准 approved",
    "declined": "已否决 declined",
}


def propose(path: str, command: str, body: Mapping[str, Any]) -> None:
    """The maker's part. command: what another person enters to approve it."""
    made = _audit("finance-maker").post(path, body)
    console.print(f"已提出 proposed: {escape(made['id'])}", soft_wrap=True)
    console.print(
        f"由另一人批准 another person approves it: guanjia audit {command} {escape(made['id'])}",
        soft_wrap=True,
    )


def approve(path: str, id_: str) -> None:
    """The checker's part."""
    done = _audit("finance-checker").post(f"{path}/{quote(id_, safe='')}/approve")
    console.print(f"{STATES[done['state']]}: {escape(done['id'])}", soft_wrap=True)


def show(
    path: str, columns: Sequence[str], row: Callable[[Mapping[str, Any]], Sequence[str]]
) -> None:
    """All there are. row: the cells of one after its id and state; ids are never cut."""
    table = Table()
    table.add_column("编号 id", no_wrap=True, min_width=ID_WIDTH)
    for title in ("状态 state", *columns):
        table.add_column(title, overflow="fold")
    for each in _audit("finance-maker").get(path)[path.strip("/")]:
        table.add_row(escape(each["id"]), STATES[each["state"]], *map(escape, row(each)))
    console.print(table)


def _audit(token_id: str) -> "ServiceClient":
    from shared.client import ServiceClient  # an offline auditor does not have it

    return ServiceClient("audit", token_id)
