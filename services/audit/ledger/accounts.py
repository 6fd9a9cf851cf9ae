"""The chart of accounts: data in a file, with the statutory code and title of each account.

What an entry does is told by the classes of its accounts (`account_class`), so a chart may name its
accounts as it likes within them. Commitments and transfers between funds have no statutory account:
they are kept inside net assets (净资产) and cancel out.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from shared.contracts.ledger_fields import Account

COMMITMENTS = "Equity:Commitments"

RESERVE = "Equity:Commitments-Reserve"

TRANSFERS = "Equity:Transfers"

NET_ASSETS = "Equity:Net-Assets"

LATER_ACCOUNTS = {"payables": "Liabilities:Payables", "interest": "Income:Interest"}
"""By role, the account of a fund that was opened before its chart had one: what is due, and what
banks pay."""


class ChartError(ValueError):
    """The chart file cannot be used; the text says what to change."""


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account, its statutory code (empty where there is none) and its Chinese title."""

    name: str
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class FundAccounts:
    """The account of each role, for one fund; kept with the fund from its opening on."""

    bank: str
    goods: str
    donations: str
    goods_donations: str
    programme: str
    goods_programme: str
    management: str
    net_assets: str
    commitments: str
    reserve: str
    transfers: str
    payables: str = ""
    interest: str = ""
    """Both are empty of a fund that was opened before there were such accounts."""

    def __iter__(self) -> Iterator[str]:
        return (account for account in asdict(self).values() if account)


CLASSES = {
    "bank": "Assets",
    "goods": "Assets",
    "donations": "Income",
    "goods_donations": "Income",
    "programme": "Expenses",
    "goods_programme": "Expenses",
    "management": "Expenses",
    "net_assets": NET_ASSETS,
    "commitments": COMMITMENTS,
    "reserve": RESERVE,
    "transfers": TRANSFERS,
    "payables": "Liabilities",
    "interest": "Income",
}

RESTRICTED = ("donations", "goods_donations", "net_assets")
"""Roles that restricted funds have an account of their own for."""

OF_GOODS = ("goods", "goods_donations", "goods_programme")

_NAME = TypeAdapter[str](Account)


@dataclass(frozen=True, slots=True)
class Chart:
    """The accounts by role; `<role>_restricted` beside those in RESTRICTED."""

    standard: str
    accounts: Mapping[str, LedgerAccount]

    def of_fund(self, *, restricted: bool) -> FundAccounts:
        def name(role: str) -> str:
            own = f"{role}_restricted" if restricted and role in RESTRICTED else role
            return self.accounts[own].name

        return FundAccounts(**{field.name: name(field.name) for field in fields(FundAccounts)})

    def find(self, name: str) -> LedgerAccount:
        """The account of this name; one that the chart does not know has neither code nor title."""
        by_name = {account.name: account for account in self.accounts.values()}
        return by_name.get(name, LedgerAccount(name, "", ""))


def load_chart(file: Path | None = None) -> Chart:
    """The default chart, or that of `file`. ChartError where a role is missing or misplaced."""
    return parse_chart(read_chart_file(file))


def parse_chart(text: str) -> Chart:
    """Of a chart as `chart.toml` is written. ChartError."""
    standard = read_chart_file(None)
    try:
        data = tomllib.loads(text)
        rows = {role: tomllib.loads(standard)["accounts"][role] for role in LATER_ACCOUNTS}
        rows |= data["accounts"]
        accounts = {role: LedgerAccount(**row) for role, row in rows.items()}
        chart = Chart(data["standard"], accounts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ChartError(f"科目表无法读取 the chart cannot be read: {error}") from None
    for role, account in accounts.items():
        if not isinstance(account.name, str):
            raise ChartError(f"{role} 的 name 须加引号; the name of {role} is a text in quotes")
    for role, wanted in CLASSES.items():
        for own in (role, f"{role}_restricted") if role in RESTRICTED else (role,):
            _check(accounts, own, wanted)
    _check_apart(accounts)
    return chart


def check_citation(chart: Chart) -> None:
    """ChartError where a chart that is proposed cites no rules; one in force before stays so."""
    if not isinstance(chart.standard, str) or not chart.standard.strip():
        raise ChartError("standard 须写明所依据的会计制度; standard cites the rules in words")


def read_chart_file(file: Path | None) -> str:
    """As TOML; the standard one where no file is named."""
    return (file or files(__package__) / "chart.toml").read_text()


def _check(accounts: Mapping[str, LedgerAccount], role: str, wanted: str) -> None:
    if role not in accounts:
        raise ChartError(f"科目表缺少 {role}; the chart has no account for {role}")
    name = accounts[role].name
    if classify_account(name) != wanted:
        raise ChartError(f"{role} 须属于 {wanted}; {role} must be under {wanted}, not {name}")
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise ChartError(
            f"科目名 {name} 不可用; {name} is no account's name: "
            "parts without spaces or semicolons, joined by colons"
        ) from None


def _check_apart(accounts: Mapping[str, LedgerAccount]) -> None:
    """Money and goods meet on net assets alone."""
    goods = {account.name for role, account in accounts.items() if role.startswith(OF_GOODS)}
    for role, account in accounts.items():
        if not role.startswith(OF_GOODS) and account.name in goods:
            raise ChartError(
                f"{role} 与物资同一科目; {role} has the account of goods {account.name}"
            )


@lru_cache(maxsize=4096)
def classify_account(account: str) -> str:
    """What a kind of entry asks of an account: its root, or for Equity the named account itself."""
    parts = account.split(":")
    return ":".join(parts[:2]) if parts[0] == "Equity" else parts[0]
