"""A donor takes from the menu (认领) without an account: what his offers may serve, to be claimed.

The link names one offer; with it he gives from every offer that the same source registered for
him, as that source itself may.
"""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from services.matching import menu
from services.matching.model.match import STATE_LABELS, ClaimNeed, MatchState, Scope
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.pages.links import (
    Token,
    field_of,
    is_browser,
    link_invalid,
    subject_of,
)
from services.matching.pages.showing import amount, form, page
from shared import mongo
from shared.contracts.links import MENU
from shared.contracts.values import LABELS
from shared.errors import Invalid
from shared.ids import derived_id
from shared.messaging.decision import Answer, Command
from shared.money import parse_amount, parse_quantity
from shared.runtime import Runtime
from shared.validation import describe_validation
from shared.web.access import RuntimeDep, respond

router = APIRouter()

SHOWN_MAX = 20
TITLE = "认领心愿 Requests you can help with"


@router.get(MENU.route(), response_class=HTMLResponse)
async def menu_page(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    offers = await _offers_behind(request, runtime, token)
    if not offers:
        return link_invalid(request)
    now = await runtime.processor.now()
    claimable = [offer for offer in offers if offer.mode != "push"]
    needs = await menu.find_servable(runtime.database, claimable, now, SHOWN_MAX)
    parts = [_section(offer, needs.get(offer.id, []), token, now) for offer in claimable]
    nothing = "<p>目前没有合适的诉求 · nothing fits at the moment</p>"
    return page(TITLE, "".join(parts) or nothing)


@router.post(MENU.route("claim"))
async def donor_claims(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    """Fields offer_id, request_id and amount (yuan for money). Raises Invalid."""
    offers = {offer.id: offer for offer in await _offers_behind(request, runtime, token)}
    if not offers:
        return link_invalid(request)
    offer = offers.get(await field_of(request, "offer_id"))
    if offer is None:
        return link_invalid(request)
    data = _claim(offer, await field_of(request, "request_id"), await field_of(request, "amount"))
    seen = await field_of(request, "seen")
    key = derived_id("link", token, data.request_id, offer.id, str(data.quantity), seen)
    answer = await runtime.processor.execute(
        Command(data, key=key, principal=f"link:{MENU.purpose}")
    )
    return _shown(answer) if is_browser(request) else respond(answer)


async def _offers_behind(request: Request, runtime: Runtime, token: str) -> list[Offer]:
    """In order of id; none where the link opens nothing. Raises Denied for one overused."""
    offer_id = await subject_of(request, runtime, MENU, token)
    named = await mongo.load(runtime.database, Offer, offer_id) if offer_id else None
    if named is None:
        return []
    his = {"donor_id": named.donor_id, "source": named.source}
    return await mongo.find(runtime.database, Offer, his, sort=[("_id", 1)])


def _claim(offer: Offer, request_id: str, text: str) -> ClaimNeed:
    """Raises Invalid."""
    quantity = parse_amount(text, "amount") if offer.is_money else parse_quantity(text, "amount")
    said = {"request_id": request_id, "offer_id": offer.id, "quantity": quantity}
    try:
        return ClaimNeed.model_validate(said | {"scope": Scope(source=offer.source)})
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None


# --- what is shown ------------------------------------------------------------------------------


def _section(offer: Offer, needs: Sequence[Need], token: str, now: datetime) -> str:
    """Empty where nothing fits the offer."""
    if not needs:
        return ""
    left = amount(offer.unit, offer.free, offer.item)
    entries = "".join(_entry(need, offer, token, now) for need in needs)
    return f"<h2>可用 Left: {escape(left)}</h2>{entries}"


def _entry(need: Need, offer: Offer, token: str, now: datetime) -> str:
    row = menu.menu_row(need, now)
    title = f"{LABELS[need.category]} · {row['town'] or need.town_code}"
    still = amount(need.unit, need.remaining, need.item)
    waiting = f"已等待 {row['days_waiting']} 天 days waiting"
    return (
        f"<h3>{escape(title)}</h3><p>{LABELS[need.beneficiary_class]} · "
        f"尚需 Needed: {escape(still)} · {waiting}</p>"
        + form(MENU.path(token, "claim"), _fields(need, offer))
    )


def _fields(need: Need, offer: Offer) -> str:
    """seen: a button pressed twice is one claim; after a new look it is another."""
    most = min(need.remaining, offer.free)
    if offer.cap_per_request is not None:
        most = min(most, offer.cap_per_request - need.compute_share(offer.id))
    proposed = f"{most // 100}.{most % 100:02d}" if offer.is_money else str(most)
    hidden = {"offer_id": offer.id, "request_id": need.id, "seen": str(need.proposals)}
    inputs = "".join(
        f'<input type=hidden name={name} value="{escape(value)}">' for name, value in hidden.items()
    )
    unit = "元 yuan" if offer.is_money else escape(offer.unit)
    return (
        f'{inputs}<input name=amount inputmode=decimal value="{proposed}" size=10> {unit} '
        "<button>认领 Claim</button>"
    )


def _shown(answer: Answer) -> Response:
    if answer.status >= 400:
        problem = answer.body["problems"][0]
        return page(
            TITLE, f"<p>{escape(problem['zh'])} · {escape(problem['en'])}</p>", answer.status
        )
    state: MatchState = answer.body["state"]
    given = amount(answer.body["unit"], answer.body["quantity"], answer.body["item"])
    text = f"已认领 {given}：{STATE_LABELS[state]} · claimed: {state}"
    return page(TITLE, f"<p>{escape(text)}</p>", answer.status)
