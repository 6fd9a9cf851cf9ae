"""`guanjia audit disclose`: the figures of a period, and what must be disclosed by when."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from services.audit.cli.disclosed import markdown
from services.audit.cli.showing import AsJson
from services.audit.cli.telling import Years, logs_of, readable
from services.audit.report.disclosure import (
    MAJOR_FEN,
    Campaign,
    Period,
    PeriodError,
    duties,
    figures,
    figures_as_json,
    read_campaigns,
)
from shared.contracts.values import CHINA

_YUAN = 100


def disclose(
    period: Annotated[str, typer.Option(help="期间 2026、2026Q1 或 2026-01")],
    years: Years = None,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="以此日判断是否逾期 overdue as of; today"),
    ] = None,
    campaigns: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="募捐活动与项目 JSON: [{name, start, end, funds, kind: campaign|project}]",
        ),
    ] = None,
    major: Annotated[
        int, typer.Option(min=1, help="重大交易标准，元；以章程为准 yuan, as your charter says")
    ] = MAJOR_FEN // _YUAN,
    as_json: AsJson = False,
) -> None:
    """信息公开：各期数字与到期事项。Figures of a period, and the duties of disclosure."""
    asked, listed, major_fen = _period(period), _campaigns(campaigns), major * _YUAN
    day = today.date() if today else datetime.now(CHINA).date()
    with readable():
        found = figures(logs_of(years), asked, major_fen=major_fen)
    due = duties(found, listed, major_fen=major_fen)
    if as_json:
        said = figures_as_json(found, listed) | {
            "today": str(day),
            "major_fen": major_fen,
            "duties": [each.as_json(day) for each in due],
        }
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1))
    else:
        typer.echo(markdown(found, due, listed, day, major_fen))


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except PeriodError as error:
        raise typer.BadParameter(str(error)) from None


def _campaigns(file: Path | None) -> list[Campaign]:
    try:
        return read_campaigns(file) if file else []
    except ValidationError as error:
        raise typer.BadParameter(f"{file}: {error}") from None
