"""What providers push: receipts and replies (Tencent), messages and events (WeChat).

Tencent signs nothing: the token in the URL is the secret of the credential `callback-tencent`.
"""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import ValidationError

from services.intake.channels import tencent_sms, text, wechat, wechat_crypto
from services.intake.channels.typed_requests import (
    HOW_TO_WRITE,
    WELCOME,
    as_request,
    words_for,
    words_for_problems,
)
from services.intake.channels.wechat_answer import text_answer
from services.intake.model import (
    WECHAT_SOURCE,
    ForgetOpenid,
    Meaning,
    ReportMessage,
    UnderstandReply,
)
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.persons import handle_id, person_by_openid, person_by_phone
from shared.contracts.values import Channel, Value
from shared.errors import Invalid
from shared.messaging.decision import Command
from shared.security import Role, Unauthenticated
from shared.web.access import check_rate_limit

router = APIRouter(prefix="/callbacks", include_in_schema=False)
log = structlog.get_logger()

BODY_BYTES_MAX = 256 * 1024
TENCENT = "/callbacks/tencent"
WECHAT_CALLER = "callback-wechat"  # it has no credential: its signature is by a shared token


async def read_body(request: Request) -> bytes:
    """Raises Invalid when it is larger than any provider sends."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise Invalid.of("too_large", "内容过大", "the body is too large")
        chunks.append(chunk)
    return b"".join(chunks)


async def from_tencent(token: str, request: Request, runtime: IntakeRuntimeDep) -> IntakeRuntime:
    """Raises Unauthenticated or Denied."""
    credential = runtime.keyring.authenticate(f"gj_callback-tencent_{token}")
    if Role.CALLBACK not in credential.roles:
        raise Unauthenticated
    await check_rate_limit(request, credential.id)
    return runtime


Body = Annotated[bytes, Depends(read_body)]
FromTencent = Annotated[IntakeRuntime, Depends(from_tencent)]

# --- Tencent ----------------------------------------------------------------------------------


@router.post("/tencent/{token}/receipts")
async def tencent_receipts(runtime: FromTencent, body: Body) -> dict[str, Any]:
    found = tencent_sms.parse_receipts(body)
    if found.refused:
        log.warning("receipts_refused", problems=[problem.code for problem in found.refused])
    commands = [
        command
        for receipt in found.read
        if (command := _report("tencent", receipt.provider_message_id, receipt)) is not None
    ]
    await _all_durable(runtime, commands)
    return tencent_sms.ANSWER


@router.post("/tencent/{token}/replies")
async def tencent_reply(runtime: FromTencent, body: Body) -> dict[str, Any]:
    reply = tencent_sms.parse_reply(body)
    vault = runtime.resources.vault
    said = (reply.phone, reply.text, reply.at.isoformat(), reply.extend)
    await _hear(
        runtime,
        reply.text,
        message_id=vault.name("Y", "tencent", *said),
        source=TENCENT,
        channel=Channel.SMS,
        phone=reply.phone,
    )
    return tencent_sms.ANSWER


# --- WeChat -----------------------------------------------------------------------------------


@router.get("/wechat")
async def wechat_echo(request: Request, runtime: IntakeRuntimeDep) -> Response:
    """WeChat asks once, when the address is entered in its console."""
    try:
        echo = wechat_crypto.echo(runtime.resources.wechat_token, request.query_params)
    except Invalid:
        raise Unauthenticated from None
    await check_rate_limit(request, WECHAT_CALLER)
    return PlainTextResponse(echo)


@router.post("/wechat")
async def wechat_push(request: Request, runtime: IntakeRuntimeDep, body: Body) -> Response:
    plain = _opened(runtime, request, body)
    await check_rate_limit(request, WECHAT_CALLER)
    pushed = wechat.parse_message(plain)
    answer = await _wechat_answer(runtime, pushed)
    if not answer:
        return PlainTextResponse(wechat.ANSWER)
    account = wechat.parse_xml(plain).get("ToUserName", "")
    at = await runtime.processor.now()
    xml = text_answer(to=pushed.openid, account=account, text=answer, at=at)
    return Response(_sealed(runtime, request, xml), media_type="text/xml")


def _opened(runtime: IntakeRuntime, request: Request, body: bytes) -> bytes:
    """The plain XML. An account in encrypted mode takes nothing plain. Raises Unauthenticated."""
    resources, query = runtime.resources, request.query_params
    try:
        wechat_crypto.verify(resources.wechat_token, query)
        if resources.wechat_crypto is None:
            return body
        return resources.wechat_crypto.open(body, query)
    except Invalid:
        raise Unauthenticated from None


def _sealed(runtime: IntakeRuntime, request: Request, xml: bytes) -> bytes:
    crypto = runtime.resources.wechat_crypto
    if crypto is None:
        return xml
    query = request.query_params
    sealed, _ = crypto.seal(xml, query.get("timestamp", ""), query.get("nonce", ""))
    return sealed


async def _wechat_answer(runtime: IntakeRuntime, pushed: wechat.WeChatInbound) -> str:
    """The text to answer with; empty for none."""
    match pushed:
        case wechat.WeChatText():
            return await _hear(
                runtime,
                pushed.text,
                message_id=pushed.message_id,
                source=WECHAT_SOURCE,
                channel=Channel.WECHAT,
                openid=pushed.openid,
            )
        case wechat.WeChatReceipt():
            report = _report("wechat", pushed.provider_message_id, pushed)
            await _all_durable(runtime, [report] if report else [])
        case wechat.WeChatUnfollowed():
            handle = handle_id(runtime.resources.vault, pushed.openid)
            await _all_durable(runtime, [Command(ForgetOpenid(handle_id=handle))])
        case wechat.WeChatFollowed():
            return WELCOME
        case _:
            log.info("wechat_push_left_alone")
    return ""


# --- both -------------------------------------------------------------------------------------


async def _hear(
    runtime: IntakeRuntime,
    words: str,
    *,
    message_id: str,
    source: str,
    channel: Channel,
    phone: str | None = None,
    openid: str | None = None,
) -> str:
    """Carries out what the person wrote; returns what to answer."""
    match text.understand(words):
        case text.Received():
            command = _reply(runtime, "received", source, message_id, phone, openid)
        case text.NotReceived():
            command = _reply(runtime, "not_received", source, message_id, phone, openid)
        case text.OptedOut():
            command = _reply(runtime, "opted_out", source, message_id, phone, openid)
        case text.Wanted() as wanted:
            try:
                asked = as_request(wanted, channel, words, phone=phone, openid=openid)
            except ValidationError:
                log.warning("text_without_usable_sender", channel=channel.value)
                return ""
            command = Command(asked, key=f"{source}|{message_id}", principal=source)
        case _:
            return HOW_TO_WRITE
    try:
        return words_for(await runtime.processor.execute(command))
    except Invalid as error:
        return words_for_problems(error.problems)


def _reply(
    runtime: IntakeRuntime,
    meaning: Meaning,
    source: str,
    message_id: str,
    phone: str | None,
    openid: str | None,
) -> Command[Any]:
    vault = runtime.resources.vault
    person = person_by_phone(vault, phone) if phone else person_by_openid(vault, openid or "")
    reply_id = vault.name("Y", source, message_id)
    said = UnderstandReply(
        reply_id=reply_id,
        meaning=meaning,
        person_id=person,
        handle_id=handle_id(vault, openid),
    )
    return Command(said, principal=source, correlation_id=reply_id)


def _report(
    provider: str, message_id: str, receipt: tencent_sms.SmsReceipt | wechat.WeChatReceipt
) -> Command[Value] | None:
    """None for an id no message of ours can have."""
    try:
        report = ReportMessage.model_validate(
            {
                "provider": provider,
                "provider_message_id": message_id,
                "outcome": receipt.outcome,
                "code": receipt.code,
            }
        )
    except ValidationError:
        log.warning("receipt_of_unknown_shape", provider=provider)
        return None
    return Command(report, principal=provider, correlation_id=f"{provider}:{message_id}")


async def _all_durable(runtime: IntakeRuntime, commands: list[Command[Any]]) -> None:
    """Raises the first failure: then the provider pushes again, which changes nothing."""
    for result in await runtime.processor.execute_many(commands):
        if isinstance(result, Exception):
            raise result
