"""What both providers' callbacks do: read a bounded body, execute a text, record a receipt."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request
from pydantic import ValidationError

from services.intake import store
from services.intake.channels import text
from services.intake.channels.tencent_sms import SmsReceipt
from services.intake.channels.typed_requests import (
    HOW_TO_BIND,
    HOW_TO_WRITE,
    format_answer,
    format_binding_code,
    format_problems,
    make_request,
)
from services.intake.channels.wechat import WeChatReceipt
from services.intake.model import Meaning, ReportMessage, UnderstandReply
from services.intake.resources import IntakeRuntime
from services.intake.vault.persons import derive_point_id, seal_openid
from services.intake.vault.prepare import make_binding, make_reply
from shared.contracts.values import Channel
from shared.errors import Invalid
from shared.messaging.batches import execute_all
from shared.messaging.decision import Command

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class InboundText:
    """What a person wrote, and how he is known there. message_id: unique for the source."""

    text: str = field(repr=False)
    message_id: str
    source: str
    channel: Channel
    phone: str | None = field(default=None, repr=False)
    openid: str | None = field(default=None, repr=False)


async def read_body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(read_body)]


async def execute_text(runtime: IntakeRuntime, inbound: InboundText) -> str:
    """Executes what the person wrote; returns what to answer."""
    match text.understand(inbound.text):
        case text.Received():
            command: Command[Any] = _make_reply(runtime, inbound, "received")
        case text.NotReceived():
            command = _make_reply(runtime, inbound, "not_received")
        case text.OptedOut():
            command = _make_reply(runtime, inbound, "opted_out")
        case text.Bind(code=""):
            return await _answer_with_code(runtime, inbound)
        case text.Bind(code=code):
            return await _execute_binding(runtime, inbound, code)
        case text.Wanted() as wanted:
            try:
                request = make_request(
                    wanted,
                    inbound.channel,
                    inbound.text,
                    phone=inbound.phone,
                    openid=inbound.openid,
                )
            except ValidationError:
                log.warning("text_without_usable_sender", channel=inbound.channel.value)
                return ""
            key = f"{inbound.source}|{inbound.message_id}"
            command = Command(request, key=key, principal=inbound.source)
        case _:
            return HOW_TO_WRITE
    try:
        return format_answer(await runtime.processor.execute(command))
    except Invalid as error:
        return format_problems(error.problems)


def _make_reply(
    runtime: IntakeRuntime, inbound: InboundText, meaning: Meaning
) -> Command[UnderstandReply]:
    vault = runtime.resources.vault
    reply_id = vault.derive_id("Y", inbound.source, inbound.message_id)
    reply = make_reply(vault, reply_id, meaning, phone=inbound.phone, openid=inbound.openid)
    return Command(reply, principal=inbound.source, correlation_id=reply.reply_id)


# --- one person's WeChat and phone ---


async def _answer_with_code(runtime: IntakeRuntime, inbound: InboundText) -> str:
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


async def _execute_binding(runtime: IntakeRuntime, inbound: InboundText, code: str) -> str:
    """The code goes once it is used; pushed again, it says nothing."""
    vault = runtime.resources.vault
    if not inbound.phone:
        return HOW_TO_BIND
    code_id = vault.derive_id("B", code)
    asked = await store.find_binding_code(runtime.database, code_id, await runtime.processor.now())
    if asked is None:
        return HOW_TO_BIND
    point_id, openid = asked
    binding = make_binding(vault, inbound.phone, openid, point_id)
    command = Command(binding, principal=inbound.source, correlation_id=code_id)
    answer = await runtime.processor.execute(command)
    await store.delete_binding_code(runtime.database, code_id)
    return format_answer(answer)


async def record_receipts(
    runtime: IntakeRuntime, provider: str, receipts: Sequence[SmsReceipt | WeChatReceipt]
) -> None:
    """Those with an id that a message of ours can have."""
    commands = [_make_report(provider, receipt) for receipt in receipts]
    await execute_all(runtime.processor, [command for command in commands if command is not None])


def _make_report(
    provider: str, receipt: SmsReceipt | WeChatReceipt
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
        )
    except ValidationError:
        log.warning("receipt_of_unknown_shape", provider=provider)
        return None
    id_ = f"{provider}:{receipt.provider_message_id}"
    return Command(report, principal=provider, correlation_id=id_)
