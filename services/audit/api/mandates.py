"""HTTP: mandates for a fund's managers and for partners; the donor's page behind his link."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from services.audit import views
from services.audit.api.access import Checker
from services.audit.model import (
    ApproveMandate,
    DeclineMandate,
    Fund,
    GiveMandate,
    Mandate,
    MandateRequest,
    ProposeMandate,
    RevokeMandate,
    WithdrawMandate,
)
from services.audit.pages.donor import render_mandate, render_mandate_answered
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from shared import mongo
from shared.contracts.links import MANDATE
from shared.contracts.values import Identifier, Value
from shared.ids import make_id
from shared.messaging.decision import Command
from shared.partner_ids import hide_donor, reveal_donor
from shared.runtime import Runtime
from shared.security import Credential, Role, Unauthenticated
from shared.web.access import IdempotencyKey, Router, RuntimeDep, allow, answer_to, respond
from shared.web.links import (
    LinkRoute,
    Token,
    answer_refused,
    is_browser,
    load_linked,
    require_standing,
)

router = Router(tags=["mandates"])
link_router = Router(route_class=LinkRoute, tags=["links"])

Id = Annotated[Identifier, Path()]
HANDS = frozenset({"maker", "checker", "revoked_by", "said_to"})
# A mandate has no area.
Asking = Annotated[
    Credential, Depends(allow(Role.FINANCE_MAKER, Role.DONOR_PARTNER, whole_city=True))
]
Ending = Annotated[
    Credential,
    Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.DONOR_PARTNER, whole_city=True)),
]
# A partner has none either, and sees those that are his to use.
Reading = Annotated[
    Credential,
    Depends(
        allow(
            Role.AUDITOR,
            Role.OPERATOR,
            Role.FINANCE_MAKER,
            Role.FINANCE_CHECKER,
            Role.DONOR_PARTNER,
            whole_city=True,
        )
    ),
]


def find_partner(caller: Credential) -> str | None:
    """Whose mandates alone he may touch; None for our own people."""
    is_partner = Role.DONOR_PARTNER in caller.roles
    return caller.speaks_as if is_partner else None


@router.get("/mandates")
async def list_mandates(
    runtime: RuntimeDep, caller: Reading, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> dict[str, object]:
    """Those that wait for a second person first."""
    partner = find_partner(caller)
    mandates = await views.load_mandates(runtime.database, partner, limit)
    return {"mandates": [_show(runtime, caller, each) for each in mandates]}


@router.post("/mandates", status_code=202)
async def propose_mandate(
    mandate: MandateRequest, runtime: RuntimeDep, caller: Asking, key: IdempotencyKey
) -> Response:
    """On the fund's money, or on the gifts of a donor. A partner: on gifts, for himself alone."""
    fields = {name: getattr(mandate, name) for name in MandateRequest.model_fields}
    fields["donor_id"] = reveal_donor(runtime.keyring, caller, mandate.donor_id)
    command = ProposeMandate(partner=find_partner(caller), **fields)
    return await _answer_to(runtime, caller, command, key)


async def _answer_to(runtime: Runtime, caller: Credential, data: Value, key: str) -> Response:
    """With the caller's own id of the donor."""
    command = Command(data, key=f"{caller.speaks_as}|{key}", principal=caller.principal)
    answer = await runtime.processor.execute(command)
    return respond(replace(answer, body=_show(runtime, caller, answer.body)))


def _show(
    runtime: Runtime, caller: Credential, mandate: Mapping[str, object]
) -> Mapping[str, object]:
    """To a partner with his own id of the donor, and without which staff did what."""
    visible = hide_donor(runtime.keyring, caller, mandate)
    if find_partner(caller) is None:
        return visible
    return {name: value for name, value in visible.items() if name not in HANDS}


@router.post("/mandates/{mandate_id}/approve")
async def approve_mandate(
    mandate_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """By another person than asked for it; of a donor's gifts only with his consent on record."""
    return await answer_to(runtime, checker, ApproveMandate(mandate_id=mandate_id), key)


@router.post("/mandates/{mandate_id}/decline")
async def decline_mandate(
    mandate_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineMandate(mandate_id=mandate_id), key)


@router.post("/mandates/{mandate_id}/revoke")
async def revoke_mandate(
    mandate_id: Id, runtime: RuntimeDep, caller: Ending, key: IdempotencyKey
) -> Response:
    """Nothing new is committed under it; what is committed stands."""
    command = RevokeMandate(mandate_id=mandate_id, partner=find_partner(caller))
    return await _answer_to(runtime, caller, command, key)


# --- the donor ------------------------------------------------------------------------------------


@link_router.get(MANDATE.route(), response_class=HTMLResponse)
async def show_mandate(token: Token, request: Request, runtime: AuditRuntimeDep) -> Response:
    mandate = await _load_mandate(token, request, runtime)
    now, phone = await runtime.processor.now(), runtime.settings.help_phone
    fund = await mongo.load(runtime.database, Fund, mandate.fund_id)
    name = fund.name if fund else ""
    return render_mandate(request, mandate, partial(MANDATE.path, token), now, phone, name)


@link_router.post(MANDATE.route("give"))
async def give_mandate(token: Token, request: Request, runtime: AuditRuntimeDep) -> Response:
    """Not to a partner who is gone; taking it back is always possible. Raises Unauthenticated."""
    mandate = await _load_mandate(token, request, runtime)
    if mandate.source and runtime.keyring.is_partner_gone(mandate.source):
        raise Unauthenticated
    return await _answer_donor(request, runtime, GiveMandate(mandate_id=mandate.id), token)


@link_router.post(MANDATE.route("withdraw"))
async def withdraw_mandate(token: Token, request: Request, runtime: AuditRuntimeDep) -> Response:
    mandate = await _load_mandate(token, request, runtime)
    return await _answer_donor(request, runtime, WithdrawMandate(mandate_id=mandate.id), token)


async def _load_mandate(token: str, request: Request, runtime: Runtime) -> Mandate:
    """Raises Unauthenticated or Denied."""
    opened, mandate = await load_linked(request, runtime, MANDATE, token, Mandate)
    await require_standing(runtime, opened, mandate.donor_id)
    return mandate


async def _answer_donor(
    request: Request, runtime: AuditRuntime, data: GiveMandate | WithdrawMandate, token: str
) -> Response:
    """The same button again is the same command; a browser is shown a page, others JSON."""
    link_id = runtime.keyring.read_link(token).id
    key = make_id("link", link_id, type(data).__name__)
    command = Command(data, key=key, principal=f"link:{MANDATE.purpose}")
    answer = await runtime.processor.execute(command)
    if answer.status >= 400:
        return answer_refused(request, answer)
    if not is_browser(request):
        return respond(answer)
    phone = runtime.settings.help_phone
    return render_mandate_answered(request, str(answer.body["state"]), MANDATE.path(token), phone)
