"""The statutory account of a leg. Transfers between funds are moves inside net assets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from services.audit.ledger.accounts import COMMITMENTS, RESERVE, TRANSFERS, Chart, classify_account
from services.audit.ledger.movements import MONEY, amount_of
from shared.contracts.ledger import FundOpened, LedgerEntry

OPENINGS = ("fund_carried", "opening_balance")
"""Kinds of entry with which a year begins: no voucher, and no income of a month."""
CODE_LENGTH = 4
"""What follows are a foundation's own sub-accounts."""


class StatutoryError(ValueError):
    """An account without a place in the statutory statements; the text says which."""


@dataclass(frozen=True, slots=True)
class StatutoryLeg:
    """debit_fen: negative for a credit."""

    fund: str
    code: str
    title: str
    debit_fen: int
    restricted: bool

    @property
    def item(self) -> str:
        """The account of the statements."""
        return self.code[:CODE_LENGTH]


@dataclass(slots=True)
class StatutoryReader:
    """Knows the funds from their openings, so entries are given in order."""

    chart: Chart
    _restricted: dict[str, bool] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def read(self, entry: LedgerEntry) -> list[StatutoryLeg]:
        """Of money; none where an entry moves none of what the statements know."""
        if entry["kind"] in ("fund_opened", "fund_carried"):
            opening = cast(FundOpened, entry)
            self._restricted[opening["fund"]] = opening["restricted"]
            self._names[opening["fund"]] = opening["name"]
        return list(self._list_legs(entry))

    def find_name(self, fund: str) -> str:
        return self._names.get(fund, fund)

    def _list_legs(self, entry: LedgerEntry) -> Iterator[StatutoryLeg]:
        for leg in entry["legs"]:
            group = classify_account(leg["account"])
            unit, amount = amount_of(leg)
            if unit != MONEY or group in (COMMITMENTS, RESERVE):
                continue
            restricted = self._restricted[leg["fund"]]
            name = leg["account"]
            if group == TRANSFERS:
                name = self.chart.of_fund(restricted=restricted).net_assets
            account = self.chart.find(name)
            if not account.code:
                raise StatutoryError(
                    f"科目 {name} 没有法定科目代码：请在科目表中填写 code "
                    f"the account {name} has no statutory code: write one into the chart"
                )
            debit_fen = amount if leg["side"] == "debit" else -amount
            yield StatutoryLeg(leg["fund"], account.code, account.title, debit_fen, restricted)
