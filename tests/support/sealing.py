"""Sealers whose keys a test knows."""

from services.intake.vault.sealing import Vault
from shared.messaging.sealing import Sealer
from shared.security import SealingKey


def make_sealer(*keys: SealingKey) -> Sealer:
    """The first seals."""

    def list_keys(*, anew: bool = False) -> tuple[SealingKey, ...]:
        return keys

    return Sealer(list_keys)


def make_vault(key: bytes) -> Vault:
    return Vault(key, make_sealer(SealingKey(b"", key)))
