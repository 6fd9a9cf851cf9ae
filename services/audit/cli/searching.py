"""`guanjia audit find`: a gift by giver, fund, day, sum or reference, and what names a document."""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import WRONG, console
from services.audit.cli.proposals import ID_WIDTH, connect, parse_fen
from shared.documents import Document
from shared.money import format_yuan


def print_gifts(
    reference: Annotated[
        str, typer.Option(help="流水号、凭证号或文件编号 of the bank, a voucher, a document")
    ] = "",
    yuan: Annotated[str, typer.Option(help="金额，元 the amount")] = "",
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="从哪天 from")
    ] = None,
    to: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="到哪天 to, counted")
    ] = None,
    fund: Annotated[str, typer.Option(help="基金编号 the fund")] = "",
    giver: Annotated[str, typer.Option(help="捐赠人编号 P-… the giver's id")] = "",
    name: Annotated[
        str, typer.Option(help="捐赠人全名，查询会留痕 the giver's whole name; the look is logged")
    ] = "",
) -> None:
    """查找捐赠和凭证。Finds gifts, and what names a document or a line of the bank."""
    wanted: dict[str, object] = {
        "reference": reference,
        "fund_id": fund or None,
        "donor_id": giver or None,
        "donor_name": name,
        "amount_fen": parse_fen(yuan) if yuan else None,
        "from_day": f"{from_:%Y-%m-%d}" if from_ else None,
        "to_day": f"{to:%Y-%m-%d}" if to else None,
    }
    hits = connect("finance-maker").post("/gifts/search", wanted)["hits"]
    if not hits:
        console.print("没有找到 nothing was found")
        raise typer.Exit(WRONG)
    table = Table()
    table.add_column("编号 id", no_wrap=True, min_width=ID_WIDTH)
    table.add_column("金额 CNY", justify="right", no_wrap=True)
    table.add_column("是什么 what it is", overflow="fold")
    for each in hits:
        amount = each["goods"] or format_yuan(each["amount_fen"])
        table.add_row(escape(each["id"]), escape(amount), escape(_describe(each)))
    console.print(table)


def _describe(hit: Document) -> str:
    """In a few words: a narrow terminal cuts none of them."""
    from services.audit.gift_search import KIND_WORDS, STATE_WORDS  # an auditor has no database

    words = (KIND_WORDS[hit["kind"]], STATE_WORDS.get(hit["state"], (hit["state"], "")))
    names = (" ".join(pair) for pair in words)
    traits = (hit[name] for name in ("day", "fund_id", "reference", "path"))
    return " · ".join(filter(None, (*names, *traits)))
