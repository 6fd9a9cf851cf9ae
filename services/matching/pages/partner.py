"""A partner's page: what he offers, what waits to be handed over, and which of his records were
not taken, each with what to change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from services.matching.api.callers import DonorCaller, find_owner_scope
from services.matching.model.labels import name_state
from services.matching.model.match import Match
from services.matching.model.offer import (
    Offer,
    OfferCommand,
    PauseOffer,
    ResumeOffer,
    WithdrawOffer,
)
from shared import mongo
from shared.answers import Answer
from shared.contracts.values import Identifier
from shared.messaging.feedback import Refusal, list_newest_refusals
from shared.runtime import Runtime
from shared.security import Credential
from shared.web.access import RuntimeDep
from shared.web.forms import Form, answer_form, list_problems, make_form_key
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.matching")
PARTNER_PATH = "/matching/offers"
OFFERS_MAX = 50
MATCHES_MAX = 50
REFUSALS_MAX = 20

Act = Literal["pause", "resume", "withdraw"]
OPEN, NOT_BEGUN, OVER, PAUSED, WITHDRAWN = (
    ("可对接", "open"),
    ("还没开始", "not begun"),
    ("已过期", "over"),
    ("已暂停", "paused"),
    ("已撤回", "withdrawn"),
)
WAITING = ("committed", "accepted", "proposed")
"""What a match waits for him in, the most pressing first."""


@dataclass(frozen=True, slots=True)
class OfferOnPage:
    """state: Chinese and English. acts: what he may do with it now."""

    offer: Offer
    state: tuple[str, str]
    acts: Sequence[Act]


@dataclass(frozen=True, slots=True)
class PartnerFacts:
    """Each the newest alone. waiting: promised or proposed from these offers."""

    offers: Sequence[OfferOnPage]
    waiting: Sequence[Match]
    refusals: Sequence[Refusal]


@router.get(PARTNER_PATH)
async def show_partner(caller: DonorCaller, request: Request, runtime: RuntimeDep) -> Response:
    return await _render(request, runtime, caller)


@router.post(f"{PARTNER_PATH}/{{offer_id}}/pause")
async def submit_pause(
    offer_id: Identifier, caller: DonorCaller, request: Request, runtime: RuntimeDep
) -> Response:
    return await _act(request, runtime, caller, PauseOffer, offer_id)


@router.post(f"{PARTNER_PATH}/{{offer_id}}/resume")
async def submit_resuming(
    offer_id: Identifier, caller: DonorCaller, request: Request, runtime: RuntimeDep
) -> Response:
    return await _act(request, runtime, caller, ResumeOffer, offer_id)


@router.post(f"{PARTNER_PATH}/{{offer_id}}/withdraw")
async def submit_withdrawal(
    offer_id: Identifier, caller: DonorCaller, request: Request, runtime: RuntimeDep
) -> Response:
    return await _act(request, runtime, caller, WithdrawOffer, offer_id)


async def _act(
    request: Request,
    runtime: Runtime,
    caller: Credential,
    command: type[OfferCommand],
    offer_id: str,
) -> Response:
    def build(_form: Form) -> OfferCommand:
        return command(offer_id=offer_id, source=find_owner_scope(caller).source)

    async def show(_form: Form, answer: Answer) -> Response:
        return await _render(request, runtime, caller, answer)

    return await answer_form(request, runtime, caller, PARTNER_PATH, build, show)


async def _render(
    request: Request, runtime: Runtime, caller: Credential, answer: Answer | None = None
) -> Response:
    now, database = await runtime.processor.now(), runtime.database
    offers = await mongo.find(
        database,
        Offer,
        {"source": caller.speaks_as},
        sort=[("registered_at", -1)],
        limit=OFFERS_MAX,
    )
    facts = PartnerFacts(
        [describe_on_page(offer, now) for offer in offers],
        await _list_waiting(database, [offer.id for offer in offers]),
        await list_newest_refusals(database, caller.speaks_as, REFUSALS_MAX),
    )
    return render_partner(request, facts, answer)


def render_partner(
    request: Request, facts: PartnerFacts, answer: Answer | None = None
) -> HTMLResponse:
    """answer: what was refused of an act."""
    return PAGES.render_for(
        request,
        "partner.html",
        status=answer.status if answer else 200,
        problems=list_problems(answer) if answer else [],
        offers=facts.offers,
        waiting=[(match, name_state(match.state)) for match in facts.waiting],
        refusals=facts.refusals,
        offers_max=OFFERS_MAX,
        path=PARTNER_PATH,
        form_key=make_form_key(),
    )


async def _list_waiting(database: mongo.Database, offer_ids: Sequence[str]) -> list[Match]:
    """Of these offers: what is to be handed over first."""
    matches: list[Match] = []
    for state in WAITING:
        room = MATCHES_MAX - len(matches)
        query = {"offer_id": {"$in": list(offer_ids)}, "state": state}
        matches += await mongo.find(database, Match, query, limit=room) if room else []
    return matches


def describe_on_page(offer: Offer, now: datetime) -> OfferOnPage:
    if offer.state == "withdrawn":
        return OfferOnPage(offer, WITHDRAWN, ())
    if offer.state == "paused":
        return OfferOnPage(offer, PAUSED, ("resume", "withdraw"))
    if offer.is_over(now):
        return OfferOnPage(offer, OVER, ("withdraw",))
    state = OPEN if offer.is_open(now) else NOT_BEGUN
    return OfferOnPage(offer, state, ("pause", "withdraw"))
