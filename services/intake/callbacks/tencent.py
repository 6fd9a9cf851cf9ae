"""Tencent Cloud SMS: receipts and replies.

Tencent signs nothing: the token in the URL is the secret of the credential `callback-tencent`.
"""

from typing import Annotated

import structlog
from fastapi import Depends, Request

from services.intake.callbacks.conversation import receive_message
from services.intake.callbacks.inbound import Body, authenticate_address, record_push
from services.intake.channels import tencent_sms
from services.intake.model import SMS_SOURCE
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.messages import Inbound
from shared.contracts.values import Channel
from shared.web.access import Router

router = Router(prefix="/callbacks/tencent", include_in_schema=False)
log = structlog.get_logger()


async def authenticate_tencent(
    token: str, request: Request, runtime: IntakeRuntimeDep
) -> IntakeRuntime:
    """Raises Unauthenticated or Denied."""
    return await authenticate_address(runtime, request, "callback-tencent", token)


TencentRuntime = Annotated[IntakeRuntime, Depends(authenticate_tencent)]


@router.post("/{token}/receipts")
async def receive_tencent_receipts(runtime: TencentRuntime, body: Body) -> dict[str, object]:
    await record_push(runtime, "tencent", tencent_sms.parse_tencent_receipts(body))
    return tencent_sms.ANSWER


@router.post("/{token}/replies")
async def receive_reply(runtime: TencentRuntime, body: Body) -> dict[str, object]:
    """Tencent gives a reply no id: the same content at the same second is the same reply."""
    reply = tencent_sms.parse_reply(body)
    at = reply.at.isoformat() if reply.at else ""
    content = (reply.phone, reply.text, at, reply.extend)
    message_id = runtime.resources.vault.derive_id("Y", "tencent", *content)
    inbound = Inbound(
        reply.text,
        message_id,
        SMS_SOURCE,
        Channel.SMS,
        phone=reply.phone,
        is_phone=reply.is_phone,
    )
    await receive_message(runtime, inbound)
    return tencent_sms.ANSWER
