"""HTTP: gifts that came under the bank reference of another gift, and what finance says."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from services.audit.api.access import Reader
from services.audit.model import AnswerGiftQuestion, GiftAnswer
from services.audit.resources import AuditRuntimeDep
from services.audit.statements.views import load_asked_gifts
from shared.contracts.values import Identifier
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, Router, RuntimeDep, allow, answer_to

router = Router()

Limit = Annotated[int, Query(ge=1, le=1000)]
Finance = Annotated[
    Credential, Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True))
]


@router.get("/gift-questions", dependencies=[Reader])
async def list_gift_questions(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    """Each with the gift that it may be; ids alone, nobody's name."""
    return {"gift_questions": await load_asked_gifts(runtime.database, limit)}


@router.post("/gift-questions/{donation_id}/answer")
async def answer_gift_question(
    donation_id: Annotated[Identifier, Path()],
    answer: GiftAnswer,
    runtime: AuditRuntimeDep,
    finance: Finance,
    key: IdempotencyKey,
) -> Response:
    """Another gift is entered with the bank's day; of the same gift the log says that it is not."""
    command = AnswerGiftQuestion(donation_id=donation_id, is_another=answer.is_another)
    return await answer_to(runtime, finance, command, key)
