"""`guanjia links`: a signed link, or all of a person, opens nothing any more."""

from typing import Annotated

import typer

from shared.client import ServiceClient
from shared.contracts.links import LINKS

app = typer.Typer(help="链接 Signed links.", no_args_is_help=True)

# Which service opens the links about an id, by the id's first letter.
SERVICES = {"R": "intake", "M": "matching", "O": "matching", "D": "audit", "A": "audit"}
BY_SEGMENT = {link.segment: link.service for link in LINKS}


@app.callback()
def _links() -> None:
    """Leaves `revoke` a command of its own."""


@app.command()
def revoke(
    link: Annotated[
        str, typer.Argument(metavar="[URL]", help="短信或微信中的网址 as it was sent")
    ] = "",
    person: Annotated[str, typer.Option(help="此人的全部链接 all of a person, P-…")] = "",
    about: Annotated[
        str, typer.Option(help="诉求、对接、资源、捐赠或委托 all about R-…, M-…, O-…, D-… or A-…")
    ] = "",
    by: Annotated[str, typer.Option("--as", help="以哪个凭证办理 credential")] = "operator",
) -> None:
    """停用链接：一条、一项业务的，或一个人的。Ends one link, those about an id, or a person's."""
    if [bool(link), bool(person), bool(about)].count(True) != 1:
        raise typer.BadParameter("网址、--person、--about 三选一 · one of URL, --person, --about")
    if person:
        answer = ServiceClient("intake", by).post(f"/persons/{person}/links/revoke")
    else:
        body = {"link": link} if link else {"about": about}
        answer = ServiceClient(_find_service(link, about), by).post("/links/revoke", body)
    typer.echo(f"已停用 revoked: {answer['revoked']}")


def _find_service(link: str, about: str) -> str:
    """Raises BadParameter."""
    parts = link.partition("?")[0].rstrip("/").split("/")
    segments = [part for part in parts if part in BY_SEGMENT]
    service = BY_SEGMENT[segments[-1]] if segments else SERVICES.get(about.partition("-")[0], "")
    if not service:
        raise typer.BadParameter("看不出是哪种链接 · this is no link and no id of ours")
    return service
