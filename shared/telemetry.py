"""Every metric of every service in one catalogue; and a log line for each event that goes out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog
from prometheus_client import Counter, Gauge, Histogram

log = structlog.get_logger()

BATCH_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the catalogue. zh, en: what it says, in a sentence."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    zh: str
    en: str

    @property
    def help(self) -> str:
        return f"{self.zh} {self.en}"


CATALOGUE = {
    metric.name: metric
    for metric in (
        Metric(
            "guanjia_items_total",
            "counter",
            ("service", "result"),
            "处理过的事件与指令，按结果计数。",
            "Records and commands processed, by result.",
        ),
        Metric(
            "guanjia_conflicts_total",
            "counter",
            ("service",),
            "因他人先写入而重新决定的批次。",
            "Batches decided again because another instance wrote first.",
        ),
        Metric(
            "guanjia_batch_seconds",
            "histogram",
            ("service",),
            "一个批次读取、决定并提交所用的秒数。",
            "Seconds to load, decide and commit one batch.",
        ),
        Metric(
            "guanjia_outbox_waiting",
            "gauge",
            ("service",),
            "尚未发布到消息系统的文档数；持续增长说明消息系统不可用。",
            "Outbox documents not published yet; grows while the broker is unreachable.",
        ),
        Metric(
            "guanjia_sequence_gaps",
            "gauge",
            ("service",),
            "缺少事件超过时限的对象数；服务会自动请来源补发，也可用 guanjia outbox resend。",
            "Subjects whose gap is open too long; their source is asked by itself.",
        ),
        Metric(
            "guanjia_gaps_asked_total",
            "counter",
            ("service", "source"),
            "请来源服务补发缺失事件的次数，按对象计。",
            "Requests for missing events to the service they come from, by subject.",
        ),
        Metric(
            "guanjia_dead_letters_open",
            "gauge",
            ("service",),
            "尚未处理的死信数。",
            "Dead letters not yet settled.",
        ),
        Metric(
            "guanjia_log_stopped",
            "gauge",
            ("log",),
            "为 1 时该账本日志停止发布，须人工处理。",
            "1 when a log is published no more and a person must look.",
        ),
        Metric(
            "guanjia_log_differs",
            "gauge",
            ("log",),
            "为 1 时数据库中有与已公布账本不同或不属于账本的条目，须人工处理。",
            "1 when the database holds an entry that is not the log's: a person must look.",
        ),
        Metric(
            "guanjia_log_waiting",
            "gauge",
            ("log",),
            "为 1 时见证人不足，下一个检查点尚不能发布。",
            "1 when too few witnesses cosign the next checkpoint.",
        ),
        Metric(
            "guanjia_sms_budget_spent_percent",
            "gauge",
            (),
            "本月短信预算已用的百分比；没有设预算时为 0。",
            "How much of the month's budget for SMS is spent; 0 without one.",
        ),
        Metric(
            "guanjia_sms_budget_low",
            "gauge",
            (),
            "本月短信预算快用完或已用完；用完后一般通知暂停发送。",
            "1 when the month's budget for SMS is nearly gone; once gone, ordinary notices wait.",
        ),
        Metric(
            "guanjia_ready",
            "gauge",
            ("service",),
            "为 1 时该实例可以工作；为 0 时 /health/ready 说明原因。",
            "1 when this instance can work; else /health/ready says why not.",
        ),
        Metric(
            "guanjia_topic_waiting",
            "gauge",
            ("service", "topic"),
            "该实例所读分区中尚未取走的记录数。",
            "Unread records of this instance's partitions.",
        ),
        Metric(
            "guanjia_topic_delay_seconds",
            "gauge",
            ("service", "topic"),
            "最近一条记录从发布到取走的秒数；有未取走的，为已等待的秒数（取较大者）。",
            "Seconds from publishing to reading, of the last record read; where one waits, for how "
            "long it was seen to wait, if that is more.",
        ),
        Metric(
            "guanjia_step_seconds",
            "histogram",
            ("service", "event"),
            "从上一步产生事件到本服务处理完它的秒数，按事件类型。",
            "Seconds from an event's making by the step before to its being worked here, by type.",
        ),
        Metric(
            "guanjia_outbox_oldest_seconds",
            "gauge",
            ("service",),
            "最早一批未发布事件等待的秒数。",
            "Age in seconds of the oldest unpublished events.",
        ),
        Metric(
            "guanjia_batch_items",
            "histogram",
            ("service",),
            "一个批次里的事件与指令数。",
            "Records and commands in one batch.",
        ),
        Metric(
            "guanjia_provider_seconds",
            "histogram",
            ("provider", "outcome"),
            "向服务商发送一次所用的秒数，按结果计数。",
            "Seconds of one call to a provider, by outcome.",
        ),
        Metric(
            "guanjia_fund_available_fen",
            "gauge",
            ("fund",),
            "基金尚可承诺的金额（分）。",
            "Money of a fund that can still be promised, in fen.",
        ),
        Metric(
            "guanjia_bank_questions",
            "gauge",
            ("doubt",),
            "待核对的银行流水条数，按原因；每个实例报告的都是全部。",
            "Bank lines waiting for an answer, by reason; each instance reports all.",
        ),
        Metric(
            "guanjia_log_entries",
            "gauge",
            ("log",),
            "账本日志已公布的记录数。",
            "Entries of a log that are published.",
        ),
        Metric(
            "guanjia_log_behind",
            "gauge",
            ("log",),
            "账本日志已入账、尚未公布的记录数。",
            "Entries of a log that are committed and not published yet.",
        ),
        Metric(
            "guanjia_log_unwritable",
            "gauge",
            ("log",),
            "为 1 时该账本目录写不进去（已满或只读）。",
            "1 when the log's folder cannot be written: full, or read-only.",
        ),
        Metric(
            "guanjia_cases_overdue",
            "gauge",
            ("town", "stage"),
            "已超期的个案数，按镇街和所等事项；每个实例报告的都是全部。",
            "Overdue cases, by town and stage; each instance reports all of them.",
        ),
    )
}


BATCH_ITEMS_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
STEP_BUCKETS_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 600)
PROVIDER_BUCKETS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def _make_counter(name: str) -> Counter:
    return Counter(name, CATALOGUE[name].help, CATALOGUE[name].labels)


def _make_gauge(name: str) -> Gauge:
    return Gauge(name, CATALOGUE[name].help, CATALOGUE[name].labels)


def _make_histogram(name: str, buckets: Sequence[float]) -> Histogram:
    return Histogram(name, CATALOGUE[name].help, CATALOGUE[name].labels, buckets=buckets)


ITEMS = _make_counter("guanjia_items_total")
CONFLICTS = _make_counter("guanjia_conflicts_total")
BATCH_SECONDS = _make_histogram("guanjia_batch_seconds", BATCH_BUCKETS_S)
BATCH_ITEMS = _make_histogram("guanjia_batch_items", BATCH_ITEMS_BUCKETS)
STEP_SECONDS = _make_histogram("guanjia_step_seconds", STEP_BUCKETS_S)
PROVIDER_SECONDS = _make_histogram("guanjia_provider_seconds", PROVIDER_BUCKETS_S)
READY = _make_gauge("guanjia_ready")
TOPIC_WAITING = _make_gauge("guanjia_topic_waiting")
TOPIC_DELAY = _make_gauge("guanjia_topic_delay_seconds")
OUTBOX_OLDEST = _make_gauge("guanjia_outbox_oldest_seconds")
FUND_AVAILABLE = _make_gauge("guanjia_fund_available_fen")
BANK_QUESTIONS = _make_gauge("guanjia_bank_questions")
LOG_ENTRIES = _make_gauge("guanjia_log_entries")
LOG_BEHIND = _make_gauge("guanjia_log_behind")
LOG_UNWRITABLE = _make_gauge("guanjia_log_unwritable")
OUTBOX_WAITING = _make_gauge("guanjia_outbox_waiting")
GAPS_OPEN = _make_gauge("guanjia_sequence_gaps")
GAPS_ASKED = _make_counter("guanjia_gaps_asked_total")
DEAD_LETTERS_OPEN = _make_gauge("guanjia_dead_letters_open")
LOG_STOPPED = _make_gauge("guanjia_log_stopped")
LOG_DIFFERS = _make_gauge("guanjia_log_differs")
LOG_WAITING = _make_gauge("guanjia_log_waiting")
SMS_BUDGET_SPENT = _make_gauge("guanjia_sms_budget_spent_percent")
SMS_BUDGET_LOW = _make_gauge("guanjia_sms_budget_low")
CASES_OVERDUE = _make_gauge("guanjia_cases_overdue")


class Emitted(Protocol):
    @property
    def topic(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def correlation_id(self) -> str: ...


def log_events(service: str, outgoing: Iterable[Emitted]) -> None:
    """The correlation id leads from the first channel event to the last notification."""
    for record in outgoing:
        log.info(
            "event_emitted",
            service=service,
            topic=record.topic,
            event_id=record.id,
            correlation_id=record.correlation_id,
        )
