"""The composition root of matching: settings in, app out."""

from fastapi import FastAPI

from services.matching import api, pages
from services.matching.events import build_commands, build_events
from services.matching.explaining.explainer import Explainer
from services.matching.jobs import run_deadlines, run_explainer, run_rounds
from services.matching.model.campaign import Campaign, Emergency
from services.matching.model.consent import StandingConsent
from services.matching.model.donor_digest import DonorDigest, ReplyCode
from services.matching.model.funds import KnownFund, Mandate
from services.matching.model.match import Match
from services.matching.model.need import Namesakes, Need
from services.matching.model.offer import Offer
from services.matching.model.relations import FundRelations, JoinedPersons, PersonVouchers
from services.matching.model.round import Round, WholeRoundDemand
from services.matching.rounds import pool
from services.matching.rounds import store as round_store
from services.matching.settings import MatchingSettings
from services.matching.store import INDEXES
from services.matching.year_summaries import run_year_summaries
from shared.giving_client import GivingClient
from shared.http import HttpClient
from shared.messaging.decision import State
from shared.partner_ids import PartnerIds
from shared.persons_client import PersonsClient
from shared.revocations import LinkRevocation
from shared.security import Keyring
from shared.service import Service, build_app
from shared.settings import load_settings
from shared.spoken_words import INDEXES as WORD_INDEXES
from shared.spoken_words import SpokenWord, WordTally

STATES: tuple[type[State], ...] = (
    *(Offer, Need, Match, Round, WholeRoundDemand),
    *(
        Campaign,
        Emergency,
        DonorDigest,
        ReplyCode,
        StandingConsent,
        FundRelations,
        JoinedPersons,
        PersonVouchers,
        KnownFund,
        Mandate,
        Namesakes,
        LinkRevocation,
    ),
    *(SpokenWord, WordTally),
)


def create_app(settings: MatchingSettings | None = None) -> FastAPI:
    settings = settings or load_settings(MatchingSettings)
    return build_app(build_service(settings, Keyring(settings.secrets_dir)), settings)


def build_service(
    settings: MatchingSettings,
    keyring: Keyring,
) -> Service[MatchingSettings, Explainer]:
    required = settings.mandates_required
    return Service(
        name="matching",
        states=STATES,
        events=build_events(
            settings.reopen_days,
            PartnerIds.of(keyring),
            settings.catalogue,
            mandates_required=required,
        ),
        commands=build_commands(
            settings.reopen_days,
            settings.catalogue,
            settings.digest_rules,
            mandates_required=required,
        ),
        routers=(*api.ROUTERS, *pages.ROUTERS),
        build_resources=build_resources,
        jobs=(run_rounds, run_deadlines, run_explainer, run_year_summaries),
        indexes=(*INDEXES, *pool.INDEXES, *round_store.INDEXES, *WORD_INDEXES),
    )


def build_resources(
    settings: MatchingSettings,
    keyring: Keyring,
    http: HttpClient,
) -> Explainer:
    token = settings.secrets_dir / "service.token"
    return Explainer(
        PersonsClient(http, settings.intake_url, token),
        GivingClient(http, settings.audit_url, token),
        keyring.is_partner_gone,
    )
