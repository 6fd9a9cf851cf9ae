"""Grafana's dashboards: each metric of the catalogue is a panel of one of them.

`deploy/watching/grafana/dashboards` is written from this table.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.telemetry import CATALOGUE, Metric

SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT, COLUMNS = 12, 8, 2


@dataclass(frozen=True, slots=True)
class Dashboard:
    uid: str
    title: str
    metrics: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"{self.uid}.json"


DASHBOARDS = (
    Dashboard(
        "services",
        "服务 Services",
        (
            "guanjia_ready",
            "guanjia_items_total",
            "guanjia_topic_waiting",
            "guanjia_topic_delay_seconds",
            "guanjia_step_seconds",
            "guanjia_outbox_waiting",
            "guanjia_outbox_oldest_seconds",
            "guanjia_dead_letters_open",
            "guanjia_sequence_gaps",
            "guanjia_gaps_asked_total",
            "guanjia_batch_seconds",
            "guanjia_batch_items",
            "guanjia_conflicts_total",
        ),
    ),
    Dashboard(
        "money",
        "账本 The ledger",
        (
            "guanjia_fund_available_fen",
            "guanjia_bank_questions",
            "guanjia_log_entries",
            "guanjia_log_behind",
            "guanjia_log_stopped",
            "guanjia_log_differs",
            "guanjia_log_waiting",
            "guanjia_log_unwritable",
        ),
    ),
    Dashboard(
        "people",
        "个案与通知 Cases and notices",
        (
            "guanjia_cases_overdue",
            "guanjia_provider_seconds",
            "guanjia_sms_budget_spent_percent",
            "guanjia_sms_budget_low",
        ),
    ),
)


def render_dashboard(dashboard: Dashboard) -> str:
    panels = [
        panel
        for number, name in enumerate(dashboard.metrics)
        for panel in [_build_panel(number, CATALOGUE[name])]
    ]
    document = {
        "uid": f"guanjia-{dashboard.uid}",
        "title": dashboard.title,
        "tags": ["guanjia"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": panels,
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _build_panel(number: int, metric: Metric) -> dict[str, object]:
    row, column = divmod(number, COLUMNS)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": metric.zh.rstrip("。"),
        "description": metric.help,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": find_unit(metric), "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": expression,
                "legendFormat": legend,
            }
            for index, (expression, legend) in enumerate(list_queries(metric))
        ],
    }


def list_queries(metric: Metric) -> list[tuple[str, str]]:
    """Expression and legend of each line."""
    labels = list(metric.labels)
    legend = " ".join(f"{{{{{label}}}}}" for label in labels) or metric.name
    if metric.kind == "counter":
        return [(f"sum{_group(labels)} (rate({metric.name}[5m]))", legend)]
    if metric.kind == "histogram":
        buckets = f"sum{_group([*labels, 'le'])} (rate({metric.name}_bucket[5m]))"
        return [
            (f"histogram_quantile({share}, {buckets})", f"p{share * 100:g} {legend}")
            for share in (0.5, 0.99)
        ]
    # Each instance says the same of what all share; of what is its own, the worst counts.
    worst = "min" if metric.name == "guanjia_ready" else "max"
    return [(f"{worst}{_group(labels)} ({metric.name})", legend)]


def find_unit(metric: Metric) -> str:
    if metric.name.endswith("_seconds"):
        return "s"
    if metric.name.endswith("_percent"):
        return "percent"
    return "ops" if metric.kind == "counter" else "short"


def _group(labels: Sequence[str]) -> str:
    return f" by ({', '.join(labels)})" if labels else ""
