"""The composition root of intake: settings in, app out."""

from fastapi import FastAPI

from services.intake import api, callbacks, events, pages, parties, store
from services.intake.channels.wechat_crypto import WeChatCrypto
from services.intake.equipment import Equipment
from services.intake.model import Handle, Person, Receipt, Reply, Request
from services.intake.settings import IntakeSettings
from services.intake.vault.sealing import Vault
from shared.security import Keyring
from shared.service import Service, build_app
from shared.settings import load_settings


def create_app(settings: IntakeSettings | None = None) -> FastAPI:
    settings = settings or load_settings(IntakeSettings)
    equipment = equip(settings, Keyring(settings.secrets_dir))
    service = Service(
        name="intake",
        states=(Request, Person, Handle, Receipt, Reply),
        events=events.events(equipment.vault, equipment.rules),
        commands=events.commands(equipment.vault, equipment.rules),
        routers=(api.router, parties.router, callbacks.router, pages.router),
        indexes=store.INDEXES,
        extras=lambda _settings, _keyring, _http: equipment,
    )
    return build_app(service, settings)


def equip(settings: IntakeSettings, keyring: Keyring) -> Equipment:
    token = settings.wechat_token.get_secret_value() or default_wechat_token(keyring)
    aes_key = settings.wechat_aes_key.get_secret_value()
    crypto = WeChatCrypto(token, aes_key, settings.wechat_appid) if aes_key else None
    return Equipment(
        vault=Vault(keyring.derived("vault")),
        rules=settings.rules,
        wechat_token=token,
        wechat_crypto=crypto,
    )


def default_wechat_token(keyring: Keyring) -> str:
    """So that the embedded stack's simulator and intake agree without anybody entering it."""
    return keyring.derived("wechat-callback").hex()[:32]
