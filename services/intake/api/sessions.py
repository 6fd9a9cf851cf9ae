"""HTTP for our own services: whether a session stands, and as whom."""

from typing import Annotated

from fastapi import Depends
from pydantic import Field

from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import Value
from shared.security import Credential, Role
from shared.sessions import PATH, describe_answer
from shared.web.access import Router, allow

router = Router()
OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]


class SessionQuery(Value):
    session_id: Annotated[str, Field(pattern=r"^S-[0-9a-f]{40}$")]


@router.post(PATH)
async def read_session(
    query: SessionQuery, _caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    return describe_answer(await runtime.sessions.find(query.session_id))
