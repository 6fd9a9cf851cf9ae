"""The composition root: settings in, app out."""

from dataclasses import replace

from fastapi import FastAPI

from services.matching import api, pages
from services.matching.events import COMMANDS, EVENTS, confirmations, replies
from services.matching.explaining.explainer import Explainer
from services.matching.jobs import run_deadlines, run_explainer, run_rounds
from services.matching.model.campaign import Campaign, Emergency
from services.matching.model.match import ConfirmMatch, Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import FundRelations
from services.matching.model.round import Round, WholeRoundDemand
from services.matching.rounds import pool
from services.matching.rounds import store as round_store
from services.matching.settings import MatchingSettings
from services.matching.store import INDEXES
from shared.contracts.events import ReplyUnderstood
from shared.service import Service, build_app
from shared.settings import load_settings

MATCHING = Service(
    name="matching",
    states=(Offer, Need, Match, Round, WholeRoundDemand, Campaign, Emergency, FundRelations),
    events=EVENTS,
    commands=COMMANDS,
    routers=(*api.ROUTERS, pages.router),
    jobs=(run_rounds, run_deadlines, run_explainer),
    extras=lambda *_: Explainer(),
    indexes=(*INDEXES, *pool.INDEXES, *round_store.INDEXES),
)


def create_app(settings: MatchingSettings | None = None) -> FastAPI:
    settings = settings or load_settings(MatchingSettings)
    days = settings.reopen_days
    service = replace(
        MATCHING,
        events={**EVENTS, ReplyUnderstood: replies(days)},
        commands={**COMMANDS, ConfirmMatch: confirmations(days)},
    )
    return build_app(service, settings)
