"""Accounts for looking around in a demo: made for this run, on this machine, without codes."""

import re
import secrets
from dataclasses import dataclass
from html import unescape

import httpx
from rich.console import Console
from rich.table import Table

from deploy.commands.accounts import make_invitation
from deploy.local.stack import Stack

# Whoever looks around tries these first.
PEOPLE = (
    ("collector", "收集人员 collector"),
    ("approver-village", "村（社区）审批 village approver"),
    ("approver-town", "镇街审批 town approver"),
    ("approver-city", "市级审批 city approver"),
    ("finance-maker", "财务经办 finance, proposes"),
    ("finance-checker", "财务复核 finance, approves"),
    ("auditor", "审计 auditor"),
    ("operator", "系统管理 operator"),
    ("support", "客服 support"),
    ("partner", "爱心资源伙伴 partner"),
)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass(frozen=True, slots=True)
class DemoAccount:
    id: str
    title: str
    password: str


async def make_accounts(stack: Stack) -> list[DemoAccount]:
    """Takes an invitation for each, as its owner would. Raises RuntimeError for a refusal."""
    accounts = [DemoAccount(id_, title, _make_password()) for id_, title in PEOPLE]
    async with httpx.AsyncClient(base_url=stack.public_url, timeout=30, trust_env=False) as http:
        for account in accounts:
            await _enrol(http, make_invitation(stack.secrets_dir, account.id), account.password)
    return accounts


def _make_password() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(3))


async def _enrol(http: httpx.AsyncClient, path: str, password: str) -> None:
    page = await http.get(path)
    hidden = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}
    fields = {"new_password": password, "password_again": password}
    answer = await http.post(path, data={**hidden, **fields})
    if answer.status_code != httpx.codes.SEE_OTHER:
        raise RuntimeError(f"no demo account: {answer.status_code}")


def print_accounts(console: Console, accounts: list[DemoAccount]) -> None:
    table = Table("登录为 sign in as", "账号 account", "密码 password (本次演示 this demo only)")
    for account in accounts:
        table.add_row(account.title, account.id, account.password)
    console.print(table)
