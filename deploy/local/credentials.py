"""The credentials of a first start: one for each role, its token in a file of its own.

`<secrets>/credentials.json` is the register (hashes only); `<secrets>/<id>.token` is what its
owner sends. A later start adds what is missing and never brings back what was revoked.
"""

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shared.security import REGISTER, Credential, Role, issue, read_register
from shared.security.files import write_private

READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def _make_credential(id_: str, role: Role, source: str = "") -> Credential:
    return Credential(id=id_, secret_sha256="", roles=frozenset({role}), source=source)


# All see the whole city; `guanjia keys issue --area CODE` makes those who see less.
FIRST: tuple[Credential, ...] = (
    _make_credential("operator", Role.OPERATOR),
    _make_credential("auditor", Role.AUDITOR),
    _make_credential("support", Role.SUPPORT),
    _make_credential("finance-maker", Role.FINANCE_MAKER),
    _make_credential("finance-checker", Role.FINANCE_CHECKER),
    _make_credential("collector", Role.COLLECTOR),
    _make_credential("approver-village", Role.APPROVER_VILLAGE),
    _make_credential("approver-town", Role.APPROVER_TOWN),
    _make_credential("approver-city", Role.APPROVER_CITY),
    _make_credential("channel-village", Role.CHANNEL, "/channels/village"),
    _make_credential("channel-hotline", Role.CHANNEL, "/channels/hotline"),
    _make_credential("channel-station", Role.CHANNEL, "/channels/station"),
    _make_credential("partner", Role.DONOR_PARTNER, "/partners/chamber"),
    _make_credential("bank", Role.BANK, "/bank/demo"),
    _make_credential("service", Role.SERVICE),
    # Prometheus: reads /metrics, and nothing else.
    _make_credential("monitor", Role.MONITOR),
    _make_credential("callback-tencent", Role.CALLBACK),
    _make_credential("callback-aliyun", Role.CALLBACK),
)


def issue_first(secrets_dir: Path) -> None:
    """Issues the credentials that the register does not hold yet."""
    with lock_register(secrets_dir) as register:
        existing = {c.id for c in read_register(register)} if register.exists() else set()
        for credential in FIRST:
            if credential.id not in existing:
                write_token(secrets_dir, credential.id, issue(register, credential))


def write_token(secrets_dir: Path, id_: str, bearer: str) -> Path:
    """For its owner's eyes."""
    file = secrets_dir / f"{id_}.token"
    write_private(file, f"{bearer}\n".encode())
    return file


@contextmanager
def lock_register(secrets_dir: Path) -> Iterator[Path]:
    """The register, exclusively: who reads, changes and writes it does so alone.

    Raises SystemExit where it is mounted to be read: a service's container changes no keys.
    """
    with _open_lock(secrets_dir) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield secrets_dir / REGISTER


def _open_lock(secrets_dir: Path) -> IO[bytes]:
    try:
        return (secrets_dir / "register.lock").open("ab")
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        raise SystemExit(
            f"{secrets_dir} 在这里只读（docs/runbooks/rotate-keys.md）：Compose 用 docker compose "
            "-f deploy/compose.yaml run --rm operator keys …；Kubernetes 在保管处改，再更新 Secret"
            " · is read-only here: change it where it is kept"
        ) from None
