"""The root keys: files from which every other key is derived.

`identity.key` never changes: ids, blind names, digests and what providers were told come from it.
`root.key` signs and seals; `root.previous.key` is there while it takes over, for reading alone.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from shared.security.files import sync_folder, write_private

IDENTITY = "identity.key"
CURRENT = "root.key"
PREVIOUS = "root.previous.key"

# A root of before stood for the identity too, until it was rotated. A longer one never did: with
# its identity.key missing, a service must not take it for one and give everybody other ids.
LEGACY_BYTES = 32
ROOT_BYTES = 48
SIZES = (LEGACY_BYTES, ROOT_BYTES)
_ID_BYTES = 4
_MARK = b"\x01"


class RootError(Exception):
    """A key file that is missing or wrong; zh and en say what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} · {en}")


@dataclass(frozen=True, slots=True)
class SealingKey:
    """mark: what is sealed by it begins with this; empty for the root of before marks."""

    mark: bytes
    key: bytes = field(repr=False)


class Root:
    """One root key, and what was derived from it."""

    def __init__(self, secret: bytes, *, marks: bool) -> None:
        self._secret = secret
        self._derived: dict[tuple[str, ...], bytes] = {}
        id_ = hmac.digest(secret, b"root-id", "sha256")[:_ID_BYTES]
        self.id = id_.hex()
        self.mark = _MARK + id_ if marks else b""

    def derive(self, *path: str) -> bytes:
        """A 32-byte key for one purpose, or for one below another."""
        key = self._derived.get(path)
        if key is None:
            key = self._secret
            for purpose in path:
                key = hmac.digest(key, purpose.encode(), "sha256")
            self._derived[path] = key
        return key


@dataclass(frozen=True, slots=True)
class Roots:
    """previous: None unless a rotation is under way."""

    identity: Root
    current: Root
    previous: Root | None
    _sealing_keys: dict[tuple[str, ...], tuple[SealingKey, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def accepted(self) -> tuple[Root, ...]:
        """What may be read, the newest first."""
        return (self.current, self.previous) if self.previous else (self.current,)

    def derive_sealing_keys(self, *path: str) -> tuple[SealingKey, ...]:
        """For one purpose; derived once."""
        keys = self._sealing_keys.get(path)
        if keys is None:
            keys = tuple(SealingKey(root.mark, root.derive(*path)) for root in self.accepted)
            self._sealing_keys[path] = keys
        return keys


def read_roots(secrets_dir: Path) -> Roots:
    """Raises RootError. In this order: whoever rotates writes in the opposite one."""
    current = _read(secrets_dir / CURRENT)
    if current is None:
        raise RootError(f"{secrets_dir} 没有 {CURRENT}", f"there is no {CURRENT} in {secrets_dir}")
    identity = _read(secrets_dir / IDENTITY)
    previous = _read(secrets_dir / PREVIOUS)
    if identity is None:
        if len(current) > LEGACY_BYTES or previous is not None:
            raise RootError(
                f"{secrets_dir} 缺少 {IDENTITY}，请从备份恢复，否则所有编号都会改变",
                f"no {IDENTITY} in {secrets_dir}: restore it, or every id would change",
            )
        identity = current

    def build(secret: bytes) -> Root:
        return Root(secret, marks=secret != identity)

    # The same key twice: a rotation that stopped half-way, before the new one was there.
    is_rotating = previous is not None and previous != current
    return Roots(
        identity=Root(identity, marks=False),
        current=build(current),
        previous=build(previous) if previous is not None and is_rotating else None,
    )


def stamp_roots(secrets_dir: Path) -> tuple[object, ...]:
    """Differs when one of the files that change was replaced."""
    return tuple(_stamp(secrets_dir / name) for name in (CURRENT, PREVIOUS))


def _stamp(file: Path) -> object:
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_ino, stat.st_size


def create_root_key(secrets_dir: Path) -> None:
    """At first start: identity and root. Credentials are issued by `deploy.local.credentials`."""
    secrets_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    _create_identity(secrets_dir)
    if not (secrets_dir / CURRENT).exists():
        write_private(secrets_dir / CURRENT, secrets.token_bytes(ROOT_BYTES))


def _create_identity(secrets_dir: Path) -> None:
    """A copy of a root of before, so that nothing gets another id; else a key of its own."""
    identity = secrets_dir / IDENTITY
    if identity.exists():
        return
    existing = _read(secrets_dir / CURRENT)
    if existing is not None:
        read_roots(secrets_dir)  # raises where this root was never an identity
    write_private(identity, secrets.token_bytes(ROOT_BYTES) if existing is None else existing)


def rotate_root(secrets_dir: Path) -> None:
    """A new root signs and seals; the old one is read. Raises RootError while one takes over.

    The old one is kept first and the new one comes last: whenever this stops, nothing is lost, and
    doing it again goes on.
    """
    _create_identity(secrets_dir)
    if read_roots(secrets_dir).previous is not None:
        raise RootError(
            "上一次轮换还没有结束，请先 retire-root",
            "a rotation is under way: retire the old root first (retire-root)",
        )
    write_private(secrets_dir / PREVIOUS, (secrets_dir / CURRENT).read_bytes())
    write_private(secrets_dir / CURRENT, secrets.token_bytes(ROOT_BYTES))


def retire_root(secrets_dir: Path) -> Path:
    """The old root is read no more. Returns the file it is in now: old backups need it."""
    previous = read_roots(secrets_dir).previous
    if previous is None:
        raise RootError("没有正在轮换的根密钥", "no rotation is under way")
    retired = secrets_dir / f"root.retired-{previous.id}.key"
    (secrets_dir / PREVIOUS).replace(retired)
    sync_folder(secrets_dir)
    return retired


def _read(file: Path) -> bytes | None:
    """None where there is no such file. Raises RootError for one that is being copied."""
    try:
        secret = file.read_bytes()
    except FileNotFoundError:
        return None
    if len(secret) not in SIZES:
        raise RootError(f"{file} 不完整", f"{file} has {len(secret)} bytes: it is cut short")
    return secret
