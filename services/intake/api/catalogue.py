"""HTTP for who keeps the catalogue: what people wrote that it does not know."""

from typing import Annotated

from fastapi import Depends

from services.intake import store, views
from services.intake.api.requests import CASE_WORKERS
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared.scope import Scope
from shared.security import Credential
from shared.web.access import Router, allow, find_scope

router = Router()

UNCLEAR_MAX = 500
Keeper = Annotated[Credential, Depends(allow(*CASE_WORKERS))]


@router.get("/catalogue/unknown")
async def list_unknown_items(caller: Keeper, runtime: IntakeRuntimeDep) -> dict[str, object]:
    """Of the newest requests in his area: what was written, how often, what it was taken for.

    People write names into items, so it is read as the requests' texts are: and each look logged.
    """
    return {"items": await find_unknown_items(runtime, caller, find_scope(caller))}


async def find_unknown_items(
    runtime: IntakeRuntime, caller: Credential, scope: Scope
) -> list[dict[str, object]]:
    query = scope.build_query(store.REQUESTS)
    requests = await store.list_unclear_items(runtime.database, query, UNCLEAR_MAX)
    persons = await store.load_persons(runtime.database, {each.person_id for each in requests})
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(runtime.database, caller, "keep_catalogue", persons, at)
    return views.describe_unknown_items(runtime.resources.vault, requests, persons)
