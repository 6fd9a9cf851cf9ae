"""Accounts: one's own, and all of them for who keeps them."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import TypeAdapter

from services.intake.model.account import Account, EndSessions, SignInTally, UnlockAccount
from services.intake.neighbours import ask_neighbour
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.sign_in.views import AccountRow, describe_account, describe_key
from shared import mongo
from shared.contracts.values import Identifier, Moment
from shared.credential_uses import USES_PATH, load_uses
from shared.messaging.decision import Command
from shared.security import STAFF, Credential, Role
from shared.security.sessions import SIGNS_IN
from shared.web.access import allow
from shared.web.actions import SERVICE_NAMES
from shared.web.pages import Pages
from shared.web.staff import SIGN_IN_PATH, PageRouter

router = PageRouter()
PASSWORD_PATH = f"{SIGN_IN_PATH}/password"
PAGES = Pages("services.intake")
USES_OF = TypeAdapter(dict[str, Moment])

SignedIn = Annotated[Credential, Depends(allow(*STAFF, Role.DONOR_PARTNER))]
Keeper = Annotated[Credential, Depends(allow(Role.OPERATOR, Role.AUDITOR, whole_city=True))]
Operator = Annotated[Credential, Depends(allow(Role.OPERATOR, whole_city=True))]


@router.get("/account")
async def show_account(caller: SignedIn, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """One's own."""
    account = await mongo.load(runtime.database, Account, caller.id)
    row = describe_account(caller, account, False, await runtime.processor.now())
    return PAGES.render_for(request, "account.html", row=row, password_path=PASSWORD_PATH)


@router.get("/accounts")
async def show_accounts(caller: Keeper, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """Everybody who may sign in, and the keys of everything else: as what, where, and used when."""
    uses, silent = await _gather_uses(runtime)
    now = await runtime.processor.now()
    keys = [each for each in runtime.keyring.list_credentials() if not each.roles & SIGNS_IN]
    return PAGES.render_for(
        request,
        "accounts.html",
        rows=await _list_accounts(runtime, uses, now),
        keys=[
            describe_key(each, now, uses.get(each.id))
            for each in sorted(keys, key=lambda each: each.id)
        ],
        silent=[SERVICE_NAMES[name] for name in silent],
        may_end=Role.OPERATOR in caller.roles,
    )


@router.post("/accounts/{account_id}/end")
async def end_account_sessions(
    account_id: Identifier, _caller: Operator, runtime: IntakeRuntimeDep
) -> Response:
    """Signs an account out everywhere; it may sign in again. Ending it for good: `guanjia keys`."""
    await runtime.processor.execute(Command(EndSessions(account_id=account_id)))
    return RedirectResponse("/accounts", status_code=303)


@router.post("/accounts/{account_id}/unlock")
async def unlock_account(
    account_id: Identifier, _caller: Operator, runtime: IntakeRuntimeDep
) -> Response:
    """Also in browsers of its owner, whose failures are counted apart."""
    name_id = runtime.resources.proofs.derive_tally_id(account_id)
    for lock in await _find_locks(runtime, await runtime.processor.now()):
        if lock.name_id == name_id:
            await runtime.processor.execute(Command(UnlockAccount(tally_id=lock.id)))
    return RedirectResponse("/accounts", status_code=303)


async def _gather_uses(runtime: IntakeRuntime) -> tuple[Mapping[str, datetime], list[str]]:
    """The latest of all services, and which of them did not answer."""
    settings = runtime.settings
    urls = {
        "matching": settings.matching_url,
        "notify": settings.notify_url,
        "audit": settings.audit_url,
    }
    answers = await asyncio.gather(
        *(ask_neighbour(runtime, url, USES_PATH, b"{}") for url in urls.values())
    )
    uses, silent = dict(await load_uses(runtime.database)), []
    for name, answer in zip(urls, answers, strict=True):
        if answer is None:
            silent.append(name)
            continue
        for id_, at in USES_OF.validate_json(answer).items():
            uses[id_] = max(at, uses.get(id_, at))
    return uses, silent


async def _list_accounts(
    runtime: IntakeRuntime, uses: Mapping[str, datetime], now: datetime
) -> list[AccountRow]:
    credentials = [each for each in runtime.keyring.list_credentials() if each.roles & SIGNS_IN]
    tallies = {runtime.resources.proofs.derive_tally_id(each.id): each.id for each in credentials}
    accounts = await mongo.find(runtime.database, Account, {})
    locked = {tallies.get(lock.name_id) for lock in await _find_locks(runtime, now)}
    by_id = {account.id: account for account in accounts}
    return [
        describe_account(each, by_id.get(each.id), each.id in locked, now, uses.get(each.id))
        for each in sorted(credentials, key=lambda each: each.id)
    ]


async def _find_locks(runtime: IntakeRuntime, now: datetime) -> list[SignInTally]:
    return await mongo.find(runtime.database, SignInTally, {"locked_until": {"$gt": now}})
