"""The composition root: settings in, app out."""

import httpx
from fastapi import FastAPI

from services.audit import api, jobs
from services.audit.events import COMMANDS, EVENTS
from services.audit.public import PublicLogs
from services.audit.settings import AuditSettings
from services.audit.store import STATES
from shared.security import Keyring
from shared.service import Service, build_app
from shared.settings import Settings, load_settings


def _public_logs(settings: Settings, _keyring: Keyring, _http: httpx.AsyncClient) -> PublicLogs:
    return PublicLogs(settings.data_dir / "ledger", settings.secrets_dir)


SERVICE = Service(
    name="audit",
    states=STATES,
    events=EVENTS,
    commands=COMMANDS,
    routers=(api.router,),
    jobs=(jobs.publish,),
    records_expire=False,
    extras=_public_logs,
    start=jobs.open_log,
)


def create_app(settings: AuditSettings | None = None) -> FastAPI:
    return build_app(SERVICE, settings or load_settings(AuditSettings))
