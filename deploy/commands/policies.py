"""`guanjia policies`: which class has a right to what, and a check of a file of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.tables import make_console, make_table
from services.intake.settings import IntakeSettings
from shared.contracts.values import LABELS
from shared.errors import Invalid
from shared.policies import PACKAGED, load_policies
from shared.settings import load_settings

app = typer.Typer(help="救助政策表 Statutory policies by class.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """列出政策、适用类别和受理部门。Lists policies, who has a right to them, and who decides."""
    settings = load_settings(IntakeSettings)
    headers = (
        "代码 code",
        "政策 policy",
        "困难类别 classes",
        "诉求类别 categories",
        "受理部门",
        "天",
    )
    rows = make_table(*headers)
    for policy in settings.policies.rows:
        classes = "、".join(LABELS[each] for each in sorted(policy.classes))
        categories = "、".join(LABELS[each] for each in sorted(policy.categories))
        days = str(policy.answer_days)
        rows.add_row(policy.code, policy.zh, classes, categories, policy.department_zh, days)
    make_console().print(rows)
    typer.echo(f"文件 file: {settings.policies_file or PACKAGED}（GUANJIA_POLICIES_FILE）")


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".csv 或 .xlsx")],
) -> None:
    """检查一份自己的政策表。Checks a file before it is set as GUANJIA_POLICIES_FILE."""
    try:
        policies = load_policies(file)
    except Invalid as error:
        for problem in error.problems:
            typer.echo(f"{problem.zh} {problem.en}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"可以使用 right: {len(policies.rows)} 项政策 policies")
