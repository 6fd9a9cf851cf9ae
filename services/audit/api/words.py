"""HTTP for a donor's word over the phone about a mandate on his gifts."""

from typing import Literal

from fastapi.responses import Response

from services.audit.model import AskMandateWord
from shared.contracts.values import Identifier, Value
from shared.messages import AREA_LIMITED
from shared.web.access import Denied, IdempotencyKey, RuntimeDep, answer_to
from shared.web.words import Supporter, build_word_routes

router = build_word_routes("mandates")


class WordRequest(Value):
    """What the donor wants done. withdraw: he says no, now or later."""

    act: Literal["give", "withdraw"]


@router.post("/mandates/{mandate_id}/words", status_code=202)
async def ask_word(
    mandate_id: Identifier,
    wanted: WordRequest,
    caller: Supporter,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Sends a code to the donor's own phone, for this act on this mandate alone."""
    if caller.area:  # a mandate has none
        raise Denied(AREA_LIMITED.refusal(403))
    return await answer_to(
        runtime, caller, AskMandateWord(mandate_id=mandate_id, act=wanted.act), key
    )
