"""What both providers' callbacks do: read a bounded body, record receipts, bind two contacts."""

import re
import secrets
from collections.abc import Sequence
from typing import Annotated

import structlog
from fastapi import Depends, Request
from pydantic import ValidationError

from services.intake import store
from services.intake.channels import text
from services.intake.channels.carriers import Receipts, SmsReceipt
from services.intake.channels.typed_requests import (
    HOW_TO_BIND,
    PROOF_UNKNOWN,
    PROVEN,
    format_answer,
    format_binding_code,
)
from services.intake.channels.wechat import WeChatReceipt
from services.intake.model import Provider, ReportMessage
from services.intake.own.proofs import record_proof
from services.intake.resources import IntakeRuntime
from services.intake.vault.messages import Inbound, derive_sender_id
from services.intake.vault.persons import derive_point_id, derive_proof_id, seal_openid
from services.intake.vault.prepare import make_binding
from services.intake.vault.sealing import Vault
from shared.messaging.batches import execute_all
from shared.messaging.decision import Command
from shared.security import Role, Unauthenticated
from shared.web.access import check_rate_limit

log = structlog.get_logger()

NOTICE_ID = re.compile(r"[\w.:-]{1,100}")


async def read_body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(read_body)]


async def authenticate_address(
    runtime: IntakeRuntime, request: Request, credential_id: str, token: str
) -> IntakeRuntime:
    """By the secret that the address holds. Raises Unauthenticated or Denied."""
    credential = runtime.keyring.authenticate(f"gj_{credential_id}_{token}")
    if Role.CALLBACK not in credential.roles:
        raise Unauthenticated
    await check_rate_limit(request, credential.id)
    return runtime


# --- one person's WeChat and phone ---


async def bind(runtime: IntakeRuntime, inbound: Inbound, code: str) -> str:
    """What to answer: by WeChat the code, by SMS what came of it."""
    if code:
        return await _execute_binding(runtime, inbound, code)
    return await _answer_with_code(runtime, inbound)


async def _answer_with_code(runtime: IntakeRuntime, inbound: Inbound) -> str:
    """A code that the writer sends from his phone: then both are certainly his."""
    if not inbound.openid:
        return HOW_TO_BIND
    vault, code = runtime.resources.vault, f"{secrets.randbelow(10**text.BINDING_DIGITS):0>8}"
    await store.save_binding_code(
        runtime.database,
        vault.derive_id("B", code),
        derive_point_id(vault, openid=inbound.openid),
        seal_openid(vault, inbound.openid),
        await runtime.processor.now(),
    )
    return format_binding_code(code)


async def _execute_binding(runtime: IntakeRuntime, inbound: Inbound, code: str) -> str:
    """The code goes once it is used; pushed again, it says nothing."""
    vault = runtime.resources.vault
    if not inbound.mobile:
        return HOW_TO_BIND
    code_id = vault.derive_id("B", code)
    account = await store.find_binding_code(
        runtime.database, code_id, await runtime.processor.now()
    )
    if account is None:
        return HOW_TO_BIND
    handle_id, openid = account
    binding = make_binding(vault, inbound.mobile, openid, handle_id)
    command = Command(binding, principal=inbound.source, correlation_id=code_id)
    answer = await runtime.processor.execute(command)
    await store.delete_binding_code(runtime.database, code_id)
    return format_answer(answer)


async def prove(runtime: IntakeRuntime, inbound: Inbound, code: str) -> str:
    """The code of a person's own page: whoever wrote holds this contact point."""
    vault, now = runtime.resources.vault, await runtime.processor.now()
    point_id, proof_id = derive_sender_id(vault, inbound), derive_proof_id(vault, code)
    is_waited_for = await record_proof(runtime.database, proof_id, point_id, now)
    return PROVEN if is_waited_for else PROOF_UNKNOWN


async def record_push(runtime: IntakeRuntime, provider: Provider, receipts: Receipts) -> None:
    """Those that can be read; the log says why others cannot."""
    if receipts.problems:
        log.warning("receipts_refused", problems=[problem.code for problem in receipts.problems])
    await record_receipts(runtime, provider, receipts.readable)


async def record_receipts(
    runtime: IntakeRuntime, provider: Provider, receipts: Sequence[SmsReceipt | WeChatReceipt]
) -> None:
    """Those with an id that a message of ours can have."""
    vault = runtime.resources.vault
    commands = [_make_report(vault, provider, receipt) for receipt in receipts]
    await execute_all(runtime.processor, [command for command in commands if command is not None])


def _make_report(
    vault: Vault, provider: Provider, receipt: SmsReceipt | WeChatReceipt
) -> Command[ReportMessage] | None:
    """None for an id no message of ours can have."""
    try:
        report = ReportMessage.model_validate(
            {
                "provider": provider,
                "provider_message_id": receipt.provider_message_id,
                "outcome": receipt.outcome,
                "code": receipt.code,
            }
            | _describe(vault, receipt)
        )
    except ValidationError:
        log.warning("receipt_of_unknown_shape", provider=provider)
        return None
    id_ = f"{provider}:{receipt.provider_message_id}"
    return Command(report, principal=provider, correlation_id=id_)


def _describe(vault: Vault, receipt: SmsReceipt | WeChatReceipt) -> dict[str, object]:
    """The number and the openid stay here: their contact points say whose message it was. Only a
    template message of WeChat's is known by its id."""
    if isinstance(receipt, WeChatReceipt):
        point_id = (
            derive_point_id(vault, openid=receipt.openid) if receipt.is_subscription else None
        )
        return {"point_id": point_id, "reported_at": receipt.at}
    return {
        "point_id": derive_point_id(vault, phone=receipt.phone) if receipt.phone else None,
        "notice_id": receipt.notice_id if NOTICE_ID.fullmatch(receipt.notice_id) else None,
        "reported_at": receipt.at,
    }
