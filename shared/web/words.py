"""HTTP for a donor's word over the phone, where it is heard; each service asks in its own way."""

from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import JSONResponse, Response

from shared import mongo
from shared.contracts.values import Identifier
from shared.security import Credential, Role
from shared.security.spoken_codes import is_code
from shared.spoken_words import HearWord, SpokenCode, SpokenWord
from shared.web.access import IdempotencyKey, Router, RuntimeDep, allow, answer_to

Supporter = Annotated[Credential, Depends(allow(Role.SUPPORT))]
Auditor = Depends(allow(Role.AUDITOR, whole_city=True))


def build_word_routes(*abouts: str) -> Router:
    """abouts: the paths of what a word is about, such as `matches`."""
    router = Router(tags=["words"])

    async def say_code(
        about_id: Identifier,
        word_id: Identifier,
        code: SpokenCode,
        caller: Supporter,
        runtime: RuntimeDep,
        key: IdempotencyKey,
    ) -> Response:
        """What the donor read out: with the right code the act is done, once, in his name."""
        is_right = is_code(runtime.keyring, word_id, code.code)
        command = HearWord(about=about_id, word_id=word_id, is_right=is_right)
        return await answer_to(runtime, caller, command, key)

    for about in abouts:
        router.post(f"/{about}/{{about_id}}/words/{{word_id}}")(say_code)

    @router.get("/words", dependencies=[Auditor])
    async def read_words(
        runtime: RuntimeDep,
        about: Identifier | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """Who asked for which donor's word, for what, and whether it was given; newest first."""
        query = {"about": about} if about else {}
        words = await mongo.find(
            runtime.database, SpokenWord, query, sort=[("asked_at", -1)], limit=limit
        )
        return JSONResponse({"words": [word.to_json() for word in words]})

    return router
