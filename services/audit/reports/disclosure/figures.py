"""The figures of a period: by the calendar in China, or of a campaign or project with dates.

Reversals count against what they reverse, in the period they are recorded in, and are listed as
corrections besides. The log does not know campaigns: they come from matching, or from a file.
"""

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from services.audit.ledger.movements import Unit
from services.audit.reports.flow.gifts import EntryKey
from shared.contracts.ledger import Kind
from shared.contracts.values import CHINA
from shared.documents import Document

_FORM = re.compile(r"(?P<year>20\d\d)(Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")


class PeriodError(ValueError):
    """Not a period; the text says how to write one."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until before `end`."""

    name: str
    start: date
    end: date

    @classmethod
    def parse(cls, text: str) -> Self:
        """`2026`, `2026Q1` or `2026-01`. PeriodError otherwise."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise PeriodError(f"期间写作 2026、2026Q1 或 2026-01; not a period: {text}")
        year, quarter, month = (int(match[name] or 0) for name in ("year", "quarter", "month"))
        first = month or (quarter * 3 - 2 if quarter else 1)
        start = date(year, first, 1)
        return cls(text, start, shift_months(start, 1 if month else 3 if quarter else 12))

    @property
    def is_year(self) -> bool:
        return self.end.year - self.start.year == 1 and self.start.month == self.end.month == 1

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


def shift_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class Campaign(BaseModel):
    """募捐活动 or 慈善项目. end: its last day, if that is set. funds: where its money is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    start: date
    end: date | None = None
    funds: tuple[str, ...] = ()
    kind: Literal["campaign", "project"] = "campaign"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise PydanticCustomError("ends_before_start", "it ends before it starts")
        return self


_LIST = TypeAdapter(list[Campaign])


def parse_campaigns(rows: Iterable[Document]) -> list[Campaign]:
    """As matching describes them: days by China's clock, the last one counted."""
    return [
        Campaign(
            name=row["name"],
            start=_find_day(row["starts_at"]),
            end=_find_day(row["ends_at"], before=timedelta(microseconds=1)),
            funds=tuple(row["fund_ids"]),
        )
        for row in rows
    ]


def _find_day(moment: str, before: timedelta = timedelta()) -> date:
    return (datetime.fromisoformat(moment) - before).astimezone(CHINA).date()


def read_campaigns(file: Path) -> list[Campaign]:
    """A JSON list of campaigns; pydantic's ValidationError says what is wrong where."""
    return _LIST.validate_json(file.read_bytes())


# --- figures --------------------------------------------------------------------------------------

UNSPECIFIED = "unspecified"

LARGEST = 10

FEE_SHARE_MAX = 10_00
"""慈善法（2023 年修正）第六十一条, of foundations that raise money in public: a year's fees are at
most 10 % of all it spent, in hundredths of a percent."""


@dataclass(slots=True)
class FundFigures:
    """A fund's money, in fen: closing = opening + received + interest + transferred in
    - transferred out - fees - charges (of banks) - refunded - disbursed; of which `outstanding` is
    promised, and of that `due` is owed."""

    name: str
    restricted: bool
    opening: int = 0
    received: int = 0
    transferred_in: int = 0
    transferred_out: int = 0
    fees: int = 0
    interest: int = 0
    charges: int = 0
    refunded: int = 0
    disbursed: int = 0
    outstanding_before: int = 0
    committed: int = 0
    released: int = 0
    due: int = 0

    @property
    def closing(self) -> int:
        came = self.opening + self.received + self.interest + self.transferred_in
        costs = self.fees + self.charges + self.refunded
        return came - self.transferred_out - costs - self.disbursed

    @property
    def outstanding(self) -> int:
        return self.outstanding_before + self.committed - self.disbursed - self.released


@dataclass(slots=True)
class BankDays:
    """A fund's gifts by the day the bank received them, less what was taken back (fen).

    in_period: of this period, whenever it was recorded; late: of it, what was recorded after the
    period; of_others: what was recorded in the period and belongs to another."""

    in_period: int = 0
    late: int = 0
    of_others: int = 0


@dataclass(slots=True)
class GoodsFigures:
    """Things of a fund: closing = opening + received - distributed - written off."""

    opening: int = 0
    received: int = 0
    distributed: int = 0
    written_off: int = 0

    @property
    def closing(self) -> int:
        return self.opening + self.received - self.distributed - self.written_off


@dataclass(slots=True)
class Promise:
    """A commitment: whom for, from which fund, and how much of it is not yet paid (fen)."""

    match: str
    fund: str
    purpose: dict[str, str]
    outstanding: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that came, went or changed funds in one entry. funds: signed fen, by fund. day: when it
    was recorded. effective: the bank's day."""

    entry: EntryKey
    day: date
    effective: date
    kind: Kind
    subject: str
    amount: int
    funds: tuple[tuple[str, int], ...]
    reference: str = ""
    """The document behind a transfer."""
    lifts_restriction: bool = False
    """Of a transfer: from restricted money to unrestricted."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A reversal, and what it takes back: an entry of this period or of an earlier one."""

    entry: EntryKey
    day: date
    reverses: EntryKey
    recorded: date
    kind: Kind
    amounts: tuple[tuple[Unit, int], ...]
    reference: str


@dataclass(slots=True)
class Figures:
    """Everything counted in one period."""

    period: Period
    logs: dict[str, int] = field(default_factory=dict)
    """By log, how many of its entries were read."""
    funds: dict[str, FundFigures] = field(default_factory=dict)
    bank_days: dict[str, BankDays] = field(default_factory=dict)
    """By fund, where there is any."""
    by_category: Counter[str] = field(default_factory=Counter)
    by_beneficiary_class: Counter[str] = field(default_factory=Counter)
    by_town: Counter[str] = field(default_factory=Counter)
    goods: dict[tuple[str, Unit], GoodsFigures] = field(default_factory=dict)
    promises: dict[EntryKey, Promise] = field(default_factory=dict)
    transfers: list[Moved] = field(default_factory=list)
    refunds: list[Moved] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    moved: list[Moved] = field(default_factory=list)
    """The largest of the period, largest first; all that are major, however many."""
    entries: int = 0

    def sum_funds(self, name: str, *, restricted: bool | None = None) -> int:
        """A field of FundFigures over all funds, or over those that are restricted or not."""
        return sum(
            getattr(fund, name)
            for fund in self.funds.values()
            if restricted is None or fund.restricted is restricted
        )

    @property
    def fee_share_of_received(self) -> int | None:
        """Fees of what was received and not given back, in hundredths of a percent, rounded up."""
        return find_share(
            self.sum_funds("fees"), self.sum_funds("received") - self.sum_funds("refunded")
        )

    @property
    def fee_share_of_spent(self) -> int | None:
        """Fees and banks' charges, which are management costs (管理费用), of all that was spent,
        these included, in hundredths of a percent, rounded up."""
        costs = self.sum_funds("fees") + self.sum_funds("charges")
        return find_share(costs, costs + self.sum_funds("disbursed"))

    @property
    def is_above_fee_limit(self) -> bool:
        """Of the fees of a whole year the law says a limit; it is of all that the year spent."""
        return (self.fee_share_of_spent or 0) > FEE_SHARE_MAX and self.period.is_year

    def open_promises(self) -> list[tuple[EntryKey, Promise]]:
        return [(key, each) for key, each in self.promises.items() if each.outstanding]


def find_share(part: int, whole: int) -> int | None:
    return -(-part * 10_000 // whole) if whole > 0 else None


_OF_FUND = (
    *("opening", "received", "interest", "transferred_in", "transferred_out", "fees", "charges"),
    "refunded",
    *("disbursed", "closing", "outstanding_before", "committed", "released", "outstanding"),
    "due",
)


def describe_figures(figures: Figures, campaigns: Iterable[Campaign] = ()) -> dict[str, object]:
    """campaigns: each with the figures of its funds, for the whole period."""
    period = figures.period
    return {
        "period": {"name": period.name, "start": str(period.start), "end_before": str(period.end)},
        "logs": figures.logs,
        "entries": figures.entries,
        "funds": [
            {"fund": id_, **_describe_fund(each)} for id_, each in sorted(figures.funds.items())
        ],
        "totals": {f"{name}_fen": figures.sum_funds(name) for name in _OF_FUND},
        "received": {
            "restricted_fen": figures.sum_funds("received", restricted=True),
            "unrestricted_fen": figures.sum_funds("received", restricted=False),
        },
        "received_by_bank_day": [
            {
                "fund": fund,
                "in_period_fen": days.in_period,
                "recorded_later_fen": days.late,
                "of_other_periods_fen": days.of_others,
            }
            for fund, days in sorted(figures.bank_days.items())
        ],
        "disbursed": {
            "by_category": _drop_zeros(figures.by_category),
            "by_beneficiary_class": _drop_zeros(figures.by_beneficiary_class),
            "by_town": _drop_zeros(figures.by_town),
        },
        "fees": {
            "fees_fen": figures.sum_funds("fees"),
            "basis_points_of_received": figures.fee_share_of_received,
            "basis_points_of_spent": figures.fee_share_of_spent,
            "above_limit": figures.is_above_fee_limit,
        },
        "refunds": [_format_moved(each) for each in figures.refunds],
        "transfers": [_format_moved(each) for each in figures.transfers],
        "outstanding": [_describe_promise(*each) for each in figures.open_promises()],
        "goods": [_describe_goods(*each) for each in sorted(figures.goods.items())],
        "refusals": dict(sorted(figures.refusals.items())),
        "corrections": [_describe_correction(each) for each in figures.corrections],
        "campaigns": [sum_campaign(figures, each) for each in campaigns],
        "largest": [_format_moved(each) for each in figures.moved],
    }


def sum_campaign(figures: Figures, campaign: Campaign) -> Document:
    own = [figures.funds[fund] for fund in campaign.funds if fund in figures.funds]
    sums = {f"{name}_fen": sum(getattr(fund, name) for fund in own) for name in _OF_FUND}
    return {**campaign.model_dump(mode="json"), **sums}


def _describe_fund(each: FundFigures) -> dict[str, object]:
    fields: dict[str, object] = {"name": each.name, "restricted": each.restricted}
    return fields | {f"{name}_fen": getattr(each, name) for name in _OF_FUND}


def _describe_promise(key: EntryKey, promise: Promise) -> dict[str, object]:
    return {
        "entry": _format_key(key),
        "match": promise.match,
        "fund": promise.fund,
        "purpose": promise.purpose,
        "outstanding_fen": promise.outstanding,
    }


def _describe_goods(key: tuple[str, Unit], goods: GoodsFigures) -> dict[str, object]:
    fund, unit = key
    return {
        "fund": fund,
        "item": unit.item,
        "unit": unit.unit,
        "opening": goods.opening,
        "received": goods.received,
        "distributed": goods.distributed,
        "written_off": goods.written_off,
        "closing": goods.closing,
    }


def _describe_correction(each: Correction) -> dict[str, object]:
    return {
        "entry": _format_key(each.entry),
        "day": str(each.day),
        "reverses": _format_key(each.reverses),
        "reverses_day": str(each.recorded),
        "kind": each.kind,
        "amounts": [unit.to_json(amount) for unit, amount in each.amounts],
        "reference": each.reference,
    }


def _format_moved(each: Moved) -> dict[str, object]:
    fields: dict[str, object] = {
        "entry": _format_key(each.entry),
        "day": str(each.day),
        "bank_day": str(each.effective),
        "kind": each.kind,
        "subject": each.subject,
        "amount_fen": each.amount,
        "funds": [{"fund": fund, "amount_fen": amount} for fund, amount in each.funds],
    }
    reference = {"reference": each.reference} if each.reference else {}
    lifted = {"lifts_restriction": True} if each.lifts_restriction else {}
    return fields | reference | lifted


def _drop_zeros(sums: Mapping[str, int]) -> dict[str, int]:
    return {code: amount for code, amount in sorted(sums.items()) if amount}


def _format_key(key: EntryKey) -> dict[str, str | int]:
    return {"log": key[0], "index": key[1]}
