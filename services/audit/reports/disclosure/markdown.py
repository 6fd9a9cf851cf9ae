"""The figures and duties of disclosure as Markdown: Chinese first, English beside it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from html import escape

from services.audit.ledger.kinds import KINDS
from services.audit.reports.disclosure.duties import SUBJECTS, Duty
from services.audit.reports.disclosure.figures import (
    UNSPECIFIED,
    Campaign,
    Figures,
    FundFigures,
    Moved,
    sum_campaign,
)
from services.audit.reports.flow.gifts import EntryKey
from services.audit.reports.stores import BASES, list_by_station, sum_by_station
from shared.contracts.values import LABELS
from shared.documents import Document
from shared.money import format_yuan
from shared.towns import town_name

ROWS_MAX = 20
"""Lists are cut here; `--json` has them in full."""

FUND_COLUMNS = {
    "opening": "期初 opening",
    "received": "收到捐赠 received",
    "interest": "利息 interest",
    "transferred_in": "划入 in",
    "transferred_out": "划出 out",
    "fees": "管理费 fees",
    "charges": "银行手续费 bank charges",
    "refunded": "退回 refunded",
    "disbursed": "拨付 disbursed",
    "closing": "期末 closing",
    "outstanding": "其中已承诺 of which promised",
}

GOODS_COLUMNS = {
    "opening": "期初 opening",
    "received": "收到 received",
    "distributed": "发放 distributed",
    "written_off": "核销 written off",
    "closing": "期末 closing",
}

SINCE = "盘点以后的增减，或没有说明地点 moved since the count, or no place said"

MOVED_COLUMNS = (
    "日期 day",
    "条目 entry",
    "类型 kind",
    "编号 subject",
    "金额 amount",
    "基金 funds",
    "依据 reference",
)

Rows = Iterable[Sequence[str]]


def render_markdown(
    figures: Figures,
    due: Sequence[Duty],
    campaigns: Sequence[Campaign],
    today: date,
    major_fen: int,
    work: Sequence[Document] = (),
    stocks: Sequence[Document] = (),
) -> str:
    """work: of intake's register, as it counts it. stocks: of audit, as `GET /stocks` has them.
    Neither stands on a log."""
    parts = (
        _render_heading(figures),
        _render_funds(figures),
        _render_income(figures),
        _render_bank_days(figures),
        _render_spending(figures),
        _render_lists(figures),
        _render_goods(figures),
        _render_values(stocks, today),
        _render_stations(stocks),
        _render_work(work),
        _render_campaigns(figures, campaigns),
        _render_corrections(figures),
        _render_duties(due, today, major_fen),
    )
    return "\n".join(line for part in parts for line in part)


def _render_heading(figures: Figures) -> Iterator[str]:
    yield f"# 信息公开 Disclosure {figures.period.name}"
    yield ""
    read = "、".join(f"{log} ({count} 条 entries)" for log, count in figures.logs.items())
    yield f"依据公开账本 from the public log: {read}"
    yield f"本期 in the period: {figures.entries} 条 entries"
    if not figures.entries:
        yield "**账本没有这一期的条目 the log has nothing of this period**"
    yield "金额单位：人民币元 amounts in CNY yuan"


def _render_funds(figures: Figures) -> Iterator[str]:
    rows = [
        (_render_fund(id_, each), *_format_sums(each))
        for id_, each in sorted(figures.funds.items())
    ]
    total = ("**合计 total**", *(format_yuan(figures.sum_funds(name)) for name in FUND_COLUMNS))
    yield from _render_section("基金 Funds", ("基金 fund", *FUND_COLUMNS.values()), [*rows, total])


def _render_income(figures: Figures) -> Iterator[str]:
    kinds = {True: "限定性 restricted", False: "非限定性 unrestricted"}
    rows = [
        (kinds[each], format_yuan(figures.sum_funds("received", restricted=each))) for each in kinds
    ]
    yield from _render_section("捐赠收入 Income", ("性质 kind", "收到 received"), rows)
    received, spent = figures.fee_share_of_received, figures.fee_share_of_spent
    yield ""
    yield (
        f"管理费 fees {format_yuan(figures.sum_funds('fees'))}，"
        f"占收入 of income {_format_share(received)}；"
        f"连同银行手续费，占支出 with banks' charges, of spending {_format_share(spent)}"
    )
    if figures.is_above_fee_limit:
        yield ""
        yield (
            "**管理费超过当年总支出的 10%（慈善法第六十一条），须向民政部门报告并公开说明 fees are "
            "above 10% of what the year spent: report it to the civil affairs office and say why**"
        )


def _render_bank_days(figures: Figures) -> Iterator[str]:
    """Side by side with what was recorded, so that either agrees with the bank's statement."""
    rows = [
        (fund, format_yuan(days.in_period), format_yuan(days.late), format_yuan(days.of_others))
        for fund, days in sorted(figures.bank_days.items())
    ]
    columns = (
        "基金 fund",
        "本期银行到账 the bank's day in the period",
        "其中期后入账 of it recorded later",
        "本期入账而属他期 recorded now, of another period",
    )
    yield from _render_section("按银行到账日期 Gifts by the bank's day", columns, rows)


def _render_spending(figures: Figures) -> Iterator[str]:
    for title, sums in (
        ("支出：需求类别 Spending by category", figures.by_category),
        ("支出：困难类别 Spending by beneficiary class", figures.by_beneficiary_class),
        ("支出：镇街 Spending by town", figures.by_town),
    ):
        rows = [(_find_label(code), format_yuan(fen)) for code, fen in sums.most_common() if fen]
        yield from _render_section(title, ("", "拨付 disbursed"), rows)


def _render_lists(figures: Figures) -> Iterator[str]:
    for title, moved in (
        ("最大交易 Largest transactions", figures.moved),
        ("退回捐赠 Refunds", figures.refunds),
        ("基金间划转 Transfers between funds", figures.transfers),
    ):
        yield from _render_section(
            title, MOVED_COLUMNS, map(_render_moved, moved[:ROWS_MAX]), len(moved)
        )
    promises = figures.open_promises()
    rows = [
        (format_leaf(key), each.match, each.fund, format_yuan(each.outstanding))
        for key, each in promises[:ROWS_MAX]
    ]
    heading = ("条目 entry", "对接 match", "基金 fund", "未付 outstanding")
    yield from _render_section("期末未付承诺 Commitments outstanding", heading, rows, len(promises))
    refusals = [(code, str(count)) for code, count in figures.refusals.most_common()]
    yield from _render_section("拒绝的事项 Refusals", ("原因 reason", "次数 count"), refusals)


def _render_goods(figures: Figures) -> Iterator[str]:
    rows = [
        (fund, unit.item, unit.unit, *(str(getattr(each, name)) for name in GOODS_COLUMNS))
        for (fund, unit), each in sorted(figures.goods.items())
    ]
    columns = ("基金 fund", "物资 item", "单位 unit", *GOODS_COLUMNS.values())
    yield from _render_section("物资 Goods", columns, rows)


def _render_values(stocks: Sequence[Document], today: date) -> Iterator[str]:
    """What lies in store today, by item. Nothing where nobody said: a report of the log alone says
    no more than before."""
    if not stocks:
        return
    rows = [
        (
            *(str(each[name]) for name in ("fund_id", "item", "unit", "in_stock")),
            format_yuan(each["unit_fen"]) if each["unit_fen"] else "-",
            _format_value(each["value_fen"]),
            " ".join(BASES[each["basis"]]),
            each["valued_by"],
        )
        for each in stocks
    ]
    worth = format_yuan(sum(each["value_fen"] or 0 for each in stocks))
    columns = (
        *("基金 fund", "物资 item", "单位 unit", "库存 in stock", "单价 of one"),
        *("价值 value", "计价依据 basis", "依据文件 document"),
    )
    title = f"库存物资的价值（账外，{today}） Value of goods in store (off the books)"
    total = ("**合计 total**", *("" for _ in columns[2:-2]), worth, "", "")
    yield from _render_section(title, columns, [*rows, total])


def _render_stations(stocks: Sequence[Document]) -> Iterator[str]:
    """The same by station, each with its sum."""
    if not stocks:
        return
    by_station = list_by_station(stocks)
    rows = [
        (
            *(row.station or SINCE, row.fund_id, row.item, f"{row.quantity} {row.unit}"),
            _format_value(row.value_fen),
        )
        for row in by_station
    ]
    sums = [
        (f"**{station or SINCE}**", "", "合计 total", "", format_yuan(fen))
        for station, fen in sum_by_station(by_station).items()
    ]
    columns = ("地点 station", "基金 fund", "物资 item", "数量 number", "价值 value")
    yield from _render_section("物资的存放地点 Goods by station", columns, [*rows, *sums])


def _format_value(fen: int | None) -> str:
    return "未估值 not valued" if fen is None else format_yuan(fen)


def _render_work(work: Sequence[Document]) -> Iterator[str]:
    """Nothing where nobody counted it: a report of the log alone says no more than before."""
    if not work:
        return
    rows = [
        (f"{each['kind_zh']} {each['kind']}", each["item"], str(each["visits"]), _format_work(each))
        for each in work
    ]
    columns = ("类别 kind", "服务 service", "次数 visits", "数量 quantity")
    title = "走访与服务（账外，不计金额） Visits and services (off the books, no amounts)"
    yield from _render_section(title, columns, rows)


def _format_work(each: Document) -> str:
    return f"{each['quantity']} {each['unit']}" if each["unit"] else ""


def _render_campaigns(figures: Figures, campaigns: Sequence[Campaign]) -> Iterator[str]:
    rows = []
    for each in campaigns:
        sums = sum_campaign(figures, each)
        lines = (sums["received_fen"], sums["disbursed_fen"], sums["closing_fen"])
        dates = f"{each.start} / {each.end or '进行中 open'}"
        rows.append((each.name, dates, *map(format_yuan, lines)))
    columns = ("名称 name", "起止 dates", "收到 received", "拨付 disbursed", "期末 closing")
    yield from _render_section("募捐活动与项目 Campaigns and projects", columns, rows)


def _render_corrections(figures: Figures) -> Iterator[str]:
    rows = [
        (
            str(each.day),
            format_leaf(each.entry),
            f"{format_leaf(each.reverses)} ({each.recorded})",
            KINDS[each.kind].title,
            "，".join(unit.format(amount) for unit, amount in each.amounts),
            each.reference,
        )
        for each in figures.corrections[:ROWS_MAX]
    ]
    columns = (
        "日期 day",
        "条目 entry",
        "更正 corrects",
        "类型 kind",
        "金额 amount",
        "依据 reference",
    )
    yield from _render_section("更正 Corrections", columns, rows, len(figures.corrections))


def _render_duties(due: Sequence[Duty], today: date, major_fen: int) -> Iterator[str]:
    rows = [
        (
            str(each.due or "及时 without delay"),
            "**已过期 passed**" if each.is_overdue(today) else "",
            " ".join(SUBJECTS[each.subject]),
            each.title + (f" ({format_leaf(each.entry)})" if each.entry else ""),
            each.source,
        )
        for each in due
    ]
    columns = ("期限 due", f"截至 as of {today}", "事项 duty", "内容 about", "依据 source")
    yield from _render_section("公开期限 Duties", columns, rows)
    yield ""
    yield (
        f"重大交易标准 a transaction is major from {format_yuan(major_fen)}"
        "（以章程为准 your charter decides）。"
        "系统不掌握哪些已经公开，请自行登记 the log does not know what was published already."
    )


def _render_section(
    title: str, columns: Sequence[str], rows: Rows, of: int | None = None
) -> Iterator[str]:
    """A table under its title; `of`: how many rows there are in all."""
    lines = list(rows)
    yield from ("", f"## {title}", "")
    if not lines:
        yield "无 none"
        return
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(map(_escape_cell, row))} |" for row in lines)
    if of and of > len(lines):
        yield from ("", f"共 {of} 项，余见 --json; {of} in all, see --json")


def _escape_cell(text: str) -> str:
    """Text that stays in its cell and is no markup."""
    return " ".join(escape(text, quote=False).replace("\\", "\\\\").replace("|", "\\|").split())


def _render_fund(id_: str, each: FundFigures) -> str:
    return f"{id_} {each.name}（{'限定' if each.restricted else '非限定'}）"


def _format_sums(each: FundFigures) -> list[str]:
    return [format_yuan(getattr(each, name)) for name in FUND_COLUMNS]


def _render_moved(each: Moved) -> Sequence[str]:
    funds = "，".join(f"{fund} {format_yuan(amount)}" for fund, amount in each.funds)
    cells = (
        str(each.day),
        format_leaf(each.entry),
        KINDS[each.kind].title,
        each.subject,
        format_yuan(each.amount),
    )
    lifted = (
        "；限定性转为非限定性 from restricted to unrestricted" if each.lifts_restriction else ""
    )
    return *cells, funds, each.reference + lifted


def _find_label(code: str) -> str:
    return "未注明 unspecified" if code == UNSPECIFIED else format_code(code)


def _format_share(basis_points: int | None) -> str:
    return "-" if basis_points is None else f"{basis_points // 100}.{basis_points % 100:02d}%"


def format_code(code: str) -> str:
    """`meals` -> 配餐 meals; a code without a title stands for itself."""
    title = LABELS.get(code) or town_name(code)
    return f"{title} {code}" if title else code


def format_leaf(key: EntryKey) -> str:
    return f"{key[0]} #{key[1]}"
