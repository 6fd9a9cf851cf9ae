"""`guanjia import donations FILE`: statements, published as the bank bridge would.

Givers go into intake's vault, the gifts onto the topic, signed; a row is done when audit knows that
it lists its gift. A file imported again adds nothing, nor does one that overlaps another.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.donations_dry_run import print_trial
from deploy.commands.donations_import import Import
from deploy.commands.donations_progress import ImportProgress
from deploy.commands.donations_report import (
    print_overlaps,
    print_refusals,
    print_totals,
    write_overlaps,
)
from services.audit.statements import Layout, parse_layout
from services.audit.statements.accounts import load_layout, save_layout
from services.audit.statements.layout import read_example
from services.audit.statements.trial import try_statement
from shared.client import ServiceClient, find_data_dir
from shared.errors import Invalid
from shared.options import SkippedRows


def _print_example(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(read_example())
        raise typer.Exit


def import_donations(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help=".xlsx 或 CSV")],
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="列映射 a TOML file of columns")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="字段=列名 FIELD=HEADER, such as amount=amount_cny")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="每行相同 a value for every row, such as fund_id=warm"),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="与款项无关、不看的列 a column to ignore; repeatable")
    ] = None,
    _: Annotated[
        bool,
        typer.Option(
            "--example-mapping",
            help="显示列映射样例 shows a complete mapping",
            callback=_print_example,
            is_eager=True,
        ),
    ] = False,
    skip: SkippedRows = None,
    source: Annotated[
        str, typer.Option(help="以哪个来源发布 the source to publish as")
    ] = "/bank/demo",
    account: Annotated[
        str, typer.Option(help="哪个账户的流水，不同账户的同额善款各算一笔 the statement's account")
    ] = "",
    bank_fund: Annotated[
        str,
        typer.Option(help="该账户的利息和手续费记入哪个基金 the fund of its interest and charges"),
    ] = "",
    apart: Annotated[
        bool,
        typer.Option(
            "--apart",
            help="疑似同一笔的已核对，是另外的善款 similar gifts are different ones",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="只读不导入：列出将入账的、被拒绝的和没有读的列 show, enter nothing",
        ),
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="重复行写入此 CSV writes the repeated rows there")
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="显示的行数 rows shown of each list")] = 20,
    within_s: Annotated[
        float, typer.Option(help="多久无进展即停 stop after so many seconds without progress")
    ] = 60,
) -> None:
    """导入银行或平台流水中的善款，列出被拒绝和重复的行。Imports donations from statements."""
    if report and not report.parent.is_dir():
        raise typer.BadParameter(
            f"没有文件夹 no such folder: {report.parent}", param_hint="--report"
        )
    layout = _read_layout(mapping, column or [], set_ or [], ignore or []).of_account(account)
    layout = layout.with_bank_fund(bank_fund)
    data_dir = find_data_dir()
    if layout.account and (remembered := load_layout(data_dir, layout.account)):
        layout = remembered.lay_over(layout)
    if dry_run:
        _try_files(files, layout, skip, show)
        return
    statements = Import(source, files, layout, within_s, skip, are_apart=apart)
    try:
        progress = asyncio.run(statements.run())
    except Invalid as error:
        raise _explain_unreadable(error) from None
    if layout.account:
        save_layout(data_dir, layout)
    if not _print_outcome(progress, show, report):
        raise typer.Exit(1)


def _print_outcome(progress: ImportProgress, show: int, report: Path | None) -> bool:
    """Whether every row is on the ledger as the files have it, and nobody is asked anything."""
    audit = ServiceClient("audit")
    is_equal = print_totals(progress, audit.get("/statements")["statements"])
    print_refusals(progress, show)
    print_overlaps(audit, list(progress.statements), show)
    if report:
        write_overlaps(audit, list(progress.statements), report)
    has_questions = progress.questions or progress.payments["asked"]
    return is_equal and not (progress.refused or has_questions or progress.unseen)


def _try_files(files: list[Path], layout: Layout, skip: int | None, show: int) -> None:
    """Exits with 1 where a row is refused, with 2 where a file is no statement."""
    refused = 0
    for file in files:
        try:
            trial = try_statement(file.read_bytes(), file.name, layout, skip=skip)
        except Invalid as error:
            raise _explain_unreadable(error) from None
        print_trial(trial, show)
        refused += len(trial.refused)
    if refused:
        raise typer.Exit(1)


def _read_layout(
    mapping: Path | None, columns: list[str], constants: list[str], ignored: list[str]
) -> Layout:
    try:
        toml = mapping.read_bytes() if mapping else b""
        return parse_layout(toml, columns, constants, ignored)
    except Invalid as error:
        raise _explain_unreadable(error) from None


def _explain_unreadable(error: Invalid) -> typer.Exit:
    for problem in error.problems:
        where = f"{problem.field}: " if problem.field else ""
        typer.echo(f"{where}{problem.zh} {problem.en}", err=True)
    return typer.Exit(2)
