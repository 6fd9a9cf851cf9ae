"""`guanjia catalogue`: the items that we know, a check of a file of one's own, and what
people wrote that is in none."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.tables import make_console, make_table
from shared.catalogue import PACKAGED, Catalogue, load_catalogue
from shared.client import ServiceClient
from shared.contracts.values import LABELS
from shared.errors import Invalid
from shared.settings import Settings, load_settings

app = typer.Typer(help="物品目录 Catalogue of items.", no_args_is_help=True)
Text = Annotated[str, typer.Argument(help="名称、别名或单位 part of a name, synonym or unit")]


@app.command("list")
def list_(text: Text = "") -> None:
    """列出物品、单位、别名和替代品。Lists items with units, synonyms and substitutes."""
    settings = load_settings(Settings)
    headers = ("物品 item", "单位 unit", "类别 category", "别名 synonyms", "单位别名", "可替代")
    rows = make_table(*headers)
    for entry in settings.catalogue.entries:
        synonyms, units = "、".join(entry.synonyms), "、".join(entry.unit_synonyms)
        cells = (entry.name, entry.unit, _format_category(entry.category), synonyms, units)
        if text in "".join(cells):
            rows.add_row(*cells, "、".join(entry.substitutes))
    make_console().print(rows)
    typer.echo(f"文件 file: {settings.catalogue_file or PACKAGED}（GUANJIA_CATALOGUE_FILE）")


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".csv 或 .xlsx")],
) -> None:
    """检查一份自己的目录文件。Checks a file before it is set as GUANJIA_CATALOGUE_FILE."""
    try:
        catalogue = load_catalogue(file)
    except Invalid as error:
        for problem in error.problems:
            typer.echo(f"{problem.zh} {problem.en}", err=True)
        raise typer.Exit(1) from None
    _say_difference(catalogue)


def _say_difference(catalogue: Catalogue) -> None:
    names = {entry.name for entry in catalogue.entries}
    missing = {entry.name for entry in load_catalogue().entries} - names
    typer.echo(f"可以使用 right: {len(names)} 种物品 items, {len(catalogue.units)} 个单位 units")
    if missing:
        typer.echo(f"随附目录中有而此文件没有 installed, not here: {'、'.join(sorted(missing))}")


@app.command("suggest")
def suggest(
    caller: Annotated[
        str, typer.Option("--as", help="凭证 credential id: a collector or approver")
    ] = "collector",
) -> None:
    """列出目录不认识的写法，供增补。Lists what people wrote that the catalogue does not know."""
    items = ServiceClient("intake", caller).get("/catalogue/unknown")["items"]
    if not items:
        typer.echo("没有 none")
        return
    rows = make_table("所写 written", "类别 category", "暂作 taken for", "次数 count")
    for each in items:
        rows.add_row(each["written"], each["category_zh"], each["item"], str(each["count"]))
    make_console().print(rows)
    typer.echo(
        "增补：复制目录文件，加一行或一个别名，guanjia catalogue check FILE，"
        "再设 GUANJIA_CATALOGUE_FILE 并重启 intake、matching。"
        "Copy the file, add a row or synonym, check it, set it and restart both services."
    )


def _format_category(category: object) -> str:
    return LABELS.get(str(category), "") if category else ""
