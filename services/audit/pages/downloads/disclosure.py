"""信息公开: the figures of a year from the published logs, and what falls due in it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from services.audit.disclosing import ask_campaigns
from services.audit.ledger.kinds import KINDS
from services.audit.ledger.published import PublishedLog
from services.audit.pages.downloads.books import find_year
from services.audit.pages.downloads.messages import YEAR_UNKNOWN
from services.audit.reports.disclosure.counting import count_figures
from services.audit.reports.disclosure.duties import SUBJECTS, Duty, list_calendar
from services.audit.reports.disclosure.figures import (
    UNSPECIFIED,
    Campaign,
    Figures,
    FundFigures,
    Moved,
    Period,
    sum_campaign,
)
from services.audit.reports.disclosure.markdown import (
    FUND_COLUMNS,
    GOODS_COLUMNS,
    format_leaf,
)
from services.audit.reports.fee_share import FeeShare
from services.audit.resources import AuditRuntime
from shared.contracts.values import CHINA, LABELS
from shared.sheets.report import Cell, ReportSheet, convert_fen
from shared.towns import town_name
from shared.web.access import Denied

FIRST_YEAR = 2000
CAMPAIGNS_UNREAD = "未能读取专项行动：它们的到期事项不在内"


async def build_disclosure(runtime: AuditRuntime, year: Period, now: datetime) -> list[ReportSheet]:
    """Of the year's whole calendar, of what is published of it. Raises Denied."""
    answer = await ask_campaigns(runtime.http, runtime.settings)
    campaigns, notes = answer or [], [CAMPAIGNS_UNREAD] if answer is None else []
    major_fen = runtime.settings.major_transaction_fen

    def count() -> tuple[Figures, Figures] | None:
        """And of the year before: some of it falls due in this one."""
        logs = list(_find_logs(runtime, year.start.year))
        if not logs:
            return None
        earlier = runtime.resources.figures.count(runtime.resources, year.start.year - 1, major_fen)
        return count_figures(logs, year, major_fen=major_fen), earlier

    counted = await asyncio.to_thread(count)
    if counted is None:
        raise Denied(YEAR_UNKNOWN.refusal(404, year=year.start.year))
    figures, _ = counted
    due = list_calendar(*counted, campaigns, major_fen=major_fen)
    return list_disclosure_sheets(figures, due, campaigns, now.astimezone(CHINA).date(), notes)


def _find_logs(runtime: AuditRuntime, year: int) -> Iterator[PublishedLog]:
    """Of all years up to the next: what an earlier one promised is paid, and what the next one
    recorded belongs to this one. Nothing where the year itself has none."""
    if find_year(runtime, year) is not None:
        logs = (find_year(runtime, each) for each in range(FIRST_YEAR, year + 2))
        yield from (log for log in logs if log is not None)


def list_disclosure_sheets(
    figures: Figures,
    due: Iterable[Duty],
    campaigns: Iterable[Campaign],
    today: date,
    notes: Iterable[str] = (),
) -> list[ReportSheet]:
    """The calendar first: it says what has to be done."""
    return [
        ReportSheet("到期事项", [*_list_duties(due, today), *([note] for note in notes)]),
        ReportSheet("基金", _list_funds(figures)),
        ReportSheet("收入和费用", _list_income(figures)),
        ReportSheet("支出去向", _list_uses(figures)),
        ReportSheet("重大和最大交易", _list_moved(figures.moved)),
        ReportSheet("退回捐赠", _list_moved(figures.refunds)),
        ReportSheet("基金间划转", _list_moved(figures.transfers)),
        ReportSheet("期末未付承诺", _list_promises(figures)),
        ReportSheet("物资", _list_goods(figures)),
        ReportSheet("专项行动和项目", _list_campaigns(figures, campaigns)),
        ReportSheet("更正", _list_corrections(figures)),
    ]


def _drop_english(words: str) -> str:
    return words.split(" ")[0]


def _list_duties(due: Iterable[Duty], today: date) -> Iterator[Sequence[Cell]]:
    yield ("期限", f"截至 {today}", "事项", "内容", "账本条目", "依据")
    for each in due:
        yield (
            each.due or "及时",
            "已过期" if each.is_overdue(today) else "",
            SUBJECTS[each.subject][0],
            _name_duty(each),
            format_leaf(each.entry) if each.entry else "",
            each.source,
        )


def _name_duty(duty: Duty) -> str:
    """The year, the campaign with its days, or the kind of an entry and whose it is."""
    kind = KINDS[duty.kind].zh if duty.kind else ""
    days = f"{duty.days[0]}至{duty.days[1]}" if duty.days else ""
    return " ".join(filter(None, (kind, duty.about, days)))


def _list_funds(figures: Figures) -> Iterator[Sequence[Cell]]:
    columns = [f"{_drop_english(words)}（元）" for words in FUND_COLUMNS.values()]
    yield ("基金编号", "名称", "性质", *columns)
    for id_, each in sorted(figures.funds.items()):
        kind = "限定性" if each.restricted else "非限定性"
        yield (id_, each.name, kind, *_list_sums(each))
    yield ("合计", "", "", *(convert_fen(figures.sum_funds(name)) for name in FUND_COLUMNS))


def _list_sums(each: FundFigures) -> list[Cell]:
    return [convert_fen(getattr(each, name)) for name in FUND_COLUMNS]


def _list_income(figures: Figures) -> Iterator[Sequence[Cell]]:
    for restricted, zh in ((True, "限定性捐赠收入"), (False, "非限定性捐赠收入")):
        received = figures.sum_funds("received", restricted=restricted)
        yield (zh, convert_fen(received), "元")
    for name, zh in (("fees", "管理费"), ("charges", "银行手续费"), ("disbursed", "拨付")):
        yield (zh, convert_fen(figures.sum_funds(name)), "元")
    costs = figures.sum_funds("fees") + figures.sum_funds("charges")
    share = FeeShare(costs, figures.sum_funds("disbursed"))
    yield ("管理费用占当年总支出", share.describe()[0])
    yield ()
    yield (
        "按银行到账日期：基金",
        "本期银行到账（元）",
        "其中期后入账（元）",
        "本期入账而属他期（元）",
    )
    for fund, days in sorted(figures.bank_days.items()):
        yield (fund, *map(convert_fen, (days.in_period, days.late, days.of_others)))


def _list_uses(figures: Figures) -> Iterator[Sequence[Cell]]:
    yield ("口径", "项目", "拨付（元）")
    counted: Mapping[str, Mapping[str, int]] = {
        "需求类别": figures.by_category,
        "困难类别": figures.by_beneficiary_class,
        "镇街": figures.by_town,
    }
    for title, sums in counted.items():
        for code, fen in sums.items():
            if fen:
                yield (title, _name_code(code), convert_fen(fen))


def _name_code(code: str) -> str:
    return "未注明" if code == UNSPECIFIED else LABELS.get(code) or town_name(code) or code


def _list_moved(moved: Iterable[Moved]) -> Iterator[Sequence[Cell]]:
    yield ("入账日", "银行日", "账本条目", "类型", "编号", "金额（元）", "基金", "依据", "说明")
    for each in moved:
        yield (
            *(each.day, each.effective, format_leaf(each.entry), KINDS[each.kind].zh),
            *(each.subject, convert_fen(each.amount)),
            "，".join(f"{fund} {convert_fen(fen)}" for fund, fen in each.funds),
            each.reference,
            "限定性转为非限定性" if each.lifts_restriction else "",
        )


def _list_promises(figures: Figures) -> Iterator[Sequence[Cell]]:
    yield ("账本条目", "对接编号", "基金", "未付（元）")
    for key, each in figures.open_promises():
        yield (format_leaf(key), each.match, each.fund, convert_fen(each.outstanding))


def _list_goods(figures: Figures) -> Iterator[Sequence[Cell]]:
    yield ("基金", "物资", "单位", *map(_drop_english, GOODS_COLUMNS.values()))
    for (fund, unit), each in sorted(figures.goods.items()):
        yield (fund, unit.item, unit.unit, *(getattr(each, name) for name in GOODS_COLUMNS))


def _list_campaigns(figures: Figures, campaigns: Iterable[Campaign]) -> Iterator[Sequence[Cell]]:
    yield ("名称", "开始", "结束", "收到（元）", "拨付（元）", "期末（元）")
    for each in campaigns:
        sums = sum_campaign(figures, each)
        lines = (sums["received_fen"], sums["disbursed_fen"], sums["closing_fen"])
        yield (each.name, each.start, each.end or "进行中", *map(convert_fen, lines))


def _list_corrections(figures: Figures) -> Iterator[Sequence[Cell]]:
    yield ("日期", "账本条目", "更正的条目", "原入账日", "类型", "金额", "依据")
    for each in figures.corrections:
        yield (
            *(each.day, format_leaf(each.entry), format_leaf(each.reverses), each.recorded),
            KINDS[each.kind].zh,
            "，".join(unit.format(amount) for unit, amount in each.amounts),
            each.reference,
        )
