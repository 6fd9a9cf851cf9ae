"""Reports to take away: a campaign, and the year's selection."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from shared.calendar import find_day
from shared.contracts.values import Kind
from shared.documents import Document
from shared.references import format_reference
from shared.sheets.report import Cell, ReportSheet, convert_fen
from shared.towns import town_name

AMOUNTS: Mapping[str, str] = {
    "pledged": "认捐",
    "reserved": "已承诺",
    "delivered": "已送达",
    "confirmed": "已确认收到",
    "reopened": "未收到，重新对接",
}
_NEED_STATES: Mapping[str, str] = {"open": "对接中", "withdrawn": "已撤回", "closed": "已完结"}
_DONORS: Mapping[str, str] = {
    "joined": "参加的捐赠方",
    "pledged": "已认捐的捐赠方",
    "giving": "已兑现的捐赠方",
}
_TERMS: Mapping[str, str] = {
    "rating": "评价",
    "urgency": "紧急程度",
    "waiting": "等待",
    "joint": "共同认领",
}


def list_campaign_sheets(report: Document) -> list[ReportSheet]:
    """report: as `views.build_campaign_report` has it."""
    return [
        ReportSheet("专项行动", [*_list_campaign(report)]),
        ReportSheet("物资和服务", [*_list_goods(report["goods"])]),
    ]


def _list_campaign(report: Document) -> Iterable[Sequence[Cell]]:
    campaign, money = report["campaign"], report["money"]
    yield ("名称", campaign["name"])
    ends_at = datetime.fromisoformat(campaign["ends_at"])
    yield ("开始", find_day(datetime.fromisoformat(campaign["starts_at"])))
    # It ends before this moment: the day before is its last.
    yield ("结束", find_day(ends_at - timedelta(microseconds=1)))
    for name, zh in (("total", "总天数"), ("passed", "已过天数"), ("left", "剩余天数")):
        yield (zh, report["days"][name])
    yield ("预算（元）", convert_fen(money["budget_fen"]))
    yield ("预算余额（元）", convert_fen(money["budget_left_fen"]))
    for name, zh in AMOUNTS.items():
        yield (f"资金：{zh}（元）", convert_fen(money[f"{name}_fen"]))
    for name, zh in _DONORS.items():
        yield (zh, report["donors"][name])
    yield ("诉求件数", report["requests"]["total"])
    for state, count in report["requests"]["by_state"].items():
        yield (f"诉求：{_NEED_STATES.get(state, state)}", count)
    for name, count in report["requests"]["by_class_zh"].items():
        yield (f"困难类别：{name}", count)


def _list_goods(goods: Iterable[Document]) -> Iterable[Sequence[Cell]]:
    yield ("物资或服务", "单位", *AMOUNTS.values())
    for each in goods:
        yield (each["item"], each["unit"], *(each[name] for name in AMOUNTS))


def list_selection_sheets(selection: Document) -> list[ReportSheet]:
    """selection: as `selection.build_selection` has it. Points as people write them: 92.50."""
    names = {Kind.WISH: "民生微心愿", Kind.PROJECT: "民生微实事"}
    head = (
        "名次",
        "编号",
        "类别",
        "困难类别",
        "镇街",
        "得分",
        *_TERMS.values(),
        "等待天数",
        "捐赠方数",
    )
    return [
        ReportSheet(names[kind], [head, *map(_make_selected_row, selection[kind.value])])
        for kind in names
        if kind.value in selection
    ]


def _make_selected_row(each: Document) -> Sequence[Cell]:
    return (
        *(each["rank"], format_reference(each["request_id"]), each["category_zh"]),
        *(each["beneficiary_class_zh"], town_name(each["town_code"]) or ""),
        convert_fen(each["score"]),
        *(convert_fen(each["terms"][name]) for name in _TERMS),
        *(each["days_waited"], each["donors"]),
    )
