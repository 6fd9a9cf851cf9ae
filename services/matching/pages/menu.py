"""A donor takes from the menu (认领) without an account: what his offers may serve, to be claimed.

The link names one offer; with it he gives from every offer that the same source registered for
him, as that source itself may.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from services.matching import menu
from services.matching.messages import OFFER_OVER
from services.matching.model.labels import name_state
from services.matching.model.match import ClaimNeed
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.pages.buttons import PAGES, read_field, render_done
from services.matching.resources import MatchingRuntimeDep
from shared import mongo
from shared.contracts.links import MENU
from shared.errors import Invalid
from shared.ids import make_id
from shared.messaging.decision import Answer, Command
from shared.money import format_yuan_plain, parse_amount, parse_quantity
from shared.runtime import Runtime
from shared.scope import Scope
from shared.security import Unauthenticated
from shared.validation import describe_validation
from shared.web.access import Denied, Router, RuntimeDep, respond
from shared.web.links import (
    LinkRoute,
    Token,
    answer_refused,
    is_browser,
    load_linked,
    require_standing,
)
from shared.web.pages import LANGUAGES, format_quantity

router = Router(route_class=LinkRoute)

ENTRIES_MAX = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that an offer may serve. proposed: the amount that stands in the field.

    No distance: whoever moves his offer's place about could find where somebody lives.
    """

    need: Need
    days_waiting: int
    proposed: str


@dataclass(frozen=True, slots=True)
class Section:
    """index: of the offer on the page, for the ids of its fields."""

    index: int
    offer: Offer
    entries: Sequence[Entry]


@router.get(MENU.route(), response_class=HTMLResponse)
async def show_menu(token: Token, request: Request, runtime: MatchingRuntimeDep) -> Response:
    offers = await _load_offers(request, runtime, token)
    now = await runtime.processor.now()
    claimable = [offer for offer in offers if offer.mode != "push"]
    weights = runtime.settings.weights
    needs = await menu.find_servable(runtime.database, claimable, weights, now, ENTRIES_MAX)
    return render_menu(request, claimable, needs, token, now, runtime.settings.help_phone)


@router.post(MENU.route("claim"))
async def claim(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    """Fields offer_id, request_id and amount (yuan for money). Raises Invalid."""
    offers = {offer.id: offer for offer in await _load_offers(request, runtime, token)}
    offer = offers.get(await read_field(request, "offer_id"))
    if offer is None:
        raise Unauthenticated
    data = _parse_claim(
        offer, await read_field(request, "request_id"), await read_field(request, "amount")
    )
    seen = await read_field(request, "seen")
    link_id = runtime.keyring.read_link(token).id
    key = make_id("link", link_id, data.request_id, offer.id, str(data.quantity), seen)
    command = Command(data, key=key, principal=f"link:{MENU.purpose}")
    answer = await runtime.processor.execute(command)
    if answer.status >= 400:
        return answer_refused(request, answer)
    return render_claimed(request, answer, token) if is_browser(request) else respond(answer)


async def _load_offers(request: Request, runtime: Runtime, token: str) -> list[Offer]:
    """In order of id. Raises Unauthenticated or Denied."""
    opened, named = await load_linked(request, runtime, MENU, token, Offer)
    await require_standing(runtime, opened, named.donor_id, named.source)
    if named.state == "withdrawn":
        raise Denied(OFFER_OVER.refusal(410))
    his = {"donor_id": named.donor_id, "source": named.source}
    return await mongo.find(runtime.database, Offer, his, sort=[("_id", 1)])


def _parse_claim(offer: Offer, request_id: str, amount: str) -> ClaimNeed:
    """Raises Invalid."""
    parse = parse_amount if offer.is_money else parse_quantity
    quantity = parse(amount, "amount")
    fields = {"request_id": request_id, "offer_id": offer.id, "quantity": quantity}
    try:
        return ClaimNeed.model_validate(fields | {"scope": Scope(source=offer.source)})
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None


# --- rendering ----------------------------------------------------------------------------------


def render_menu(
    request: Request,
    offers: Sequence[Offer],
    needs: Mapping[str, Sequence[Need]],
    token: str,
    now: datetime,
    help_phone: str,
) -> HTMLResponse:
    """needs: by offer; an offer that fits nothing is left out."""
    sections = [
        Section(
            index=index,
            offer=offer,
            entries=[_make_entry(need, offer, now) for need in needs[offer.id]],
        )
        for index, offer in enumerate(offers)
        if needs.get(offer.id)
    ]
    return PAGES.render(
        request,
        "menu.html",
        sections=sections,
        claim_path=MENU.path(token, "claim"),
        help_phone=help_phone,
    )


def _make_entry(need: Need, offer: Offer, now: datetime) -> Entry:
    most = min(need.remaining, offer.free)
    if offer.cap_per_request is not None:
        most = min(most, offer.cap_per_request - need.compute_share(offer.id))
    return Entry(
        need=need,
        days_waiting=menu.count_days_waiting(need, now),
        proposed=format_yuan_plain(most) if offer.is_money else str(most),
    )


def render_claimed(request: Request, answer: Answer, token: str) -> HTMLResponse:
    body = answer.body
    zh, en = (
        format_quantity(each, body["quantity"], body["unit"], body["item"]) for each in LANGUAGES
    )
    state_zh, state_en = name_state(body["state"])
    texts = f"已认领 {zh}：{state_zh}", f"Claimed {en}: {state_en}"
    return render_done(request, texts, MENU.path(token), answer.status)
