"""The alerts: when somebody has to look, and which page says what he does.

`deploy/watching/alerts.yml` is written from this table; each has `docs/runbooks/alerts/<name>.md`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

RUNBOOKS = "docs/runbooks/alerts"


@dataclass(frozen=True, slots=True)
class Alert:
    """severity: page wakes somebody; ticket waits for the morning. zh, en: what is wrong."""

    name: str
    expression: str
    minutes: int
    severity: Literal["page", "ticket"]
    zh: str
    en: str

    @property
    def runbook(self) -> str:
        return f"{RUNBOOKS}/{self.name}.md"


ALERTS = (
    Alert(
        "ServiceDown",
        'up{job="guanjia"} == 0',
        1,
        "page",
        "{{ $labels.service }} 有一个实例没有应答。",
        "An instance of {{ $labels.service }} does not answer.",
    ),
    Alert(
        "ServiceNotReady",
        "min by (service, instance) (guanjia_ready) == 0",
        2,
        "page",
        "{{ $labels.service }} 在运行但不能工作。",
        "An instance of {{ $labels.service }} runs and cannot work.",
    ),
    Alert(
        "DeadLettersOpen",
        "max by (service) (guanjia_dead_letters_open) > 0",
        5,
        "page",
        "{{ $labels.service }} 有 {{ $value }} 封死信待处理。",
        "{{ $value }} dead letters of {{ $labels.service }} wait for a person.",
    ),
    Alert(
        "SequenceGapOpen",
        "max by (service) (guanjia_sequence_gaps) > 0",
        2,
        "page",
        "{{ $labels.service }} 缺少事件，后面的都在等。",
        "Events are missing at {{ $labels.service }}, and what follows them waits.",
    ),
    Alert(
        "OutboxStuck",
        "max by (service) (guanjia_outbox_oldest_seconds) > 60",
        2,
        "page",
        "{{ $labels.service }} 的事件发不出去。",
        "{{ $labels.service }} cannot publish its events.",
    ),
    Alert(
        "TopicBehind",
        "min by (service, topic) (min_over_time(guanjia_topic_waiting[5m])) > 0"
        " and max by (service, topic) (guanjia_topic_delay_seconds) > 60",
        5,
        "page",
        "{{ $labels.service }} 处理 {{ $labels.topic }} 落后一分钟以上。",
        "{{ $labels.service }} is more than a minute behind on {{ $labels.topic }}.",
    ),
    Alert(
        "BatchesSlow",
        "histogram_quantile(0.99,"
        " sum by (service, le) (rate(guanjia_batch_seconds_bucket[10m]))) > 1",
        10,
        "ticket",
        "{{ $labels.service }} 的批次超过一秒，数据库偏慢。",
        "Batches of {{ $labels.service }} take more than a second.",
    ),
    Alert(
        "ConflictsMany",
        "sum by (service) (rate(guanjia_conflicts_total[10m]))"
        " > sum by (service) (rate(guanjia_batch_seconds_count[10m]))",
        10,
        "ticket",
        "{{ $labels.service }} 的实例互相冲突，多于成功的批次。",
        "Instances of {{ $labels.service }} collide more often than they succeed.",
    ),
    Alert(
        "LogStopped",
        "max by (log) (guanjia_log_stopped) > 0",
        0,
        "page",
        "账本 {{ $labels.log }} 停止发布。",
        "The log {{ $labels.log }} is published no more.",
    ),
    Alert(
        "LogUnwritable",
        "max by (log) (guanjia_log_unwritable) > 0",
        1,
        "page",
        "账本目录写不进去：{{ $labels.log }}。",
        "The folder of the log {{ $labels.log }} cannot be written.",
    ),
    Alert(
        "LogBehind",
        "min by (log) (min_over_time(guanjia_log_behind[10m])) > 0",
        10,
        "ticket",
        "账本 {{ $labels.log }} 有记录迟迟没有公布。",
        "Entries of {{ $labels.log }} have not been published for ten minutes.",
    ),
    Alert(
        "LogWaitsForWitnesses",
        "max by (log) (guanjia_log_waiting) > 0",
        30,
        "ticket",
        "账本 {{ $labels.log }} 等待见证人。",
        "The log {{ $labels.log }} waits for witnesses.",
    ),
    Alert(
        "ProviderFails",
        "sum by (provider) (rate(guanjia_provider_seconds_count"
        '{outcome=~"unknown|misconfigured"}[10m]))'
        " > 0.2 * sum by (provider) (rate(guanjia_provider_seconds_count[10m]))",
        10,
        "page",
        "{{ $labels.provider }} 有五分之一以上的发送失败。",
        "More than a fifth of what goes to {{ $labels.provider }} fails.",
    ),
    Alert(
        "ProviderSlow",
        "histogram_quantile(0.95,"
        " sum by (provider, le) (rate(guanjia_provider_seconds_bucket[10m]))) > 5",
        10,
        "ticket",
        "{{ $labels.provider }} 应答超过五秒。",
        "{{ $labels.provider }} takes more than five seconds to answer.",
    ),
    Alert(
        "SmsBudgetLow",
        "max(guanjia_sms_budget_low) > 0",
        0,
        "ticket",
        "本月短信预算快用完或已用完。",
        "The month's budget for SMS is nearly gone, or gone.",
    ),
    Alert(
        "PaidTwice",
        'max(guanjia_bank_questions{doubt="line_paid"}) > 0',
        0,
        "page",
        "银行有 {{ $value }} 笔付款付了第二次，待财务核对。",
        "The bank paid {{ $value }} payments a second time: finance has to look.",
    ),
    Alert(
        "FundOverdrawn",
        "min by (fund) (guanjia_fund_available_fen) < 0",
        0,
        "page",
        "基金 {{ $labels.fund }} 可用为负：银行冲回了已承诺的捐款。",
        "Fund {{ $labels.fund }} is below zero: a bank took back gifts that were promised.",
    ),
    Alert(
        "CasesOverdueGrow",
        "sum by (town) (max by (town, stage) (guanjia_cases_overdue))"
        " - sum by (town) (max by (town, stage) (guanjia_cases_overdue offset 1d)) > 10",
        60,
        "ticket",
        "{{ $labels.town }} 一天内新增十件以上超期个案。",
        "More than ten cases of {{ $labels.town }} became late within a day.",
    ),
)


def render_rules() -> str:
    """As Prometheus reads them."""
    return "\n".join(_list_lines()) + "\n"


def _list_lines() -> Iterator[str]:
    yield "# Written by `make docs` from deploy/watching/alerts.py."
    yield "groups:"
    yield "  - name: guanjia"
    yield "    rules:"
    for alert in ALERTS:
        yield f"      - alert: {alert.name}"
        yield f"        expr: {_quote(alert.expression)}"
        yield f"        for: {alert.minutes}m"
        yield f"        labels: {{severity: {alert.severity}}}"
        yield "        annotations:"
        yield f"          summary: {_quote(f'{alert.zh} {alert.en}')}"
        yield f"          runbook_url: {alert.runbook}"


def _quote(text: str) -> str:
    """JSON's text is YAML's too."""
    return json.dumps(text, ensure_ascii=False)
