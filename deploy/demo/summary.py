"""The end of the demo: the same figures as tables for people and as JSON for machines."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.checks import Check
from deploy.demo.figures import Figures, Json
from deploy.local.stack import Stack
from services.intake.views import STATE_LABELS as REQUEST_LABELS
from services.matching.model.labels import STATE_LABELS as MATCH_LABELS
from shared.contracts.values import LABELS
from shared.documents import Document
from shared.money import format_yuan

LEDGER = {
    "received_fen": "到账 received",
    "committed_fen": "已承诺 committed",
    "obligated_fen": "确认应付 due",
    "spent_fen": "银行已付 paid",
    "returned_fen": "退汇 came back",
    "released_fen": "已释放 released",
    "remaining_fen": "可用 remaining",
}
NOTICE_LABELS = {
    "delivered": "已送达",
    "sent": "已发出，待回执",
    "failed": "未能送达",
    "unknown": "结果不明",
    "created": "待发送",
    "sending": "发送中",
    "retry": "待重试",
    "bundled": "合并发送",
    "cancelled": "已有新进展，未发",
    "sms": "短信",
    "wechat": "微信",
    "none": "没有发送",
}


def build_summary(
    figures: Figures, checks: Iterable[Check], seconds: float, campaign: Json | None = None
) -> dict[str, object]:
    requests, audit = figures.intake["requests"], figures.audit
    wrong = [check for check in checks if not check.holds]
    return {
        "requests": {name: requests[name] for name in ("by_state", "by_channel")},
        "matches": {"by_state": figures.matching["matches"]["by_state"]},
        "notifications": {name: figures.notify[name] for name in ("by_channel", "by_outcome")},
        "campaign": campaign,
        "ledger": {name: audit[name] for name in (*LEDGER, "size", "root", "vkey", "log_dir")},
        "seconds": round(seconds, 1),
        "differences": [
            {"what": c.title, "expected": c.expected, "found": c.actual} for c in wrong
        ],
    }


def print_summary(console: Console, summary: Document, checks: list[Check], stack: Stack) -> None:
    console.print()
    _print_counts(console, "诉求 requests", summary["requests"]["by_state"], REQUEST_LABELS)
    _print_counts(console, "征集渠道 channels", summary["requests"]["by_channel"], LABELS)
    _print_counts(console, "对接 matches", summary["matches"]["by_state"], MATCH_LABELS)
    notices = summary["notifications"]
    _print_counts(console, "通知结果 notices by outcome", notices["by_outcome"], NOTICE_LABELS)
    _print_counts(console, "通知渠道 notices by channel", notices["by_channel"], NOTICE_LABELS)
    _print_campaign(console, summary["campaign"])
    _print_ledger(console, summary["ledger"], stack)
    print_verdict(console, checks)
    console.print(f"用时 took {summary['seconds']} s", soft_wrap=True)


def _print_counts(
    console: Console, title: str, counts: Mapping[str, int], labels: Mapping[Any, str]
) -> None:
    named = (f"{labels.get(k, k)} {k} [bold]{n:,}[/]" for k, n in counts.items())
    console.print(f"[cyan]{title}[/]: {' · '.join(named)}", soft_wrap=True)


def _print_campaign(console: Console, report: Document | None) -> None:
    if report is None:
        return
    money, donors = report["money"], report["donors"]
    classes = " · ".join(
        f"{name} {count:,}" for name, count in report["requests"]["by_class_zh"].items()
    )
    console.print(
        f"[cyan]专项行动 campaign[/]: {report['campaign']['name']} · "
        f"微心愿 [bold]{report['requests']['total']:,}[/] wishes ({classes}) · "
        f"企业 [bold]{donors['pledged']}[/] enterprises · "
        f"认捐 CNY [bold]{format_yuan(money['pledged_fen'])}[/] pledged · "
        f"已确认 {format_yuan(money['confirmed_fen'])} confirmed · "
        f"余额 {format_yuan(money['budget_left_fen'])} left",
        soft_wrap=True,
    )


def _print_ledger(console: Console, ledger: Document, stack: Stack) -> None:
    table = Table(*LEDGER.values(), title="专项基金 the fund, CNY", title_justify="left")
    for column in table.columns:
        column.justify = "right"
    table.add_row(*(format_yuan(ledger[name]) for name in LEDGER))
    console.print(table)
    console.print(f"账本 log: {ledger['size']} 条 entries, root {ledger['root']}", soft_wrap=True)
    checkpoint = Path(ledger["log_dir"], "checkpoint")
    console.print(f"检查点 checkpoint {checkpoint}:", soft_wrap=True)
    console.print(checkpoint.read_text().strip(), style="dim", soft_wrap=True, markup=False)
    console.print(
        f"核验 verify: guanjia audit verify {ledger['log_dir']} --vkey '{ledger['vkey']}'",
        soft_wrap=True,
        markup=False,
    )
    console.print(f"日志 logs: {stack.log_dir}", soft_wrap=True)


def print_verdict(console: Console, checks: list[Check]) -> None:
    """What does not agree, or that all does."""
    wrong = [check for check in checks if not check.holds]
    if not wrong:
        console.print(f"[green]{len(checks)} 项核对全部一致 · all {len(checks)} sums agree[/]")
        return
    table = Table("不一致 does not agree", "应为 expected", "实为 found", style="red")
    for check in wrong:
        table.add_row(check.title, str(check.expected), str(check.actual))
    console.print(table)


def print_addresses(console: Console, stack: Stack) -> None:
    """For those who want to look around while it keeps running."""
    console.print(f"[bold]打开 open: {stack.public_url}[/]", soft_wrap=True, highlight=False)
    table = Table("可以看看 look around", "地址 address")
    table.add_row("模拟手机 simulated phones", stack.urls["simulators"])
    for name in ("intake", "matching", "notify", "audit"):
        descriptions = f"{stack.public_url}/api/{name}/docs  …/asyncapi"
        table.add_row(f"{name} 接口 API, 事件 events", descriptions)
    table.add_row("凭证 tokens", str(stack.secrets_dir))
    for column in table.columns:
        column.overflow = "fold"
    console.print(table)
