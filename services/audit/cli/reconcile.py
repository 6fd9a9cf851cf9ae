"""`guanjia audit reconcile [STATEMENT.csv ...]`: pledge, bank and ledger side by side.

Without files, the bank is what the imported statements list. Files add those of their rows that are
not on the ledger. They change nothing there; intake learns the givers it does not know, for only
by his id is a row known to be a giver's.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import UNREADABLE, WRONG, console, report_unwritable
from services.audit.statements import parse_layout
from services.audit.statements.control_totals import (
    RowSums,
    TotalDifference,
    read_control_totals,
)
from services.audit.statements.files import Row, read_batches
from services.audit.statements.givers import Givers, Poster
from services.audit.statements.outcomes import find_outcomes, name_as_stored
from services.audit.statements.reconciliation import (
    AGES,
    KIND_TITLES,
    KINDS,
    TOTAL_TITLES,
    TOTALS,
    Gap,
)
from shared.documents import Document
from shared.errors import Invalid
from shared.money import format_yuan
from shared.sheets import RefusedRow
from shared.sheets.cells import guard_cell

THREE = ("pledged_fen", "listed_fen", "ledger_fen")
GAP_COLUMNS = ("kind", "age", "days", "id", "donor_id", "fund_id", "amount_fen", "since")
NAMED_MAX = 10_000


def print_reconciliation(
    files: Annotated[
        list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="流水 CSV")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="列映射 a TOML file of columns")
    ] = None,
    column: Annotated[list[str] | None, typer.Option(help="字段=列名 ours=theirs")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="每行相同 for every row")] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="与款项无关、不看的列 a column to ignore; repeatable")
    ] = None,
    source: Annotated[str, typer.Option(help="流水的来源 who publishes them")] = "/bank/demo",
    account: Annotated[str, typer.Option(help="哪个账户的流水 whose statement it is")] = "",
    show: Annotated[int, typer.Option(min=0, max=NAMED_MAX, help="显示的条数 gaps shown")] = 20,
    report: Annotated[
        Path | None, typer.Option(help="不符明细写入此 CSV writes the gaps there")
    ] = None,
    totals: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="公布的合计：对账单、日期、笔数、金额 published totals",
        ),
    ] = None,
    totals_column: Annotated[
        list[str] | None, typer.Option(help="合计表的字段=列名 ours=theirs of that sheet")
    ] = None,
) -> None:
    """认捐、流水、账本三方对账，按账龄列出不符。Pledge, bank and ledger side by side.

    Exits with 1 when bank and ledger, or rows and published totals, differ; with 2 when a file is
    no statement.
    """
    from shared.client import ServiceClient  # what only a running stack needs

    audit = ServiceClient("audit")
    summary = audit.get("/reconciliation", {"limit": NAMED_MAX if report else show})
    try:
        toml = mapping.read_bytes() if mapping else b""
        layout = parse_layout(toml, column or (), set_ or (), ignore or ()).of_account(account)
        read = read_batches(files, layout, Givers(ServiceClient("intake"))) if files else ()
        published = read_control_totals(totals.read_bytes(), totals_column or ()) if totals else []
        lost: list[Gap | RefusedRow] = []
        rows, sums = 0, RowSums()
        for batch in read:
            rows += len(batch.rows) + len(batch.refused)
            for row in batch.rows:
                sums.add(row.listed.statement, row.fact.received_at, row.fact.amount_fen)
            lost += _list_lost(audit, source, batch.rows, batch.refused)
    except Invalid as error:
        for problem in error.problems:
            console.print(f"[red]{problem.zh}[/] {escape(problem.en)}")
        raise typer.Exit(UNREADABLE) from None
    gaps = [each for each in lost if isinstance(each, Gap)]
    _add(summary, gaps)
    _show_checked(summary["checked"], rows if files else None)
    _show(summary, show, [each for each in lost if isinstance(each, RefusedRow)])
    if report:
        _write(report, summary["gaps"])
    differences = list(sums.compare(published))
    _show_differences(len(published), differences)
    if lost or differences or any(_differs(fund) for fund in summary["funds"]):
        raise typer.Exit(WRONG)


def _list_lost(
    audit: Poster, source: str, rows: Sequence[Row], refused: Sequence[RefusedRow]
) -> Iterator[Gap | RefusedRow]:
    """Rows that are not on the ledger; those it refused are among what it knows itself."""
    yield from refused
    rows = name_as_stored(audit, source, rows)
    for row, outcome in zip(rows, find_outcomes(audit, source, rows), strict=True):
        if outcome in ("unknown", "reused"):
            fact = row.fact
            where = f"{row.listed.statement} {row.listed.row}"
            party = (fact.donor_id, fact.fund_id)
            yield Gap("listed_not_on_ledger", where, *party, fact.amount_fen, fact.received_at)


def _add(summary: dict[str, Any], gaps: Sequence[Gap]) -> None:
    """To the service's own sums and lists, the files' rows first."""
    now = datetime.fromisoformat(summary["as_of"])
    funds = {fund["fund_id"]: fund for fund in summary["funds"]}
    for gap in gaps:
        cell = summary["ageing"][gap.kind][gap.find_age(now)]
        cell["count"] += 1
        cell["amount_fen"] += gap.amount_fen
        fund = funds.setdefault(gap.fund_id, _make_empty(gap.fund_id))
        fund["listed_fen"] += gap.amount_fen
        fund[f"{gap.kind}_fen"] += gap.amount_fen
    summary["funds"] = [funds[id_] for id_ in sorted(funds)]
    summary["gaps"] = [*(gap.to_json(now) for gap in gaps), *summary["gaps"]]


def _make_empty(fund_id: str) -> dict[str, object]:
    sums = (*TOTALS, *(f"{kind}_fen" for kind in KINDS))
    return {"fund_id": fund_id, **dict.fromkeys(sums, 0)}


def _differs(fund: Mapping[str, object]) -> bool:
    return bool(fund["listed_not_on_ledger_fen"] or fund["on_ledger_not_listed_fen"])


def _show_differences(compared: int, differences: Sequence[TotalDifference]) -> None:
    if compared:
        agreed = compared - len(differences)
        console.print(f"公布的合计 published totals: {compared} 项，相符 {agreed} agree")
    for each in differences:
        total = each.total
        where = f"{total.statement} {total.day or ''}".strip() or "全部 all"
        parts = [f"第 {total.line} 行 line {total.line}", escape(where)]
        if total.count not in (None, each.count):
            parts.append(f"公布 {total.count} 笔，各行 {each.count} 笔 rows")
        if total.amount_fen != each.amount_fen:
            stated, counted = format_yuan(total.amount_fen), format_yuan(each.amount_fen)
            off = format_yuan(total.amount_fen - each.amount_fen)
            parts.append(f"公布 published {stated}，各行 rows {counted}，差 off by {off}")
        console.print(f"[red]不符 differs[/] {'；'.join(parts)}", soft_wrap=True)


def _show_checked(checked: Mapping[str, int], rows: int | None) -> None:
    """rows: of the files given, those that are no gift's too."""
    parts = [f"认捐 {checked['pledges']} pledges", f"善款 {checked['gifts']} gifts"]
    parts += [f"流水 {rows} 行 statement rows"] if rows is not None else []
    console.print(f"已核对 checked: {'，'.join(parts)}")


def _show(summary: Document, show: int, refused: Sequence[RefusedRow]) -> None:
    console.print(_build_funds_table(summary["funds"]), _build_ageing_table(summary["ageing"]))
    for each in refused[:show]:
        for problem in each.problems:
            where = f"第 {each.line} 行 line {each.line}"
            console.print(f"{where}: {escape(problem.zh)} {escape(problem.en)}")
    gaps = _build_table(
        "编号 id", exact=("天 days", "金额 amount"), folded=("不符 kind", "基金 fund")
    )
    for gap in summary["gaps"][:show]:
        title, amount = " ".join(KIND_TITLES[gap["kind"]]), format_yuan(gap["amount_fen"])
        gaps.add_row(escape(gap["id"]), str(gap["days"]), amount, title, escape(gap["fund_id"]))
    if gaps.row_count:
        console.print(gaps)


def _build_funds_table(funds: Sequence[Document]) -> Table:
    """A sum that is zero throughout is left out unless it is one of the three."""
    columns = [n for n in TOTAL_TITLES if n in THREE or any(fund[n] for fund in funds)]
    table = _build_table("基金 fund", exact=[" ".join(TOTAL_TITLES[name]) for name in columns])
    for fund in funds:
        table.add_row(escape(fund["fund_id"]), *(format_yuan(fund[name]) for name in columns))
    return table


def _build_ageing_table(ageing: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Table:
    table = _build_table("不符 what does not match", exact=("天 days", "笔 count", "金额 amount"))
    for kind, title in KIND_TITLES.items():
        cells = [(age, ageing[kind][age]) for age in AGES if ageing[kind][age]["count"]]
        for age, cell in cells or [("", {"count": 0, "amount_fen": 0})]:
            table.add_row(" ".join(title), age, str(cell["count"]), format_yuan(cell["amount_fen"]))
    return table


def _build_table(first: str, exact: Sequence[str], folded: Sequence[str] = ()) -> Table:
    """What is exact is never cut short, however narrow the terminal."""
    table = Table()
    table.add_column(first, no_wrap=not exact or bool(folded))
    for name in exact:
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    for name in folded:
        table.add_column(name, overflow="fold")
    return table


def _write(target: Path, gaps: Sequence[Mapping[str, object]]) -> None:
    with report_unwritable(target), target.open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.DictWriter(file, GAP_COLUMNS)
        lines.writeheader()
        lines.writerows({name: _guard(cell) for name, cell in gap.items()} for gap in gaps)
    console.print(f"不符明细已写入 gaps: {escape(str(target))}")


def _guard(cell: object) -> object:
    """The name of a statement is whatever somebody called his file."""
    return guard_cell(cell) if isinstance(cell, str) else cell
