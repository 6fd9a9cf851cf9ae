"""通知方式: a giver says which way he is told first, and in which language; intake keeps it."""

from collections.abc import Sequence

import structlog
from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from services.matching.messages import PREFERENCE_UNKNOWN, PREFERENCE_UNREACHABLE
from services.matching.pages.buttons import read_field
from services.matching.pages.givers import GIVER_PATH, Giver, GiverDep, GiverRoute
from services.matching.resources import MatchingRuntimeDep
from shared.contracts.links import PROPOSALS
from shared.errors import Problem, Transient
from shared.web.access import Router
from shared.web.preferences import CHANNELS, LANGUAGES, list_channels, list_languages

log = structlog.get_logger()

router = Router(route_class=GiverRoute)


@router.get(PROPOSALS.route("notices"), response_class=HTMLResponse)
@router.get(GIVER_PATH + "/notices", response_class=HTMLResponse)
async def show_own_preference(giver: GiverDep, runtime: MatchingRuntimeDep) -> Response:
    try:
        channel, language = await runtime.resources.persons.find_preference(giver.donor_id)
    except Transient as error:
        log.warning("preference_unknown", error=str(error))
        return render_preference(giver, None, "zh", [PREFERENCE_UNREACHABLE.problem()])
    return render_preference(giver, channel, language)


@router.post(PROPOSALS.route("notices"), response_class=HTMLResponse)
@router.post(GIVER_PATH + "/notices", response_class=HTMLResponse)
async def submit_own_preference(
    giver: GiverDep, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    """Fields channel (empty: the usual order) and language. Raises Invalid."""
    channel = await read_field(request, "channel")
    language = await read_field(request, "language")
    if channel not in CHANNELS:
        raise PREFERENCE_UNKNOWN.invalid("channel")
    if language not in LANGUAGES:
        raise PREFERENCE_UNKNOWN.invalid("language")
    try:
        await runtime.resources.persons.set_preference(giver.donor_id, channel or None, language)
    except Transient as error:
        log.warning("preference_unset", error=str(error))
        problems = [PREFERENCE_UNREACHABLE.problem()]
        return render_preference(giver, channel or None, language, problems)
    return render_preference(giver, channel or None, language, is_done=True)


# --- rendering ----------------------------------------------------------------------------------


def render_preference(
    giver: Giver,
    channel: str | None,
    language: str,
    problems: Sequence[Problem] = (),
    *,
    is_done: bool = False,
) -> HTMLResponse:
    return giver.render(
        "giver_preference.html",
        status=503 if problems else 200,
        channels=list(list_channels(channel)),
        languages=list(list_languages(language)),
        problems=problems,
        is_done=is_done,
    )
