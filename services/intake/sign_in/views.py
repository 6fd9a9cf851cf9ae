"""Accounts as their keepers read them."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.model.account import Account
from shared.security import Credential
from shared.web.pages import name_town
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
    ends: datetime | None
    signed_in: datetime | None
    used: datetime | None
    is_locked: bool
    is_enrolled: bool


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A credential that no browser signs in with: a channel's, a bank's, one of our own services'.

    source: as which it speaks on topics, empty where it does not. keys: how many it may sign with.
    """

    id: str
    holder: str
    roles: tuple[Texts, ...]
    source: str
    keys: int
    state: Texts
    ends: datetime | None
    used: datetime | None


def describe_account(
    credential: Credential,
    account: Account | None,
    is_locked: bool,
    now: datetime,
    used_at: datetime | None = None,
) -> AccountRow:
    return AccountRow(
        id=credential.id,
        holder=credential.principal,
        roles=list_roles(credential),
        area=_name_area(credential.area),
        state=_find_state(credential, account, is_locked, now),
        ends=credential.expires_at,
        signed_in=account.signed_in_at if account else None,
        used=used_at,
        is_locked=is_locked,
        is_enrolled=account is not None,
    )


def describe_key(credential: Credential, now: datetime, used_at: datetime | None) -> KeyRow:
    return KeyRow(
        id=credential.id,
        holder=credential.principal,
        roles=list_roles(credential),
        source=credential.source,
        keys=len(credential.list_valid_keys(now)) if credential.may_publish else 0,
        state=_find_ending(credential, now) or ("有效", "valid"),
        ends=credential.expires_at,
        used=used_at,
    )


def _name_area(area: str) -> Texts:
    if not area:
        return WHOLE_CITY
    zh, en = name_town(area[:9])
    return (f"{zh}（村居 {area}）", f"{en} ({area})") if len(area) > 9 else (zh, en)


def _find_state(
    credential: Credential, account: Account | None, is_locked: bool, now: datetime
) -> Texts:
    if ending := _find_ending(credential, now):
        return ending
    if account is None:
        return ("未开通登录", "not enrolled")
    if account.identity_id:
        return ("用单位账号登录", "signs in with the organisation's account")
    return ("已锁定", "locked") if is_locked else ("可以登录", "may sign in")


def _find_ending(credential: Credential, now: datetime) -> Texts | None:
    """None: it is valid."""
    if credential.revoked:
        return ("已吊销", "revoked")
    return ("已到期", "expired") if credential.has_expired(now) else None
