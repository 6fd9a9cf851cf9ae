"""The first page of the public, the first page of who is signed in, and the language of both."""

from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from shared.security import STAFF, Credential, Role
from shared.web.access import Router, allow
from shared.web.pages import Pages
from shared.web.sessions import set_cookie
from shared.web.staff import HOME_PATH, PageRouter, find_local_path
from shared.web.tiles import PUBLIC_TILES

public_router = Router(include_in_schema=False)
router = PageRouter()
PAGES = Pages("services.intake")
LANGUAGE_S = 365 * 24 * 3600

SignedIn = Annotated[Credential, Depends(allow(*STAFF, Role.DONOR_PARTNER))]


@public_router.get("/")
async def show_start(request: Request) -> Response:
    """Asks nobody who he is; whoever is signed in has a page of his own."""
    return PAGES.render_for(request, "start.html", tiles=PUBLIC_TILES)


@public_router.get("/language/{language}")
async def choose_language(
    language: Literal["zh", "en"],
    request: Request,
    next: str = "/",  # noqa: A002 - as links say it
) -> Response:
    response = RedirectResponse(find_local_path(next), status_code=303)
    set_cookie(request, response, "language", language, LANGUAGE_S)
    return response


@router.get(HOME_PATH)
async def show_home(_caller: SignedIn, request: Request) -> Response:
    return PAGES.render_for(request, "home.html")
