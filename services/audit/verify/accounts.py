"""The accounts entries move money between: one table, with the statutory code beside each.

Codes are those of 民间非营利组织会计制度 (财会〔2004〕7号). Commitments and transfers between
funds have no statutory account: they are kept inside net assets (净资产) and cancel out.
"""

from dataclasses import dataclass
from functools import lru_cache

BANK = "Assets:Bank"
DONATIONS = "Income:Donations"
PROGRAMME = "Expenses:Programme"
COMMITMENTS = "Equity:Commitments"
RESERVE = "Equity:Commitments-Reserve"
TRANSFERS = "Equity:Transfers"


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account, its statutory code (empty where there is none) and its Chinese title."""

    name: str
    code: str
    title: str


CHART = {
    each.name: each
    for each in (
        LedgerAccount(BANK, "1002", "银行存款"),
        LedgerAccount(DONATIONS, "4101", "捐赠收入"),
        LedgerAccount(PROGRAMME, "5101", "业务活动成本"),
        LedgerAccount(COMMITMENTS, "", "已承诺资助"),
        LedgerAccount(RESERVE, "", "承诺准备"),
        LedgerAccount(TRANSFERS, "", "基金间划转"),
    )
}


@lru_cache(maxsize=4096)
def account_class(account: str) -> str:
    """What a kind of entry asks of an account: its root, or for Equity the named account itself."""
    parts = account.split(":")
    return ":".join(parts[:2]) if parts[0] == "Equity" else parts[0]
