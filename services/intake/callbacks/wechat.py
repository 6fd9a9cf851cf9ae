"""WeChat official account: messages, receipts, who follows and who leaves.

It has no credential: its signature is by a shared token. A signature covers neither the address
nor, in plain mode, the body; so it is believed for five minutes, and for one content only.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace

import structlog
from fastapi import Request
from fastapi.responses import PlainTextResponse, Response

from services.intake import store
from services.intake.callbacks.conversation import receive_message
from services.intake.callbacks.inbound import Body, record_receipts
from services.intake.callbacks.subscriptions import record_choices
from services.intake.channels import wechat, wechat_crypto
from services.intake.channels.typed_requests import WELCOME
from services.intake.erasures import Erasure, forget_account
from services.intake.model import WECHAT_SOURCE
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.messages import Inbound, Place
from services.intake.vault.persons import derive_earlier_person_id, derive_point_id
from shared.contracts.values import Channel
from shared.errors import Invalid
from shared.security import Unauthenticated
from shared.web.access import Router, check_rate_limit

router = Router(prefix="/callbacks/wechat", include_in_schema=False)
log = structlog.get_logger()

CALLER = "callback-wechat"


@router.get("")
async def answer_echo(request: Request, runtime: IntakeRuntimeDep) -> Response:
    """WeChat asks once, when the address is entered in its console."""
    try:
        echo = wechat_crypto.read_echo(runtime.resources.wechat_token, request.query_params)
    except Invalid:
        raise Unauthenticated from None
    await _use_signature(runtime, request.query_params, b"echo " + echo.encode())
    await check_rate_limit(request, CALLER)
    return PlainTextResponse(echo)


@router.post("")
async def receive_push(request: Request, runtime: IntakeRuntimeDep, body: Body) -> Response:
    plain = _open_body(runtime, request, body)
    await _use_signature(runtime, request.query_params, b"push " + body)
    await check_rate_limit(request, CALLER)
    pushed = wechat.parse_message(plain)
    text = await _execute(runtime, pushed)
    if not text:
        return PlainTextResponse(wechat.EMPTY_ANSWER)
    account = wechat.parse_xml(plain).get("ToUserName", "")
    at = await runtime.processor.now()
    xml = wechat.build_text_answer(to=pushed.openid, account=account, text=text, at=at)
    return Response(_seal_answer(runtime, request, xml), media_type="text/xml")


def _open_body(runtime: IntakeRuntime, request: Request, body: bytes) -> bytes:
    """The plain XML. An account in encrypted mode takes nothing plain. Raises Unauthenticated."""
    resources, query = runtime.resources, request.query_params
    try:
        wechat_crypto.verify_signature(resources.wechat_token, query)
        if resources.wechat_crypto is not None:
            return resources.wechat_crypto.open(body, query)
    except Invalid:
        raise Unauthenticated from None
    if not runtime.settings.wechat_plain_mode:
        log.error(
            "wechat_plain_push_refused",
            set="GUANJIA_WECHAT_AES_KEY, or GUANJIA_WECHAT_PLAIN_MODE=true to take plain pushes",
        )
        raise Unauthenticated
    return body


async def _use_signature(runtime: IntakeRuntime, query: Mapping[str, str], content: bytes) -> None:
    """Each (timestamp, nonce) stands for one content; WeChat may repeat it, nobody may change it.

    Raises Unauthenticated. Comes after the signatures: what is forged uses up nothing.
    """
    vault = runtime.resources.vault
    try:
        at = wechat_crypto.read_signed_time(query, await runtime.processor.now())
    except Invalid:
        raise Unauthenticated from None
    id_ = vault.derive_id("N", "wechat", query.get("timestamp", ""), query.get("nonce", ""))
    if not await store.claim_nonce(runtime.database, id_, vault.digest(content), at):
        log.warning("wechat_nonce_reused", nonce_id=id_)
        raise Unauthenticated


def _seal_answer(runtime: IntakeRuntime, request: Request, xml: bytes) -> bytes:
    crypto = runtime.resources.wechat_crypto
    if crypto is None:
        return xml
    query = request.query_params
    sealed, _ = crypto.seal(xml, query.get("timestamp", ""), query.get("nonce", ""))
    return sealed


async def _execute(runtime: IntakeRuntime, pushed: wechat.WeChatInbound) -> str:
    """The text to answer with; empty for none."""
    match pushed:
        case wechat.WeChatText():
            return await receive_message(runtime, _make_inbound(pushed, pushed.text))
        case wechat.WeChatMedia():
            inbound = replace(
                _make_inbound(pushed, pushed.text), kind=pushed.kind, fields=pushed.fields
            )
            return await receive_message(runtime, inbound)
        case wechat.WeChatLocation():
            place = Place(pushed.latitude, pushed.longitude, pushed.label)
            inbound = replace(_make_inbound(pushed, ""), kind="location", place=place)
            return await receive_message(runtime, inbound)
        case wechat.WeChatReceipt():
            await record_receipts(runtime, "wechat", [pushed])
        case wechat.WeChatReceipts():
            await record_receipts(runtime, "wechat", pushed.receipts)
        case wechat.WeChatSubscription():
            await record_choices(runtime, pushed)
        case wechat.WeChatUnfollowed():
            await _forget(runtime, pushed.openid)
        case wechat.WeChatFollowed():
            return WELCOME
        case _:
            log.info("wechat_push_left_alone")
    return ""


async def _forget(runtime: IntakeRuntime, openid: str) -> None:
    """With what he wrote."""
    vault = runtime.resources.vault
    point_id = derive_point_id(vault, openid=openid)
    earlier_id = derive_earlier_person_id(vault, "", None, openid, "")
    id_ = f"E-{secrets.token_hex(10)}"
    await forget_account(runtime, Erasure(id_, point_id=point_id, earlier_id=earlier_id))


def _make_inbound(
    pushed: wechat.WeChatText | wechat.WeChatMedia | wechat.WeChatLocation, text: str
) -> Inbound:
    return Inbound(text, pushed.message_id, WECHAT_SOURCE, Channel.WECHAT, openid=pushed.openid)
