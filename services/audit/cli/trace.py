"""`guanjia audit trace`: what a gift paid for."""

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.tree import Tree

from services.audit.cli.showing import WRONG, AsJson, console
from services.audit.cli.telling import Years, label, leaf, logs_of, readable
from services.audit.report.flow import EntryKey, TraceError, Use
from services.audit.report.reading import day_of
from services.audit.report.trace import Part, Trace, trace

USES: dict[Use, str] = {
    "spent": "已使用 spent",
    "promised": "已承诺未付 promised",
    "unspent": "尚未使用 unspent",
    "fee": "管理费 fees",
    "refunded": "已退回 refunded",
    "reversed": "已冲销 reversed",
}


def trace_donation(
    donation: Annotated[str, typer.Argument(metavar="DONATION", help="捐赠编号 the donation's id")],
    years: Years = None,
    as_json: AsJson = False,
) -> None:
    """一笔捐赠用到了哪里，逐分相符。What a gift paid for, to the fen."""
    try:
        with readable():
            found = trace(donation, logs_of(years))
    except TraceError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(WRONG) from None
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        console.print(_tree(found))


def _tree(found: Trace) -> Tree:
    tree = Tree(f"捐赠 donation [bold]{escape(found.donation)}[/]")
    for gift in found.gifts:
        received = (
            f"{day_of(gift.recorded_at)} 收到 received [bold]{gift.unit.said(gift.amount)}[/]"
        )
        tree.add(f"{received} → {_fund(found, gift.fund)} ({_leaf(gift.entry)})")
    for (unit, use), amount in found.totals().items():
        branch = tree.add(f"{USES[use]}: [bold]{escape(unit.said(amount))}[/]")
        for part in found.parts:
            if (part.unit, part.use) == (unit, use):
                branch.add(_line(found, part))
    return tree


def _line(found: Trace, part: Part) -> str:
    about = [escape(part.match or found.fund_names.get(part.fund, part.fund))]
    about += [escape(label(value)) for _, value in part.purpose]
    about += [_leaf(key) for key in part.entries]
    about += [
        f"经划转 via transfer, 依据 reference {escape(found.references[key])} ({_leaf(key)})"
        for key in part.via
    ]
    return f"{escape(part.unit.said(part.amount))}  {' · '.join(about)}"


def _fund(found: Trace, fund: str) -> str:
    return escape(f"{fund} {found.fund_names.get(fund, '')}".strip())


def _leaf(key: EntryKey) -> str:
    return escape(leaf(key))
