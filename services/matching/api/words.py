"""HTTP for a donor's word over the phone: staff ask for a code, and say what he read out."""

from typing import Literal

from fastapi.responses import Response

from services.matching.model.labels import DECLINE_REASONS, DeclineReason
from services.matching.model.match import AskClaimWord, AskMatchWord
from shared.contracts.values import Identifier, Quantity, Value
from shared.web.access import IdempotencyKey, RuntimeDep, answer_to, find_scope
from shared.web.words import Supporter, build_word_routes

router = build_word_routes("matches", "offers")


class WordRequest(Value):
    """What the donor wants done. reason: why he declines."""

    act: Literal["accept", "decline"]
    reason: DeclineReason = DECLINE_REASONS[-1]


@router.post("/matches/{match_id}/words", status_code=202)
async def ask_word(
    match_id: Identifier,
    wanted: WordRequest,
    caller: Supporter,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Sends a code to the donor's own phone, for this answer to this match alone."""
    command = AskMatchWord(
        match_id=match_id, scope=find_scope(caller), act=wanted.act, reason=wanted.reason
    )
    return await answer_to(runtime, caller, command, key)


class ClaimRequest(Value):
    """What the donor wants to take from the menu. quantity: in the request's unit."""

    request_id: Identifier
    quantity: Quantity


@router.post("/offers/{offer_id}/words", status_code=202)
async def ask_claim_word(
    offer_id: Identifier,
    wanted: ClaimRequest,
    caller: Supporter,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Sends a code to the donor's own phone, for this claim from this offer of his alone."""
    command = AskClaimWord(
        offer_id=offer_id,
        request_id=wanted.request_id,
        quantity=wanted.quantity,
        scope=find_scope(caller),
    )
    return await answer_to(runtime, caller, command, key)
