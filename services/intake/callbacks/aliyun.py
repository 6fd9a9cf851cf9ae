"""Aliyun SMS: receipts and replies.

Aliyun signs nothing: the token in the URL is the secret of the credential `callback-aliyun`.
"""

from typing import Annotated

import structlog
from fastapi import Depends, Request

from services.intake.callbacks.conversation import receive_message
from services.intake.callbacks.inbound import Body, authenticate_address, record_push
from services.intake.channels import aliyun_sms
from services.intake.model import ALIYUN_SOURCE
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.messages import Inbound
from shared.contracts.values import Channel
from shared.web.access import Router

router = Router(prefix="/callbacks/aliyun", include_in_schema=False)
log = structlog.get_logger()


async def authenticate_aliyun(
    token: str, request: Request, runtime: IntakeRuntimeDep
) -> IntakeRuntime:
    """Raises Unauthenticated or Denied."""
    return await authenticate_address(runtime, request, "callback-aliyun", token)


AliyunRuntime = Annotated[IntakeRuntime, Depends(authenticate_aliyun)]


@router.post("/{token}/receipts")
async def receive_aliyun_receipts(runtime: AliyunRuntime, body: Body) -> dict[str, object]:
    await record_push(runtime, "aliyun", aliyun_sms.parse_aliyun_receipts(body))
    return aliyun_sms.ANSWER


@router.post("/{token}/replies")
async def receive_replies(runtime: AliyunRuntime, body: Body) -> dict[str, object]:
    """One after another: the same person's answers in their order. Pushed again, each is the same
    by its sequence_id, or else by its content and second."""
    replies, problems = aliyun_sms.parse_replies(body)
    if problems:
        log.warning("replies_refused", problems=[problem.code for problem in problems])
    for reply in replies:
        at = reply.at.isoformat() if reply.at else ""
        content = (reply.id or at, reply.phone, reply.text)
        inbound = Inbound(
            reply.text,
            runtime.resources.vault.derive_id("Y", "aliyun", *content),
            ALIYUN_SOURCE,
            Channel.SMS,
            phone=reply.phone,
            is_phone=reply.is_phone,
        )
        await receive_message(runtime, inbound)
    return aliyun_sms.ANSWER
