"""The bank beside the books: a month's end, what is open, and statements compared with the log."""

from collections.abc import Sequence
from datetime import datetime

from services.audit.messages import DOUBTS
from services.audit.model import BankQuestion, Donation
from services.audit.model.months import MonthClose
from services.audit.months.reading import NOTHING_BOOKED, choose_foundation, read_figures
from services.audit.pages.accounts import load_accounts
from services.audit.pages.downloads.holdings import build_payables, build_proposal_sheet
from services.audit.pages.months import DIFFERENCES
from services.audit.pages.proposals import PROPOSALS
from services.audit.reports.disclosure.figures import Period
from services.audit.resources import AuditRuntime
from services.audit.statements import views
from services.audit.statements.reconciliation import AGES, KIND_TITLES, TOTAL_TITLES
from services.audit.store import ASKED_GIFTS, read_unsettled, sum_waiting_gifts
from shared import mongo
from shared.contracts.values import CHINA
from shared.sheets.report import Cell, ReportSheet, convert_fen

MANY = 10_000
FUND_COLUMNS = {
    **{name: f"{zh}（元）" for name, (zh, _) in TOTAL_TITLES.items()},
    **{f"{kind}_fen": f"{zh}（元）" for kind, (zh, _) in KIND_TITLES.items()},
}


# --- a month's end ---


async def build_month(
    runtime: AuditRuntime,
    month: Period,
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    """As it was closed, or as the books stand where it was not."""
    foundation = choose_foundation(runtime, None)
    query = {"state": "approved", "foundation": foundation, "month": month.name}
    closed = await mongo.find(runtime.database, MonthClose, query, sort=[("number", -1)], limit=1)
    if closed:
        [close] = closed
    else:
        figures = await read_figures(runtime, foundation, month.name)
        close = _make_unclosed(foundation, month.name).with_figures(figures)
    head = ("账户", "银行余额（元）", "账面（元）", "未入账流水（元）", "差额（元）")
    rows = [
        (
            row.account or "未注明账户",
            convert_fen(row.stated_fen) if closed else None,
            *(convert_fen(row.books_fen), convert_fen(row.known_fen)),
            convert_fen(row.unexplained_fen) if closed else None,
        )
        for row in close.rows
    ]
    state = f"{close.maker}、{close.checker} 已结账" if closed else "未结账"
    lines = [
        (
            each.at.astimezone(CHINA).date(),
            *(each.account, convert_fen(each.amount_fen), DIFFERENCES[each.kind][0]),
            each.reference,
        )
        for each in close.figures.differences
    ]
    return [
        ReportSheet("银行与账面", [[month.name, state, close.reason], head, *rows]),
        ReportSheet("未入账的流水", [("日期", "账户", "金额（元）", "原因", "银行流水号"), *lines]),
    ]


def _make_unclosed(foundation: str, month: str) -> MonthClose:
    return MonthClose(
        id="-",
        maker="-",
        foundation=foundation,
        month=month,
        balances=(),
        figures=NOTHING_BOOKED,
    )


async def build_accounts(
    runtime: AuditRuntime,
    year: Period,
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    months, differences = await load_accounts(runtime, year.start.year)
    rows = [
        (
            *(each.account or "未注明账户", each.month, each.files),
            _convert_known(each.opening_fen),
            *(convert_fen(each.in_fen), convert_fen(each.out_fen)),
            _convert_known(each.closing_fen),
            *(convert_fen(each.booked_in_fen), convert_fen(each.booked_out_fen)),
            *(_convert_known(each.difference_fen), convert_fen(each.stated_gap_fen)),
            "更新前导入，未逐日统计" if each.are_days_unknown else "",
        )
        for each in months
    ]
    pairs = [
        (
            *(each.account, each.day, file.summary.name, file.id),
            *((convert_fen(sums.in_fen), convert_fen(sums.out_fen)) if sums else (None, None)),
        )
        for each in differences
        for file, sums in each.said
    ]
    head = (
        *("账户", "月份", "对账单份数", "期初（元）", "收入（元）", "支出（元）", "期末（元）"),
        *("账面收入（元）", "账面支出（元）", "差额（元）", "载明余额差（元）", "说明"),
    )
    pair_head = ("账户", "日期", "文件", "编号", "收入（元）", "支出（元）")
    return [
        ReportSheet("各账户逐月对账", [head, *rows]),
        ReportSheet("两份对账单不一致的日子", [pair_head, *pairs]),
    ]


def _convert_known(fen: int | None) -> Cell:
    return None if fen is None else convert_fen(fen)


# --- what is open ---


async def build_open(runtime: AuditRuntime, period: Period, now: datetime) -> list[ReportSheet]:
    """Sheets of what is due and of the bank, empty where nothing waits; of what two people decide,
    only the kinds of which something waits."""
    return [
        *await build_payables(runtime, period, now),
        await _list_questions(runtime),
        await _list_asked_gifts(runtime),
        await _list_waiting_gifts(runtime),
        await _list_unsettled(runtime),
        *[
            build_proposal_sheet(kind, proposals, now)
            for kind in PROPOSALS.values()
            if (proposals := await mongo.find(runtime.database, kind.state, {"state": "proposed"}))
        ],
    ]


async def _list_questions(runtime: AuditRuntime) -> ReportSheet:
    questions = await mongo.find(
        runtime.database, BankQuestion, {"is_open": True}, sort=[("at", 1)]
    )
    rows = [
        (
            each.at.astimezone(CHINA).date(),
            "付出" if each.direction == "paid" else "收入",
            convert_fen(each.amount_fen),
            *(DOUBTS[each.doubt][0], each.own_account, each.bank_reference, each.id),
        )
        for each in questions
    ]
    head = ("银行日", "方向", "金额（元）", "原因", "账户", "银行流水号", "编号")
    return ReportSheet("待核对的银行流水", [head, *rows])


async def _list_asked_gifts(runtime: AuditRuntime) -> ReportSheet:
    gifts = await mongo.find(runtime.database, Donation, ASKED_GIFTS, sort=[("received_at", 1)])
    rows = [
        (
            each.received_at.astimezone(CHINA).date(),
            *(convert_fen(each.amount_fen), each.fund_id, each.reference, each.id, each.may_be),
        )
        for each in gifts
    ]
    head = ("银行日", "金额（元）", "基金", "银行流水号", "捐赠编号", "疑似同一笔")
    return ReportSheet("待确认的捐款", [head, *rows])


async def _list_waiting_gifts(runtime: AuditRuntime) -> ReportSheet:
    rows = [
        (
            *(row["_id"], row["count"], convert_fen(row["amount_fen"])),
            *(row["since"].astimezone(CHINA).date(), row["on_log"]),
        )
        for row in await sum_waiting_gifts(runtime.database)
    ]
    head = ("基金", "笔数", "金额（元）", "最早到账", "其中已公开为未入账")
    return ReportSheet("等基金批准的捐款", [head, *rows])


async def _list_unsettled(runtime: AuditRuntime) -> ReportSheet:
    rows = [
        (each.id, match_id, convert_fen(each.paid[match_id]))
        for each in await read_unsettled(runtime.database, MANY)
        for match_id in each.fallen
    ]
    return ReportSheet("已付而未落实", [("诉求", "对接编号", "已付（元）"), *rows])


# --- statements, pledges and ledger ---


async def build_reconciliation(
    runtime: AuditRuntime,
    period: Period,  # noqa: ARG001
    now: datetime,
) -> list[ReportSheet]:
    compared = await views.reconcile(runtime.database, now, MANY)
    funds: list[Sequence[Cell]] = [
        (id_, *(convert_fen(sums[name]) for name in FUND_COLUMNS))
        for id_, sums in sorted(compared.funds.items())
    ]
    ageing: list[Sequence[Cell]] = [
        (
            KIND_TITLES[kind][0],
            age.replace("over", "超过"),
            compared.ageing[kind, age]["count"],
            convert_fen(compared.ageing[kind, age]["amount_fen"]),
        )
        for kind in KIND_TITLES
        for age in AGES
    ]
    gaps = [
        (
            *(KIND_TITLES[each.kind][0], each.since.astimezone(CHINA).date(), each.find_age(now)),
            *(convert_fen(each.amount_fen), each.fund_id, each.id, each.donor_id),
        )
        for each in compared.list_oldest()
    ]
    head = ("差异", "起始日", "天数", "金额（元）", "基金", "编号", "捐赠人编号")
    return [
        ReportSheet("按基金", [("基金", *FUND_COLUMNS.values()), *funds]),
        ReportSheet("按天数", [("差异", "天数", "笔数", "金额（元）"), *ageing]),
        ReportSheet("差异明细（最早的在前）", [head, *gaps]),
    ]


LIST_COLUMNS = {
    "rows": "行数",
    "gifts": "捐款笔数",
    "total_fen": "账本上合计（元）",
    "first_here": "首见于此",
    "elsewhere": "另见别处",
    "refused": "未入账",
}


async def build_statement_lists(
    runtime: AuditRuntime,
    period: Period,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    stated = (await views.load_statements(runtime.database))["statements"]
    overlaps = (await views.load_overlaps(runtime.database, [], "", MANY))["pairs"]
    assert isinstance(stated, list)
    assert isinstance(overlaps, list)
    lists: list[Sequence[Cell]] = [
        (each["statement"], *(_convert(name, each[name]) for name in LIST_COLUMNS))
        for each in stated
    ]
    pairs: list[Sequence[Cell]] = [
        (each["statement"], each["other"], each["rows"], convert_fen(each["amount_fen"]))
        for each in overlaps
    ]
    pair_head = ("对账单", "另一份", "重叠行数", "金额（元）")
    return [
        ReportSheet("各对账单", [("对账单", *LIST_COLUMNS.values()), *lists]),
        ReportSheet("重叠", [pair_head, *pairs]),
    ]


def _convert(name: str, value: int) -> Cell:
    return convert_fen(value) if name.endswith("_fen") else value
