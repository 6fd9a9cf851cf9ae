"""Who a giver's page is of: whoever holds the link to his proposals, or is signed in by a code."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from services.matching import store
from services.matching.pages.buttons import PAGES
from services.matching.resources import MatchingRuntime
from shared.contracts.events import MatchWordAsked
from shared.contracts.links import PROPOSALS
from shared.phone_sign_in import Signer, name_signer
from shared.security.sessions import make_form_token
from shared.web.access import get_runtime
from shared.web.links import open_link, require_standing
from shared.web.phone_sign_in import PhoneSessionRoute, PhoneSignIn, is_below

GIVER_PATH = "/giver"
Show = Callable[..., HTMLResponse]


async def find_signer(runtime: MatchingRuntime, phone: str, _name: str) -> Signer | None:
    """The donor. None where the phone is nobody's who gives, or of several."""
    owners = await runtime.resources.persons.find_phone_owners(phone)
    donors = await store.find_givers(runtime.database, owners)
    if len(donors) != 1:
        return None
    return Signer(donors[0], donors[0], name_signer("giver", donors[0]))


SIGN_IN = PhoneSignIn(
    base=GIVER_PATH,
    home=f"{GIVER_PATH}/giving",
    cookie="giver",
    purpose="giver.session",
    lasts=timedelta(hours=12),
    fact=MatchWordAsked,
    pages=PAGES,
    template="giver_sign_in.html",
    find_signer=find_signer,
)


@dataclass(frozen=True, slots=True)
class Giver:
    """way: the id of his link or session. base: what his pages' paths begin with. form_token: what
    his forms carry, where a cookie says who he is."""

    donor_id: str
    way: str
    base: str
    show: Show
    form_token: str = ""

    @classmethod
    def of_link(cls, request: Request, donor_id: str, token: str, link_id: str = "") -> "Giver":
        show = partial(PAGES.render, request)
        return cls(donor_id, link_id, PROPOSALS.path(token), show)

    @property
    def is_signed_in(self) -> bool:
        return self.base == GIVER_PATH

    def path(self, *below: str) -> str:
        return "/".join((self.base, *below))

    @property
    def principal(self) -> str:
        """The same by either way: he himself."""
        return f"link:{PROPOSALS.purpose}"

    def render(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        own = {"path": self.path, "giver_token": self.form_token, "signed_in": self.is_signed_in}
        return self.show(template, status=status, **own, **values)


async def open_giver(request: Request) -> Giver:
    """Raises Unauthenticated, and Invalid for a form that is not ours."""
    runtime, token = get_runtime(request), request.path_params.get("token", "")
    if not is_below(request, GIVER_PATH):
        opened = await open_link(request, runtime, PROPOSALS, token)
        await require_standing(runtime, opened, opened.subject)
        return Giver.of_link(request, opened.subject, token, opened.id)
    session = await SIGN_IN.open_session(request, runtime, token)
    return Giver(
        donor_id=session.subject,
        way=session.id,
        base=GIVER_PATH,
        form_token=make_form_token(runtime.keyring, session.id),
        show=partial(PAGES.render_for, request),
    )


class GiverRoute(PhoneSessionRoute):
    """A page of a giver, by his link or signed in."""

    base = GIVER_PATH
    cookie = "giver"


GiverDep = Annotated[Giver, Depends(open_giver)]
