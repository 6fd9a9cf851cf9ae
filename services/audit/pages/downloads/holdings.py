"""As things stand: funds, what is due and ordered, goods, invoices, and what two people decide."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TypeVar

from services.audit.invoices import list_missing
from services.audit.model import Mandate, Payable, PaymentOrder, Proposal
from services.audit.model.months import MonthClose
from services.audit.pages.paying import LINE_STATES, name_state
from services.audit.pages.proposals import PROPOSALS, ProposalKind
from services.audit.reports.disclosure.figures import Period
from services.audit.reports.stores import BASES, SINCE_COUNT, list_by_station
from services.audit.resources import AuditRuntime
from services.audit.stocks import describe_stock, find_stocks
from services.audit.store import read_funds
from shared import mongo
from shared.contracts.values import CHINA
from shared.messaging.decision import State
from shared.sheets.report import Cell, ReportSheet, convert_fen

S = TypeVar("S", bound=State)
PAGE = 1000
STATES: Mapping[str, str] = {
    "proposed": "等第二个人决定",
    "approved": "已批准",
    "open": "有效",
    "declined": "已否决",
    "revoked": "已终止",
    "cancelled": "已撤销",
}
_TOTALS: Mapping[str, str] = {
    "brought_forward_fen": "上年结转（元）",
    "received_fen": "收到捐赠（元）",
    "transferred_fen": "划转净额（元）",
    "interest_fen": "利息（元）",
    "fees_fen": "管理费（元）",
    "charges_fen": "银行手续费（元）",
    "refunded_fen": "退回捐赠（元）",
    "committed_fen": "承诺（元）",
    "released_fen": "承诺撤销（元）",
    "obligated_fen": "确认应付（元）",
    "paid_fen": "银行已付（元）",
    "returned_fen": "退汇（元）",
    "disbursed_fen": "直接拨付（元）",
    "payable_fen": "应付未付（元）",
    "outstanding_fen": "已承诺未付（元）",
    "balance_fen": "余额（元）",
    "remaining_fen": "可用（元）",
}


async def load_all(database: mongo.Database, kind: type[S]) -> AsyncIterator[S]:
    """By id, page by page."""
    after = ""
    while page := await mongo.find(
        database, kind, {"_id": {"$gt": after}}, sort=[("_id", 1)], limit=PAGE
    ):
        for state in page:
            yield state
        after = page[-1].id


async def build_funds(
    runtime: AuditRuntime,
    period: Period,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    """Of the ledger year that runs."""
    head = ("基金编号", "名称", "性质", "状态", "基金会", "账本", "提出人", "批准人")
    rows = [
        (
            *(fund.id, fund.name, "限定性" if fund.restricted else "非限定性"),
            STATES.get(fund.state, fund.state),
            *(fund.foundation, fund.log, fund.maker, fund.checker or ""),
            *(convert_fen(getattr(fund, name)) for name in _TOTALS),
        )
        for fund in await read_funds(runtime.database)
    ]
    return [ReportSheet("基金", [(*head, *_TOTALS.values()), *rows])]


async def build_payables(
    runtime: AuditRuntime,
    period: Period,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    """Without accounts, and without anybody's name."""
    head = (
        *("对接编号", "基金", "确认应付日", "应付（元）", "已付（元）", "退汇（元）", "未付（元）"),
        *("付款单", "收款账户", "停付原因", "账本条目"),
    )
    rows = [_make_payable_row(each) async for each in load_all(runtime.database, Payable)]
    return [ReportSheet("应付款", [head, *rows])]


def _make_payable_row(payable: Payable) -> Sequence[Cell]:
    stops = ("对接未落实", payable.held), ("银行流水待核对", bool(payable.question_ids))
    sums = (payable.obligated_fen, payable.paid_fen, payable.returned_fen, payable.owed_fen)
    return (
        *(payable.id, payable.fund_id, payable.due_at_day.astimezone(CHINA).date()),
        *map(convert_fen, sums),
        payable.order_id,
        "已登记" if payable.payee_id else "未登记",
        "、".join(zh for zh, stands in stops if stands),
        f"{payable.log}#{payable.entry}",
    )


async def build_orders(
    runtime: AuditRuntime,
    period: Period,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    head = (
        *("付款单", "状态", "提出人", "批准人", "导出人", "导出日", "付款编号", "对接编号"),
        *("基金", "金额（元）", "这一笔", "银行流水号"),
    )
    orders = [each async for each in load_all(runtime.database, PaymentOrder)]
    rows = [row for order in orders for row in _list_order_rows(order)]
    return [ReportSheet("付款单", [head, *rows])]


def _list_order_rows(order: PaymentOrder) -> list[Sequence[Cell]]:
    day = order.exported_at.astimezone(CHINA).date() if order.exported_at else None
    own = (order.id, name_state(order)[0], order.maker, order.checker or "", order.exported_by, day)
    return [
        (
            *(*own, order.format_reference(number), line.match_id, line.fund_id),
            convert_fen(line.amount_fen),
            *(LINE_STATES[line.state][0], line.bank_reference),
        )
        for number, line in enumerate(order.lines, 1)
    ]


async def build_stocks(
    runtime: AuditRuntime,
    period: Period,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    after, stocks = "", []
    while page := await find_stocks(runtime.database, after, PAGE):
        stocks += [describe_stock(each) for each in page]
        after = page[-1].id
    items = [
        (
            *(each["fund_id"], each["item"], each["unit"], each["received"]),
            *(each["distributed"], each["written_off"], each["in_stock"]),
            convert_fen(each["unit_fen"]) if each["unit_fen"] else None,
            _convert_value(each["value_fen"]),
            *(BASES[each["basis"]][0], each["valued_by"]),
        )
        for each in stocks
    ]
    places = [
        (
            "未说明地点" if row.station == SINCE_COUNT else row.station,
            *(row.fund_id, row.item, row.quantity, row.unit),
            _convert_value(row.value_fen),
        )
        for row in list_by_station(stocks)
    ]
    head = (
        *("基金", "物资", "单位", "收到", "发放", "核销", "库存", "单价（元）", "价值（元）"),
        *("计价依据", "依据文件"),
    )
    place_head = ("存放地点", "基金", "物资", "数量", "单位", "价值（元）")
    return [
        ReportSheet("按物资", [head, *items]),
        ReportSheet("按存放地点", [place_head, *places]),
    ]


def _convert_value(fen: int | None) -> Cell:
    return None if fen is None else convert_fen(fen)


async def build_invoices(
    runtime: AuditRuntime,
    period: Period,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    head = ("捐赠编号", "捐赠人编号", "受赠单位", "项目", "金额（元）", "大写", "物资", "收到日期")
    rows: list[Sequence[Cell]] = []
    after, names = "", runtime.settings.foundations
    while gifts := await list_missing(runtime.database, names, after, PAGE):
        for gift in gifts:
            texts = {name: str(gift[name]) for name in gift}
            rows.append(
                (
                    *(texts["donation_id"], texts["donor_id"], texts["recipient"]),
                    *(texts["project"], convert_fen(int(texts["amount_fen"]))),
                    *(texts["amount_in_capitals"], texts["goods"], texts["received_on"]),
                )
            )
        after = str(gifts[-1]["donation_id"])
    return [ReportSheet("未开捐赠票据", [head, *rows])]


# --- what two people decide ---


async def build_decisions(
    runtime: AuditRuntime,
    period: Period,  # noqa: ARG001
    now: datetime,
) -> list[ReportSheet]:
    """A sheet for each kind, with what waits and what was decided."""
    return [
        build_proposal_sheet(
            kind, [each async for each in load_all(runtime.database, kind.state)], now
        )
        for kind in PROPOSALS.values()
    ]


def name_proposal_state(proposal: Proposal, now: datetime) -> str:
    """A mandate stays open when its time is over; a close is revoked when its month is reopened."""
    match proposal:
        case Mandate(state="open", valid_until=until) if until <= now:
            return "已过期"
        case MonthClose(state="revoked"):
            return "已反结账"
    return STATES.get(proposal.state, proposal.state)


def build_proposal_sheet(
    kind: ProposalKind, proposals: Sequence[Proposal], now: datetime
) -> ReportSheet:
    """Its facts as columns, in the words of the page."""
    described = [list(kind.describe(each)) for each in proposals]
    columns = list(dict.fromkeys(zh for lines in described for zh, _, _ in lines))
    rows = [
        (
            *(each.id, name_proposal_state(each, now), each.maker, each.checker or ""),
            *_place_facts(columns, lines),
        )
        for each, lines in zip(proposals, described, strict=True)
    ]
    head = ("编号", "状态", "提出人", "决定人", *columns)
    return ReportSheet(kind.names[0], chain([head], rows))


def _place_facts(
    columns: Sequence[str], lines: Sequence[tuple[str, str, str | tuple[str, str]]]
) -> list[str]:
    """One kind of fact may be said more than once."""
    facts: dict[str, list[str]] = {}
    for zh, _, value in lines:
        facts.setdefault(zh, []).append(value if isinstance(value, str) else value[0])
    return ["；".join(filter(None, facts.get(column, ()))) for column in columns]
