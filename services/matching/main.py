"""The composition root: settings in, app out."""

from dataclasses import replace

from fastapi import FastAPI

from services.matching import api, pages
from services.matching.events import COMMANDS, EVENTS, confirmations, replies
from services.matching.jobs import hold_rounds, keep_deadlines, keep_explainer
from services.matching.model.campaign import Campaign
from services.matching.model.emergency import Emergency
from services.matching.model.match import ConfirmMatch, Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import FundRelations
from services.matching.model.round import Round, WholeRoundDemand
from services.matching.rounds import pool, shelf, stored
from services.matching.rounds.explaining import Explainer
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
    jobs=(hold_rounds, keep_deadlines, keep_explainer),
    extras=lambda *_: Explainer(),
    indexes=(*INDEXES, *pool.INDEXES, *shelf.INDEXES, *stored.INDEXES),
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
