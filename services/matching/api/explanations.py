"""HTTP for explanations: why this offer for this request, and why a request still waits."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from services.matching.api.callers import Reading, scope_of
from services.matching.decide.unknown import no_such
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.rounds.explaining import Explainer, named_to
from services.matching.settings import MatchingSettings
from shared import mongo
from shared.contracts.values import Identifier
from shared.web.access import RuntimeDep, respond

router = APIRouter(tags=["explanations"])


@router.get("/matches/{match_id}/explanation")
async def explain_match(match_id: Identifier, caller: Reading, runtime: RuntimeDep) -> Response:
    """The request's level, the score of each candidate by term, who lost by how much, and `text`.

    A partner reads of his own offers by id, of others' without.
    """
    match = await mongo.load(runtime.database, Match, match_id)
    scope = scope_of(caller)
    if match is None or not scope.sees(match):
        return respond(no_such("match"))
    explainer = _explainer(runtime.extras)
    named = await named_to(runtime.database, scope.source)
    return JSONResponse(await explainer.match(runtime.database, match, named))


@router.get("/needs/{request_id}/explanation")
async def explain_need(request_id: Identifier, caller: Reading, runtime: RuntimeDep) -> Response:
    """Why it still waits, and what the nearest candidate would take."""
    database = runtime.database
    need = await mongo.load(database, Need, request_id)
    if need is None or not caller.sees(need.town_code, need.village_code):
        return respond(no_such("need"))
    assert isinstance(runtime.settings, MatchingSettings)
    weights, now = runtime.settings.weights, await runtime.processor.now()
    named = await named_to(database, scope_of(caller).source)
    explainer = _explainer(runtime.extras)
    return JSONResponse(await explainer.need(database, need, now, weights, named))


def _explainer(extras: object) -> Explainer:
    assert isinstance(extras, Explainer)
    return extras
