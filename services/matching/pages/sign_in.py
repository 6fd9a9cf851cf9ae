"""我的捐助 without a link: a code goes to his own phone, and his browser stays signed in."""

from fastapi import Request
from fastapi.responses import Response

from services.matching.pages.givers import GIVER_PATH, SIGN_IN, GiverDep, GiverRoute
from services.matching.resources import MatchingRuntimeDep
from shared.web.access import Router
from shared.web.phone_sign_in import build_sign_in_routes

router = build_sign_in_routes(SIGN_IN)
leaving_router = Router(route_class=GiverRoute, include_in_schema=False)


@leaving_router.post(GIVER_PATH + "/sign-out")
async def sign_giver_out(
    giver: GiverDep, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    return await SIGN_IN.end_session(request, runtime, giver.way)


@leaving_router.post(GIVER_PATH + "/sign-out/everywhere")
async def sign_giver_out_everywhere(
    giver: GiverDep, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    everywhere = SIGN_IN.name_everywhere(giver.donor_id)
    return await SIGN_IN.end_session(request, runtime, everywhere)
