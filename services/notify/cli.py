"""`guanjia notices`: who was notified of what, and unclear notices resolved by a person."""

import csv
import sys
from datetime import datetime
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Column, Table

from services.notify.model import ProviderName
from services.notify.previews import FIELDS
from shared.client import ServiceClient
from shared.contracts.values import CHINA
from shared.documents import Document
from shared.money import format_yuan

Verdict = Literal["sent", "failed", "resend"]
OPERATOR = "operator"

app = typer.Typer(help="通知 Notices.", no_args_is_help=True)


@app.command("list")
def print_notices(
    state: Annotated[str | None, typer.Option(help="状态，如 unknown")] = None,
    person_id: Annotated[str | None, typer.Option(help="人员编号")] = None,
    case: Annotated[str | None, typer.Option(help="诉求编号或六位尾号 a case")] = None,
    purpose: Annotated[str | None, typer.Option(help="目的，如 request_opened")] = None,
    day: Annotated[str | None, typer.Option(help="日期，如 2026-05-20")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """列出通知，最新的在前。Lists notices, newest first."""
    filters = {"state": state, "person_id": person_id, "case": case}
    filters |= {"purpose": purpose, "day": day, "limit": str(limit)}
    params = {name: value for name, value in filters.items() if value is not None}
    headings = ("编号 id", "状态 state", "渠道 channel", "目的 purpose", "代码 code", "时间 at")
    table = Table(*(Column(heading, overflow="fold") for heading in headings))
    table.columns[0].width = ID_WIDTH
    for notice in _open_client().get("/notices", params):
        cells = (str(notice[name] or "") for name in _COLUMNS)
        table.add_row(*cells, _format_clock(notice["created_at"]))
    Console().print(table)


@app.command("thread")
def print_thread(
    case: Annotated[str, typer.Argument(help="诉求编号，或通知里的六位尾号")],
) -> None:
    """一件诉求的全部通知，按先后排列。All notices of one case, in their order."""
    notices = _open_client().get("/notices", {"case": case, "limit": str(THREAD_MAX)})
    headings = ("时间 at", "目的 purpose", "给谁 to", "状态 state", "每次发送 attempts")
    table = Table(*(Column(heading, overflow="fold") for heading in headings))
    for notice in reversed(notices):
        attempts = "\n".join(_format_attempt(each) for each in notice["attempts"])
        at = _format_clock(notice["created_at"])
        cells = (at, notice["purpose"], notice["person_id"], notice["state"], attempts)
        table.add_row(*cells)
    console = Console()
    console.print(table)
    if len(notices) == THREAD_MAX:
        console.print(f"只显示最近的 {THREAD_MAX} 条。The newest {THREAD_MAX} alone.")


def _format_attempt(attempt: Document) -> str:
    outcome = attempt["receipt"] or attempt["outcome"] or "sending"
    return f"{_format_clock(attempt['claimed_at'])} {attempt['provider']} {outcome}"


def _format_clock(text: str) -> str:
    """In China."""
    return f"{datetime.fromisoformat(text).astimezone(CHINA):%m-%d %H:%M}"


@app.command("waiting")
def print_waiting() -> None:
    """等人处理的：没看懂的来信、结果不明的通知、要打的电话。What waits for a person."""
    page = ServiceClient("intake", OPERATOR).get("/messages", {"state": "unread", "limit": 1})
    counts = _open_client().get("/summary")
    rows = (
        ("没有看懂的来信 messages to read", page["total"], "guanjia inbox list"),
        ("其中紧急 of them urgent", page["urgent"], "guanjia inbox list"),
        ("结果不明的通知 unclear", counts["by_outcome"].get("unknown", 0), "guanjia notices list"),
        ("要打的电话 calls to make", counts["calls"], "/notify/calls"),
    )
    table = Table("等什么 what", "几项 how many", "在哪里 where")
    for what, count, where in rows:
        table.add_row(what, str(count), where)
    Console().print(table)


@app.command("templates")
def print_templates(
    provider: Annotated[ProviderName, typer.Argument(help="tencent | aliyun | wechat")],
    missing: Annotated[bool, typer.Option("--missing", help="只列尚未报批的")] = False,
) -> None:
    """向服务商报批的模板，CSV。Texts to register with a provider, with the ids used now, as CSV."""
    lines = csv.writer(sys.stdout)
    lines.writerow(heading for heading, _ in REGISTERED)
    for row in _open_client().get(f"/templates/{provider}"):
        if missing and row["is_approved"]:
            continue
        approved = "是 yes" if row["is_approved"] else "否 no"
        lines.writerow({**row, "is_approved": approved}[name] for _, name in REGISTERED)


REGISTERED = (
    ("通知 template", "template"),
    ("语言 language", "language"),
    ("签名或标题 title", "title"),
    ("内容 text", "text"),
    ("变量 variables", "variables"),
    ("现用编号 id", "id"),
    ("已报批 approved", "is_approved"),
)
THREAD_MAX = 500
ID_WIDTH = len("N-") + 20
"""So that an id stands in one line, and is copied whole."""
_COLUMNS = ("id", "state", "channel", "purpose", "code")


@app.command()
def show(notice_id: str) -> None:
    """显示一条通知及每次发送。Shows a notice and its attempts."""
    Console().print_json(data=_open_client().get(f"/notices/{notice_id}"))


@app.command("summary")
def print_summary() -> None:
    """按渠道、结果、目的统计。Sums by channel, outcome and purpose."""
    Console().print_json(data=_open_client().get("/summary"))


@app.command("rates")
def print_rates(
    days: Annotated[int, typer.Option(min=1, max=92, help="最近几天")] = 30,
) -> None:
    """送达率和费用，按运营商和目的。What arrived and what it cost, by provider and purpose."""
    headings = [
        *("运营商 provider", "目的 purpose", "次数 calls", "已接收 accepted", "送达 arrived"),
        *("未送达 failed", "不明 unclear", "送达率 %", "费用 yuan"),
    ]
    table = Table(*(Column(heading, overflow="fold") for heading in headings))
    for rate in _open_client().get("/rates", {"days": str(days)}):
        ended = rate["arrived"] + rate["failed"]
        percent = f"{100 * rate['arrived'] / ended:.1f}" if ended else "—"
        figures = (
            str(rate[name]) for name in ("calls", "accepted", "arrived", "failed", "unclear")
        )
        cost = format_yuan(round(rate["cost_fen"]))
        table.add_row(rate["provider"], rate["purpose"], *figures, percent, cost)
    Console().print(table)


@app.command()
def preview(
    purpose: Annotated[
        str | None, typer.Argument(help="如 match_proposed，英文 match_proposed.en；不填则列出全部")
    ] = None,
) -> None:
    """预览一种通知：示例、字数、条数、价格。Shows a notice as an example, its length and price."""
    if purpose is None:
        _print_wordings()
        return
    view = _open_client().get(f"/wordings/{purpose}/preview")
    typer.echo(view["text"])
    typer.echo(
        f"{view['units']} 字 units · {view['segments']} 条 SMS · {view['price_fen']:.1f} 分 fen"
    )
    typer.echo(f"微信 WeChat: {view['title']}")
    for name, value in view["fields"]:
        chinese, english = FIELDS[name]
        typer.echo(f"  {chinese} {english}: {value}")


def _print_wordings() -> None:
    headings = ("目的 purpose", "进展 status", "条 SMS", "分 fen")
    table = Table(*(Column(heading, overflow="fold") for heading in headings))
    for line in _open_client().get("/wordings"):
        figures = (str(line["segments"]), f"{line['price_fen']:.1f}")
        table.add_row(line["purpose"], line["status"], *figures)
    Console().print(table)


@app.command()
def resolve(
    notice_id: str,
    verdict: Annotated[Verdict, typer.Argument(help="sent 已发出 | failed 未发出 | resend 重发")],
    message_id: Annotated[
        str | None, typer.Option(help="运营商流水号 the provider's message id, with sent")
    ] = None,
) -> None:
    """为结果不明的通知作出结论。Says what became of an unclear notice."""
    body: dict[str, str | None] = {"verdict": verdict, "provider_message_id": message_id}
    answer = _open_client().post(f"/notices/{notice_id}/resolve", body)
    Console().print(f"{answer['id']}: {answer['state']}")


def _open_client() -> ServiceClient:
    return ServiceClient("notify", OPERATOR)
