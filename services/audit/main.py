"""The composition root of audit: settings in, app out."""

from fastapi import FastAPI

from services.audit import api, events, inspection, measuring, publishing, store, years
from services.audit.accounts import describe_payees
from services.audit.preparing import build_bank_secrets, describe_designations
from services.audit.resources import AuditResources
from services.audit.settings import AuditSettings
from services.audit.statement_files import entering, uploads
from services.audit.statements import listed
from services.audit.tlog.witnesses import Witness, Witnesses
from services.audit.vouchers.files import build_file_sealer, describe_voucher_files
from shared.http import HttpClient
from shared.security import Keyring
from shared.service import Service, build_app
from shared.settings import load_settings


def create_app(settings: AuditSettings | None = None) -> FastAPI:
    settings = settings or load_settings(AuditSettings)
    return build_app(build_service(settings, Keyring(settings.secrets_dir)), settings)


def build_service(
    settings: AuditSettings, keyring: Keyring
) -> Service[AuditSettings, AuditResources]:
    rules, secrets = settings.build_rules(), build_bank_secrets(keyring)
    files = build_file_sealer(keyring)
    return Service(
        name="audit",
        states=store.STATES,
        events=events.build_events(rules, secrets),
        commands=events.build_commands(rules, secrets, files),
        routers=api.ROUTERS,
        build_resources=build_resources,
        jobs=(
            publishing.publish,
            inspection.inspect_logs,
            years.keep_years,
            measuring.measure_finance,
            entering.enter_files,
        ),
        indexes=(*store.INDEXES, *listed.INDEXES, *uploads.INDEXES),
        sealed=(
            describe_designations(secrets),
            describe_payees(secrets.accounts),
            describe_voucher_files(files),
            uploads.describe_uploads(uploads.build_upload_sealer(keyring)),
        ),
        records_expire=False,
        start=years.prepare,
    )


def build_resources(
    settings: AuditSettings,
    _keyring: Keyring,
    _http: HttpClient,
) -> AuditResources:
    witnesses = Witnesses(map(Witness.parse, settings.witnesses), settings.witness_quorum)
    ledger = settings.data_dir / "ledger"
    return AuditResources(ledger, settings.log_keys_dir, settings.log_origin, witnesses)
