"""The composition root of intake: settings in, app out."""

from datetime import timedelta

from fastapi import FastAPI

from services.intake import (
    api,
    callbacks,
    duplicates,
    erasures,
    events,
    jobs,
    pages,
    store,
    uploads,
    worklist,
)
from services.intake.approvals import agenda
from services.intake.attachments import checking
from services.intake.channels.wechat_crypto import WeChatCrypto
from services.intake.decide import accounts
from services.intake.emergencies import hastening
from services.intake.judgement import learning
from services.intake.media import fetching
from services.intake.media.wechat import WeChatMediaClient
from services.intake.model import (
    ContactPoint,
    Correspondence,
    Identity,
    Message,
    OpeningTally,
    Person,
    Receipt,
    Reply,
    Request,
)
from services.intake.model.account import Account, LinkedIdentity, Session, SignInTally
from services.intake.model.attachment import Attachment
from services.intake.model.emergency import Emergency
from services.intake.model.erasure import ErasureProposal
from services.intake.model.meeting import Meeting
from services.intake.model.regular import RegularWork, Visit
from services.intake.model.subscriptions import SubscriptionChoice
from services.intake.model.suggestion import NameInPlace, Suggestion
from services.intake.own import proofs
from services.intake.regular import store as regular_store
from services.intake.reporting.recent import RecentCounts
from services.intake.resources import IntakeResources
from services.intake.settings import IntakeSettings
from services.intake.sign_in.organisation import build_provider
from services.intake.sign_in.proofs import Proofs, describe_totps, make_totp_sealer
from services.intake.sign_in.sessions import build_sessions
from services.intake.vault.messages import describe_message_keys
from services.intake.vault.sealing import build_vault, describe_keys
from shared.http import FetchingClient
from shared.partner_ids import PartnerIds
from shared.revocations import LinkRevocation
from shared.security import Keyring
from shared.service import Service, build_app
from shared.settings import load_settings
from shared.spoken_words import INDEXES as WORD_INDEXES
from shared.spoken_words import SpokenWord, WordTally
from shared.web.admission import Quota


def create_app(settings: IntakeSettings | None = None) -> FastAPI:
    settings = settings or load_settings(IntakeSettings)
    return build_app(build_service(settings, Keyring(settings.secrets_dir)), settings)


def build_service(
    settings: IntakeSettings, keyring: Keyring
) -> Service[IntakeSettings, IntakeResources]:
    vault = build_vault(keyring)
    return Service(
        name="intake",
        states=(
            Request,
            Person,
            ContactPoint,
            Identity,
            NameInPlace,
            Suggestion,
            OpeningTally,
            Meeting,
            Emergency,
            ErasureProposal,
            Receipt,
            SubscriptionChoice,
            Reply,
            Message,
            Correspondence,
            Attachment,
            LinkRevocation,
            Account,
            LinkedIdentity,
            Session,
            SignInTally,
            SpokenWord,
            WordTally,
            RegularWork,
            Visit,
        ),
        events=events.build_events(vault, settings.rules, keyring.find_credential),
        commands={
            **events.build_commands(vault, settings.rules, keyring.find_credential),
            **accounts.build_handlers(settings.sign_in_rules),
        },
        routers=(*api.ROUTERS, *callbacks.ROUTERS, *pages.ROUTERS),
        build_resources=build_resources,
        indexes=(
            *store.INDEXES,
            *worklist.INDEXES,
            *agenda.INDEXES,
            *uploads.INDEXES,
            *learning.INDEXES,
            *regular_store.INDEXES,
            *erasures.INDEXES,
            *duplicates.INDEXES,
            *proofs.INDEXES,
            *WORD_INDEXES,
        ),
        retired_indexes=store.RETIRED_INDEXES,
        jobs=(
            jobs.run_deadlines,
            jobs.measure_overdue,
            uploads.import_uploads,
            checking.check_waiting,
            hastening.hasten_cases,
            fetching.fetch_waiting,
        ),
        sealed=(
            describe_keys(vault),
            *describe_message_keys(vault),
            describe_totps(make_totp_sealer(keyring)),
        ),
        build_sessions=build_sessions,
        before_serving=erasures.erase_again,
    )


def build_resources(
    settings: IntakeSettings, keyring: Keyring, http: FetchingClient
) -> IntakeResources:
    token = keyring.reveal_provider_secret(settings.wechat_token, "wechat-callback")
    aes_key = settings.wechat_aes_key.get_secret_value()
    crypto = WeChatCrypto(token, aes_key, settings.wechat_appid) if aes_key else None
    return IntakeResources(
        vault=build_vault(keyring),
        rules=settings.rules,
        wechat_token=token,
        wechat_crypto=crypto,
        media=WeChatMediaClient(
            http,
            settings.wechat_endpoint or settings.simulators_url,
            settings.wechat_appid,
            keyring.reveal_provider_secret(settings.wechat_secret, "wechat.secret"),
        ),
        partner_ids=PartnerIds.of(keyring),
        parties_quota=Quota(settings.parties_per_minute),
        proofs=Proofs(keyring),
        ask_quota=Quota(settings.asks_per_minute),
        own_quota=Quota(proofs.TRIES_PER_MINUTE),
        sign_in_quota=Quota(settings.sign_ins_per_minute),
        organisation=build_provider(settings, keyring, make_totp_sealer(keyring), http),
        recent_counts=RecentCounts(timedelta(seconds=settings.statistics_s)),
    )
