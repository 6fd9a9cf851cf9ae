"""Who a giver's page is of: whoever holds the link to his proposals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from services.matching.pages.buttons import PAGES
from shared.contracts.links import PROPOSALS
from shared.runtime import Runtime
from shared.web.access import get_runtime
from shared.web.links import Token, open_link, require_standing

Show = Callable[..., HTMLResponse]


@dataclass(frozen=True, slots=True)
class Giver:
    """way: by which link he comes; the same command by the same way is done once. base: what his
    pages' paths begin with. form_token: what his forms carry."""

    donor_id: str
    way: str
    base: str
    form_token: str = ""
    show: Show = PAGES.render

    @classmethod
    def of_link(cls, donor_id: str, token: str, link_id: str = "") -> "Giver":
        return cls(donor_id, link_id, PROPOSALS.path(token))

    def path(self, *below: str) -> str:
        return "/".join((self.base, *below))

    @property
    def principal(self) -> str:
        return f"link:{PROPOSALS.purpose}"

    def render(self, template: str, **values: object) -> HTMLResponse:
        return self.show(template, path=self.path, giver_token=self.form_token, **values)


async def open_giver(request: Request, token: Token) -> Giver:
    """Raises Unauthenticated."""
    runtime: Runtime = get_runtime(request)
    opened = await open_link(request, runtime, PROPOSALS, token)
    await require_standing(runtime, opened, opened.subject)
    return Giver.of_link(opened.subject, token, opened.id)


GiverDep = Annotated[Giver, Depends(open_giver)]
