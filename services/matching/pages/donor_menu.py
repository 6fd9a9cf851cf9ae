"""认领: a giver looks through what is asked for, on a map and in a list, and takes one or a part.

By his link or signed in, from any offer of his that may give from the menu. Who else gives to the
same request is unsaid; how much of it is promised already is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from services.matching.donor_menu import (
    DonorFilter,
    DonorMenu,
    OpenRequest,
    Source,
    Urgency,
    can_claim,
    find_open_requests,
)
from services.matching.menu import count_days_waiting
from services.matching.messages import PAIR_UNKNOWN
from services.matching.model.labels import STATE_LABELS, MatchState
from services.matching.model.match import ClaimNeed
from services.matching.model.offer import Offer
from services.matching.pages.buttons import read_fields
from services.matching.pages.givers import GIVER_PATH, Giver, GiverDep, GiverRoute
from services.matching.resources import MatchingRuntime, MatchingRuntimeDep
from shared import mongo
from shared.contracts.links import PROPOSALS
from shared.contracts.values import Category
from shared.errors import Invalid, Problem
from shared.ids import make_id
from shared.messaging.decision import Command
from shared.money import format_yuan_plain, parse_amount, parse_quantity
from shared.scope import Scope
from shared.towns import index_codes_by_name, load_towns, town_name
from shared.validation import describe_validation
from shared.web.access import Router, respond
from shared.web.links import is_browser
from shared.web.pages import format_town
from shared.web.town_map import draw_towns

router = Router(route_class=GiverRoute)

ROWS_MAX = 20
OFFERS_MAX = 100
URGENCIES: Sequence[tuple[Urgency, str, str]] = (
    ("", "不限", "any"),
    ("urgent", "最急的：特困、低保、困境儿童", "most urgent"),
    ("waiting", "等了一个月以上的", "waiting for a month"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands in the form: as the donor typed it."""

    category: str = ""
    town: str = ""
    at_most: str = ""
    urgency: str = ""

    def as_query(self, **changes: str) -> str:
        fields = {
            "category": self.category,
            "town": self.town,
            "at_most": self.at_most,
            "urgency": self.urgency,
        }
        return urlencode({name: text for name, text in (fields | changes).items() if text})


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was taken, and how far it is."""

    quantity: int
    unit: str
    item: str
    state: MatchState


Typed = Annotated[str, Query(max_length=64)]


@router.get(PROPOSALS.route("menu"), response_class=HTMLResponse)
@router.get(GIVER_PATH + "/menu", response_class=HTMLResponse)
async def show_donor_menu(
    giver: GiverDep,
    runtime: MatchingRuntimeDep,
    category: Typed = "",
    town: Typed = "",
    at_most: Typed = "",
    urgency: Typed = "",
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    return await _show(runtime, giver, Choice(category, town, at_most, urgency), after)


@router.post(PROPOSALS.route("menu", "claim"), response_class=HTMLResponse)
@router.post(GIVER_PATH + "/menu/claim", response_class=HTMLResponse)
async def claim_from_menu(
    giver: GiverDep, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    """Fields offer_id, request_id, amount (yuan for money), seen; and what the list was of."""
    fields = {name: values[0] for name, values in (await read_fields(request)).items() if values}
    choice = Choice(*(fields.get(n, "")[:64] for n in ("category", "town", "at_most", "urgency")))
    try:
        command = await _build_claim(runtime, giver, fields)
    except Invalid as invalid:
        if not is_browser(request):
            raise
        return await _show(runtime, giver, choice, problems=invalid.problems)
    answer = await runtime.processor.execute(command)
    if not is_browser(request):
        return respond(answer)
    if answer.status >= 400:
        problems = [Problem(**row) for row in answer.body["problems"]]
        return await _show(runtime, giver, choice, problems=problems)
    claimed = Claimed(*(answer.body[name] for name in ("quantity", "unit", "item", "state")))
    return await _show(runtime, giver, choice, claimed=claimed)


async def _build_claim(
    runtime: MatchingRuntime, giver: Giver, fields: Mapping[str, str]
) -> Command[ClaimNeed]:
    """The same press of the same page is one claim. Raises Invalid."""
    offers = {offer.id: offer for offer in await _load_offers(runtime, giver)}
    offer = offers.get(fields.get("offer_id", ""))
    if offer is None:
        raise PAIR_UNKNOWN.invalid("offer_id")
    parse = parse_amount if offer.is_money else parse_quantity
    quantity = parse(fields.get("amount", ""), "amount")
    request_id, seen = fields.get("request_id", ""), fields.get("seen", "")
    claim = {"request_id": request_id, "offer_id": offer.id, "quantity": quantity}
    try:
        data = ClaimNeed.model_validate(claim | {"scope": Scope(source=offer.source)})
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None
    key = make_id("menu", giver.way, request_id, offer.id, str(quantity), seen)
    return Command(data, key=key, principal=giver.principal)


async def _load_offers(runtime: MatchingRuntime, giver: Giver) -> list[Offer]:
    """His, but none of a partner who speaks for nobody any more."""
    his = {"donor_id": giver.donor_id, "state": {"$ne": "withdrawn"}}
    offers = await mongo.find(runtime.database, Offer, his, sort=[("_id", 1)], limit=OFFERS_MAX)
    return [offer for offer in offers if not runtime.keyring.is_partner_gone(offer.source)]


async def _show(
    runtime: MatchingRuntime,
    giver: Giver,
    choice: Choice,
    after: str = "",
    *,
    claimed: Claimed | None = None,
    problems: Sequence[Problem] = (),
) -> Response:
    now = await runtime.processor.now()
    offers = await _load_offers(runtime, giver)
    try:
        criteria = _parse_choice(choice)
    except Invalid as invalid:
        problems = (*problems, *invalid.problems)
        criteria = _parse_choice(Choice(choice.category, choice.town, "", choice.urgency))
    claimable = [offer for offer in offers if can_claim(offer, now)]
    menu = await find_open_requests(
        runtime.database, claimable, criteria, runtime.settings.weights, now, after, ROWS_MAX
    )
    return render_donor_menu(
        MenuFacts(
            menu=menu,
            choice=choice,
            may_claim=bool(claimable),
            is_pushed=not claimable and any(offer.mode == "push" for offer in offers),
            now=now,
            help_phone=runtime.settings.help_phone,
            is_first=not after,
            claimed=claimed,
            problems=problems,
        ),
        giver,
    )


def _parse_choice(choice: Choice) -> DonorFilter:
    """What is unknown is any. Raises Invalid for a sum that nobody reads."""
    category = next((each for each in Category if each == choice.category), None)
    urgency: Urgency = next((code for code, _, _ in URGENCIES if code == choice.urgency), "")
    at_most = parse_amount(choice.at_most, "at_most") if choice.at_most.strip() else None
    return DonorFilter(index_codes_by_name().get(choice.town, ""), category, at_most, urgency)


# --- rendering ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MenuFacts:
    """may_claim: an offer of his may give from the menu. is_pushed: he has offers, and all of them
    give by our proposal alone."""

    menu: DonorMenu
    choice: Choice
    may_claim: bool
    is_pushed: bool
    now: datetime
    help_phone: str
    is_first: bool = True
    claimed: Claimed | None = None
    problems: Sequence[Problem] = ()


def render_donor_menu(facts: MenuFacts, giver: Giver) -> HTMLResponse:
    choice, counts = facts.choice, _name_towns(facts.menu.counts)
    page = giver.path("menu")
    chosen = town_name(index_codes_by_name().get(choice.town, ""))
    return giver.render(
        "donor_menu.html",
        status=422 if facts.problems else 200,
        facts=facts,
        rows=[_describe(request, facts.now) for request in facts.menu.requests],
        counts=sorted(counts.items(), key=lambda row: (-row[1], row[0])),
        total=counts.get(chosen, 0) if chosen else sum(counts.values()),
        spots=draw_towns(counts, lambda town: f"{page}?{choice.as_query(town=town)}", chosen),
        categories=tuple(Category),
        states=STATE_LABELS,
        towns=list(load_towns().values()),
        urgencies=URGENCIES,
        town_path=lambda town: f"{page}?{choice.as_query(town=town)}",
        next_path=f"{page}?{choice.as_query(after=facts.menu.next)}" if facts.menu.next else "",
    )


def _name_towns(counts: Mapping[str, int]) -> dict[str, int]:
    named: dict[str, int] = {}
    for code, count in counts.items():
        name = format_town(code)
        named[name] = named.get(name, 0) + count
    return named


def _describe(request: OpenRequest, now: datetime) -> dict[str, object]:
    need = request.need
    first = request.sources[0]
    return {
        "need": need,
        "promised": max(0, need.quantity - need.remaining),
        "days": count_days_waiting(need, now),
        "sources": [_describe_source(source) for source in request.sources],
        "amount": _format_most(first),
        "unit": first.offer.unit,
    }


def _describe_source(source: Source) -> dict[str, object]:
    offer = source.offer
    return {
        "id": offer.id,
        "offer": offer,
        "until": offer.valid_until,
        "most": _format_most(source),
    }


def _format_most(source: Source) -> str:
    return format_yuan_plain(source.most) if source.offer.is_money else str(source.most)
