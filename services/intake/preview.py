"""What an import would do, without asking a service: rows that fit, rows that do not, the first."""

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from services.intake.channels.spreadsheet import SheetRequest
from services.intake.importing import Report
from services.intake.rules import Rules, find_problems
from shared.contracts.events import RequestSubmitted
from shared.contracts.values import LABELS
from shared.money import format_yuan
from shared.sheets import RefusedRow
from shared.towns import is_city_wide, town_name

ROWS_SHOWN = 10


def preview_rows(
    rows: Iterable[SheetRequest | RefusedRow], rules: Rules, console: Console
) -> Report:
    """Nothing is sent. The rules are those of the settings here; intake has the last word."""
    report = Report()
    samples: list[SheetRequest] = []
    categories: Counter[str] = Counter()
    for row in rows:
        if isinstance(row, RefusedRow):
            report.refused.append(row)
        elif problems := find_problems(rules, row.request):
            report.refused.append(RefusedRow(row.line, row.original, problems))
        else:
            report.decisions["fit"] += 1
            categories[LABELS[row.request.category]] += 1
            if len(samples) < ROWS_SHOWN:
                samples.append(row)
    _print_samples(console, rules, samples)
    counts = "、".join(f"{label} {count}" for label, count in categories.most_common())
    console.print(f"按类别 by category: {counts or 0}")
    console.print("仅预览，没有导入 only a preview: nothing was imported")
    return report


def _print_samples(console: Console, rules: Rules, samples: Iterable[SheetRequest]) -> None:
    headers = ("行", "编号", "姓名", "类型", "类别", "困难类别", "需求", "镇街", "说明 remark")
    table = Table(*headers, title="预览 preview", title_justify="left")
    for column in table.columns:
        column.overflow = "fold"
    for row in samples:
        request = row.request
        need, remark = _format_need(rules, request)
        table.add_row(
            *(str(row.line), row.number, _mask_name(request.applicant.name)),
            *(LABELS[request.kind], LABELS[request.category], LABELS[request.beneficiary_class]),
            *(need, _format_town(request), remark),
        )
    console.print(table)


def _format_need(rules: Rules, request: RequestSubmitted) -> tuple[str, str]:
    need = request.need
    if need.is_money:
        return f"{format_yuan(need.quantity)}元", ""
    reading = rules.catalogue.read(need.item, need.unit)
    name = reading.item or LABELS[request.category]
    remark = reading.reason or ("" if reading.item else "目录中没有此物品，须核对")
    return f"{name} {need.quantity}{reading.unit}", remark


def _format_town(request: RequestSubmitted) -> str:
    code = request.area.town_code
    return "全市" if is_city_wide(code) else town_name(code)


def _mask_name(name: str) -> str:
    return name[:1] + "＊" * max(len(name) - 1, 0)
