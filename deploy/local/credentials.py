"""Who may come in at a first start: one credential for each role, its token in a file of its own.

`<secrets>/credentials.json` is the register (hashes only); `<secrets>/<id>.token` is what its
owner sends. A later start adds what is missing and never brings back what was revoked.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.security import Credential, Role, issue, read_register

REGISTER = "credentials.json"


def _of(id_: str, role: Role, source: str = "") -> Credential:
    return Credential(id=id_, secret_sha256="", roles=frozenset({role}), source=source)


# All see the whole city; `guanjia keys issue --area CODE` makes those who see less.
FIRST: tuple[Credential, ...] = (
    _of("operator", Role.OPERATOR),
    _of("auditor", Role.AUDITOR),
    _of("finance-maker", Role.FINANCE_MAKER),
    _of("finance-checker", Role.FINANCE_CHECKER),
    _of("collector", Role.COLLECTOR),
    _of("approver-village", Role.APPROVER_VILLAGE),
    _of("approver-town", Role.APPROVER_TOWN),
    _of("approver-city", Role.APPROVER_CITY),
    _of("channel-village", Role.CHANNEL, "/channels/village"),
    _of("channel-hotline", Role.CHANNEL, "/channels/hotline"),
    _of("channel-station", Role.CHANNEL, "/channels/station"),
    _of("partner", Role.DONOR_PARTNER, "/partners/chamber"),
    _of("bank", Role.BANK, "/bank/demo"),
    _of("service", Role.SERVICE),
    _of("callback-tencent", Role.CALLBACK),
)


def issue_first(secrets_dir: Path) -> None:
    """Issues what the register does not know yet."""
    with changing(secrets_dir) as register:
        known = {c.id for c in read_register(register)} if register.exists() else set()
        for credential in FIRST:
            if credential.id not in known:
                write_token(secrets_dir, credential.id, issue(register, credential))


def write_token(secrets_dir: Path, id_: str, bearer: str) -> Path:
    """For its owner's eyes: 0600, replaced in one step."""
    file = secrets_dir / f"{id_}.token"
    part = file.with_suffix(".token.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(f"{bearer}\n")
    part.replace(file)
    return file


@contextmanager
def changing(secrets_dir: Path) -> Iterator[Path]:
    """The register, for one who reads, changes and writes it at a time."""
    with (secrets_dir / "register.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield secrets_dir / REGISTER
