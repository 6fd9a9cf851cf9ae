"""The composition root: settings in, app out."""

from fastapi import FastAPI

from services.matching import api, pages
from services.matching.events import COMMANDS, EVENTS
from services.matching.jobs import hold_rounds, keep_deadlines
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.round import Round
from services.matching.settings import MatchingSettings
from services.matching.store import INDEXES
from shared.service import Service, build_app
from shared.settings import load_settings

MATCHING = Service(
    name="matching",
    states=(Offer, Need, Match, Round),
    events=EVENTS,
    commands=COMMANDS,
    routers=(api.router, pages.router),
    jobs=(hold_rounds, keep_deadlines),
    indexes=INDEXES,
)


def create_app(settings: MatchingSettings | None = None) -> FastAPI:
    return build_app(MATCHING, settings or load_settings(MatchingSettings))
