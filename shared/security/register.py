"""The register: a JSON file with every credential, without secrets. `guanjia keys` changes it."""

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from shared.security.credentials import Credential, PublisherKey
from shared.security.files import write_private

REGISTER = "credentials.json"


def read_register(file: Path) -> tuple[Credential, ...]:
    return tuple(Credential.model_validate(c) for c in json.loads(file.read_bytes()))


def write_register(file: Path, credentials: tuple[Credential, ...]) -> None:
    rows = [c.model_dump(mode="json") for c in credentials]
    write_private(file, json.dumps(rows, ensure_ascii=False, indent=1).encode())


def issue(file: Path, credential: Credential, *, keeps_publisher_keys: bool = False) -> str:
    """Adds or replaces a credential with a fresh secret; returns the bearer, shown only once.

    Replacing ends the keys of its source too, unless `keeps_publisher_keys`, and leaves its holder
    where none is named: nobody becomes a second human by a new secret.
    """
    secret = secrets.token_hex(32)
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    fresh = credential.model_copy(update={"secret_sha256": hashed, "revoked": False})
    existing = {c.id: c for c in _read_existing(file)}
    replaced = existing.pop(credential.id, None)
    if replaced:
        keys = replaced.publisher_keys if keeps_publisher_keys else (make_publisher_key(),)
        holder = credential.holder or replaced.holder
        fresh = fresh.model_copy(update={"publisher_keys": keys, "holder": holder})
    write_register(file, (*existing.values(), fresh))
    return f"gj_{credential.id}_{secret}"


def revoke(file: Path, id_: str) -> bool:
    """Whether there was such a credential."""
    return _change(file, lambda c: c.id == id_, lambda c: c.model_copy(update={"revoked": True}))


def make_publisher_key() -> PublisherKey:
    return PublisherKey(salt=secrets.token_hex(16))


def rotate_publisher(file: Path, source: str, ends_at: datetime) -> bool:
    """A new key for a source; those it has end at `ends_at`. Whether there was such a source."""

    def rotate(credential: Credential) -> Credential:
        ending = (
            key if key.valid_until and key.valid_until < ends_at else _end_key(key, ends_at)
            for key in credential.publisher_keys
        )
        return credential.model_copy(update={"publisher_keys": (*ending, make_publisher_key())})

    return _change(file, lambda c: c.source == source, rotate)


def _end_key(key: PublisherKey, at: datetime) -> PublisherKey:
    return key.model_copy(update={"valid_until": at})


def revoke_publisher(file: Path, source: str) -> bool:
    """Ends every key of a source; its credential still comes in. Whether there was such one."""
    return _change(
        file,
        lambda c: c.source == source,
        lambda c: c.model_copy(update={"publisher_keys": ()}),
    )


def _change(
    file: Path,
    is_meant: Callable[[Credential], bool],
    change: Callable[[Credential], Credential],
) -> bool:
    """Whether there was one that was meant."""
    existing = _read_existing(file)
    write_register(file, tuple(change(c) if is_meant(c) else c for c in existing))
    return any(is_meant(c) for c in existing)


def _read_existing(file: Path) -> tuple[Credential, ...]:
    return read_register(file) if file.exists() else ()
