"""`guanjia approvals`: who approves what, and a check of a file of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.tables import make_console, make_table
from services.intake.approvals.limits import COLUMNS, LimitRow, Limits, load_approvals
from services.intake.settings import IntakeSettings
from shared.contracts.values import LABELS, Category, Kind
from shared.errors import Invalid
from shared.money import format_yuan
from shared.settings import load_settings
from shared.villages import format_place

app = typer.Typer(help="审批权限表 Who approves what.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """列出审批权限，先符合的一行有效。Lists the rows; the first match counts."""
    settings = load_settings(IntakeSettings)
    table = make_table(*(column.label for column in COLUMNS.columns))
    for row in settings.approvals.rows:
        table.add_row(*_describe(row))
    for is_money in (True, False):
        table.add_row(*_describe(_make_usual(settings, is_money=is_money)))
    make_console().print(table)
    name = settings.approvals_file or "（未设置，按默认权限 none: the defaults）"
    typer.echo(f"文件 file: {name}（GUANJIA_APPROVALS_FILE）")


def _make_usual(settings: IntakeSettings, *, is_money: bool) -> LimitRow:
    limits = settings.rules.find_usual_limits(is_money=is_money)
    return LimitRow(frozenset(Kind), frozenset(Category), frozenset(), is_money, limits)


def _describe(row: LimitRow) -> tuple[str, ...]:
    kinds = (
        "全部" if row.kinds == frozenset(Kind) else "、".join(map(_find_label, sorted(row.kinds)))
    )
    is_any = row.categories == frozenset(Category)
    categories = "全部" if is_any else "、".join(map(_find_label, sorted(row.categories)))
    places = "、".join(_name(code) for code in sorted(row.area_codes)) or "全市"
    return kinds, categories, places, "元" if row.is_money else "件", *_format(row)


def _format(row: LimitRow) -> tuple[str, ...]:
    limits: Limits = row.limits
    numbers = (limits.opens, limits.village, limits.town, limits.city)
    return tuple(format_yuan(each) if row.is_money else f"{each:,}" for each in numbers)


def _find_label(word: str) -> str:
    return LABELS[word]


def _name(code: str) -> str:
    return format_place(code[:9], code if len(code) > 9 else None)


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".csv 或 .xlsx")],
) -> None:
    """检查一份自己的权限表。Checks a file before it is set as GUANJIA_APPROVALS_FILE."""
    try:
        table = load_approvals(file)
    except Invalid as error:
        for problem in error.problems:
            typer.echo(f"{problem.zh} {problem.en}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"可以使用 right: {len(table.rows)} 行 rows")
