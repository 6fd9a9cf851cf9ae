"""记账凭证: a month's entries as vouchers, in the columns that 用友 and 金蝶 take over.

One entry is one voucher. A month's vouchers are numbered in the order of the log, so a voucher
keeps its number whenever the month is exported again: nothing comes between entries afterwards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.audit.ledger.accounts import Chart
from services.audit.ledger.kinds import kind_of
from services.audit.ledger.published import day_of
from services.audit.reports.disclosure.figures import Period
from services.audit.reports.statutory.accounts import OPENINGS, StatutoryLeg, StatutoryReader
from shared.contracts.ledger import LedgerEntry
from shared.documents import Document

HEADERS = (
    "日期",
    "凭证字",
    "凭证号",
    "附单据数",
    "摘要",
    "科目代码",
    "科目名称",
    "借方金额",
    "贷方金额",
    "币别",
    "汇率",
    "制单人",
    "审核人",
    "业务日期",
    "账本条目",
)
Cell = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Voucher:
    """effective_on: the bank's day. maker, checker: where two people decided it. entry: where it
    stands in the log."""

    day: date
    number: int
    summary: str
    legs: tuple[StatutoryLeg, ...]
    effective_on: date
    maker: str
    checker: str
    entry: str

    def list_rows(self) -> Iterator[tuple[Cell, ...]]:
        for leg in self.legs:
            amount = Decimal(abs(leg.debit_fen)) / 100
            yield (
                self.day,
                "记",
                self.number,
                0,
                self.summary,
                leg.code,
                leg.title,
                amount if leg.debit_fen > 0 else None,
                amount if leg.debit_fen < 0 else None,
                "人民币",
                1,
                self.maker,
                self.checker,
                self.effective_on,
                self.entry,
            )


def list_vouchers(entries: Iterable[LedgerEntry], month: Period, chart: Chart) -> Iterator[Voucher]:
    """StatutoryError where an account has no code."""
    reader, number = StatutoryReader(chart), 0
    for entry in entries:
        legs, day = reader.read(entry), day_of(entry["recorded_at"])
        if not legs or day not in month or entry["kind"] in OPENINGS:
            continue
        number += 1
        yield _make_voucher(entry, day, number, legs, reader)


def _make_voucher(
    entry: LedgerEntry, day: date, number: int, legs: list[StatutoryLeg], reader: StatutoryReader
) -> Voucher:
    """Debits first, as an accountant writes them."""
    content: Document = entry
    authorised = content.get("authorisation", {})
    funds = "、".join(dict.fromkeys(reader.find_name(leg.fund) for leg in legs))
    return Voucher(
        day,
        number,
        f"{kind_of(entry).zh} {funds}",
        tuple(sorted(legs, key=lambda leg: leg.debit_fen < 0)),
        day_of(entry["effective_at"]),
        str(authorised.get("maker", "")),
        str(authorised.get("checker", "")),
        f"{entry['log']}#{entry['index']}",
    )
