"""`guanjia audit export|trace|disclose`: the log for other programs, a gift's way, the figures."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.tree import Tree

from services.audit.cli.console import (
    WRONG,
    AsJson,
    Where,
    Years,
    console,
    open_logs,
    report_unreadable,
    report_unwritable,
)
from services.audit.exports.journal import Dialect, write_journal
from services.audit.exports.tables import write_table
from services.audit.ledger.accounts import Chart, ChartError, load_chart
from services.audit.ledger.published import day_of, open_log
from services.audit.reports.disclosure.counting import count_figures
from services.audit.reports.disclosure.duties import MAJOR_FEN, list_duties
from services.audit.reports.disclosure.figures import (
    Campaign,
    Period,
    PeriodError,
    describe_figures,
    parse_campaigns,
    read_campaigns,
)
from services.audit.reports.disclosure.markdown import format_code, format_leaf, render_markdown
from services.audit.reports.flow.gifts import EntryKey, TraceError, Use
from services.audit.reports.stores import read_stocks
from services.audit.reports.trace import Trace, TracedPart, trace
from shared.contracts.values import CHINA
from shared.documents import Document

Format = Literal["hledger", "ledger", "beancount", "csv", "parquet"]


def export(
    where: Where,
    format_: Annotated[Format, typer.Option("--format", help="格式 the program it is for")],
    out: Annotated[
        Path, typer.Option(help="文件或文件夹 a file, or a folder to put <log>.<format> in")
    ],
    chart: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="会计科目表 a chart of your own: codes, titles"
        ),
    ] = None,
) -> None:
    """导出账本：日记账或明细表。One year's log as a journal or as a table of legs."""
    if not out.parent.is_dir():
        raise typer.BadParameter(f"没有文件夹 no such folder: {out.parent}", param_hint="--out")
    try:
        with report_unreadable():
            log = open_log(where)
            file = out / f"{_make_file_name(log.origin)}.{format_}" if out.is_dir() else out
            with report_unwritable(file):
                entries = _write_export(where, format_, file, load_chart(chart))
    except ChartError as error:
        raise typer.BadParameter(str(error)) from None
    except ImportError:
        raise typer.BadParameter(
            "parquet 需要 pyarrow; parquet needs: pip install pyarrow"
        ) from None
    console.print(f"{escape(str(file))}: {entries} 条 entries")


def _write_export(where: str, format_: Format, out: Path, chart: Chart) -> int:
    if format_ in get_args(Dialect):
        return write_journal(where, format_, out, chart)  # type: ignore[arg-type]
    return write_table(where, format_, out, chart)  # type: ignore[arg-type]


def _make_file_name(origin: str) -> str:
    return re.sub(r"[^\w.-]+", "-", origin)


USES: dict[Use, str] = {
    "spent": "已使用 spent",
    "promised": "已承诺未付 promised",
    "unspent": "尚未使用 unspent",
    "fee": "管理费、银行手续费 fees, charges",
    "lost": "已核销 written off",
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
        with report_unreadable():
            traced = trace(donation, open_logs(years))
    except TraceError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(WRONG) from None
    if as_json:
        typer.echo(json.dumps(traced.to_json(), ensure_ascii=False, indent=1))
    else:
        console.print(_build_gift_tree(traced))
        console.print(
            "按到账先后计：先到的捐款先用。您收到的通知说的是哪项诉求与您对接，两者可以不同 "
            "in the order of arrival, first in, first out; a notice names the request that the "
            "donor was matched with, which another's money of the fund may have paid"
        )


def _build_gift_tree(traced: Trace) -> Tree:
    tree = Tree(f"捐赠 donation [bold]{escape(traced.donation)}[/]")
    for gift in traced.gifts:
        received = (
            f"{day_of(gift.recorded_at)} 收到 received [bold]{gift.unit.format(gift.amount)}[/]"
        )
        tree.add(f"{received} → {_format_fund(traced, gift.fund)} ({_name_leaf(gift.entry)})")
    for (unit, use), amount in traced.sum_totals().items():
        branch = tree.add(f"{USES[use]}: [bold]{escape(unit.format(amount))}[/]")
        for part in traced.parts:
            if (part.unit, part.use) == (unit, use):
                branch.add(_format_part(traced, part))
    return tree


def _format_part(traced: Trace, part: TracedPart) -> str:
    about = [escape(part.match or traced.fund_names.get(part.fund, part.fund))]
    about += [escape(format_code(value)) for _, value in part.purpose]
    about += [_name_leaf(key) for key in part.entries]
    about += [
        f"经划转 via transfer, 依据 reference {escape(traced.references[key])} ({_name_leaf(key)})"
        for key in part.via
    ]
    return f"{escape(part.unit.format(part.amount))}  {' · '.join(about)}"


def _format_fund(traced: Trace, fund: str) -> str:
    return escape(f"{fund} {traced.fund_names.get(fund, '')}".strip())


def _name_leaf(key: EntryKey) -> str:
    return escape(format_leaf(key))


_YUAN = 100
WORK_UNREAD = (
    "没有读到走访和服务的数字，报告里没有这一节 · no figures of visits and services were read: the "
    "report has no such section"
)
STOCKS_UNREAD = (
    "没有读到物资的价值和存放地点，报告里没有这两节 · value and places of goods were not read: the "
    "report has no such sections"
)
CAMPAIGNS_UNREAD = (
    "未能读取专项行动：它们的到期事项不在内，可用 --campaigns 给出 · "
    "no campaigns were read, so their duties are missing: name them by --campaigns"
)


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
            help="募捐活动与项目 JSON: [{name, start, end, funds, kind: campaign|project}]；"
            "不给则问 matching without it, matching's",
        ),
    ] = None,
    major: Annotated[
        int, typer.Option(min=1, help="重大交易标准，元；以章程为准 yuan, as your charter says")
    ] = MAJOR_FEN // _YUAN,
    as_json: AsJson = False,
) -> None:
    """信息公开：各期数字与到期事项。Figures of a period, and the duties of disclosure."""
    days, listed, major_fen = _parse_period(period), _read_campaigns(campaigns), major * _YUAN
    day = today.date() if today else datetime.now(CHINA).date()
    with report_unreadable():
        figures = count_figures(open_logs(years), days, major_fen=major_fen)
    due = list_duties(figures, listed, major_fen=major_fen)
    work, stocks = _ask_work(days), _ask_stocks()
    if as_json:
        report = describe_figures(figures, listed) | {
            "off_book": work,
            "stocks": stocks,
            "today": str(day),
            "major_fen": major_fen,
            "duties": [each.to_json(day) for each in due],
        }
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        typer.echo(render_markdown(figures, due, listed, day, major_fen, work, stocks))


def _parse_period(text: str) -> Period:
    try:
        return Period.parse(text)
    except PeriodError as error:
        raise typer.BadParameter(str(error)) from None


def _read_campaigns(file: Path | None) -> list[Campaign]:
    if file is None:
        return _ask_campaigns()
    try:
        return read_campaigns(file)
    except ValidationError as error:
        raise typer.BadParameter(f"{file}: {error}") from None


def _ask_work(period: Period) -> list[Document]:
    """Intake's visits and services, where it runs here: they stand on no log."""
    days = {"since": period.start.isoformat(), "until": period.end.isoformat()}
    try:
        from shared.client import ServiceClient, ServiceError
    except ImportError:  # an auditor with the base dependencies alone
        typer.echo(WORK_UNREAD, err=True)
        return []
    try:
        return list(ServiceClient("intake").get("/works/figures", days)["works"])
    except ServiceError as error:
        typer.echo(f"{WORK_UNREAD}\n{error}", err=True)
        return []


def _ask_stocks() -> list[Document]:
    """What lies in store today, valued: the log has the numbers alone."""
    try:
        from shared.client import ServiceClient, ServiceError
    except ImportError:  # an auditor with the base dependencies alone
        typer.echo(STOCKS_UNREAD, err=True)
        return []
    try:
        return [each for each in read_stocks(ServiceClient("audit")) if each["in_stock"]]
    except ServiceError as error:
        typer.echo(f"{STOCKS_UNREAD}\n{error}", err=True)
        return []


def _ask_campaigns() -> list[Campaign]:
    """Matching's, where it runs here. Who only has the log is told that none were read."""
    try:
        from shared.client import ServiceClient, ServiceError
    except ImportError:  # an auditor with the base dependencies alone
        typer.echo(CAMPAIGNS_UNREAD, err=True)
        return []
    try:
        return parse_campaigns(ServiceClient("matching").get("/campaigns")["campaigns"])
    except ServiceError as error:
        typer.echo(f"{CAMPAIGNS_UNREAD}\n{error}", err=True)
        return []
