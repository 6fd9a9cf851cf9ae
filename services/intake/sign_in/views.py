"""Accounts as their keepers read them."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.model.account import Account
from shared.contracts.values import CHINA
from shared.security import Credential
from shared.web.pages import format_town
from shared.web.tiles import list_roles

Texts = tuple[str, str]
"""Chinese and English."""
WHOLE_CITY: Texts = ("全市", "whole city")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """holder: the human's staff number. times as people in China write them; empty for never."""

    id: str
    holder: str
    roles: tuple[Texts, ...]
    area: Texts
    state: Texts
    ends: str
    signed_in: str
    is_locked: bool
    is_enrolled: bool


def describe_account(
    credential: Credential, account: Account | None, is_locked: bool, now: datetime
) -> AccountRow:
    return AccountRow(
        id=credential.id,
        holder=credential.principal,
        roles=list_roles(credential),
        area=_name_area(credential.area),
        state=_find_state(credential, account, is_locked, now),
        ends=_format(credential.expires_at),
        signed_in=_format(account.signed_in_at if account else None),
        is_locked=is_locked,
        is_enrolled=account is not None,
    )


def _name_area(area: str) -> Texts:
    if not area:
        return WHOLE_CITY
    town = format_town(area[:9])
    return (f"{town}（村居 {area}）", f"{town} ({area})") if len(area) > 9 else (town, town)


def _find_state(
    credential: Credential, account: Account | None, is_locked: bool, now: datetime
) -> Texts:
    if credential.revoked:
        return ("已吊销", "revoked")
    if credential.has_expired(now):
        return ("已到期", "expired")
    if account is None:
        return ("未开通登录", "not enrolled")
    return ("已锁定", "locked") if is_locked else ("可以登录", "may sign in")


def _format(moment: datetime | None) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}" if moment else ""
