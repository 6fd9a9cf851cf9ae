"""What approving a request would mean, for the page of the joint meeting."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends

from services.matching.decide.needs import build_need
from services.matching.explaining.outlook import NEEDS_MAX, Comparison, format_outlook
from services.matching.model.need import Need
from services.matching.resources import MatchingRuntime, MatchingRuntimeDep
from services.matching.rounds.pool import OfferShelf, build_inputs
from services.matching.solver.interface import Inputs
from services.matching.store import (
    WAITING_NEEDS,
    build_open_need,
    iterate_by_rank,
    load_pool_context,
)
from shared import mongo
from shared.contracts.outlooks import OUTLOOK_PATH, Outlook, OutlookQuery
from shared.security import Credential, Role
from shared.web.access import Router, allow

router = Router(include_in_schema=False)
OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]


@router.post(OUTLOOK_PATH)
async def read_outlook(
    query: OutlookQuery, _caller: OwnService, runtime: MatchingRuntimeDep
) -> Outlook:
    """In the order of reading: what it gets, what is left, who waits longer. Raises Transient."""
    now = await runtime.processor.now()
    need = build_need(query.request_id, query.request)
    with runtime.resources.admit_comparison():
        needs, inputs = await _load_inputs(runtime, need, now)
        without, having = await runtime.resources.compare(inputs, query.request_id)
    comparison = Comparison(inputs, query.request_id, without, having, is_cut=needs == NEEDS_MAX)
    return Outlook(sentences=tuple(format_outlook(comparison)))


async def _load_inputs(runtime: MatchingRuntime, need: Need, now: datetime) -> tuple[int, Inputs]:
    """(how many others wait, the pool of its resource with it)."""
    database, weights = runtime.database, runtime.settings.weights
    resource = {"unit": need.unit, "item": need.item}
    offers = await OfferShelf(database, runtime.keyring.is_partner_gone, resource).read(now)
    context = await load_pool_context(database, offers, now)
    query = {**WAITING_NEEDS, **resource, "_id": {"$ne": need.id}}
    others = [
        mongo.to_state(Need, row)
        async for _, row in iterate_by_rank(database, query, context, weights, limit=NEEDS_MAX)
    ]
    open_needs = [build_open_need(each, context) for each in (need, *others)]
    return len(others), build_inputs(open_needs, context.admit(offers), now, weights, None)
