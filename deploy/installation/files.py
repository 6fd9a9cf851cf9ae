"""The files that each part of an installation reads: one folder for each, with nobody else's keys.

What is there stays as it is, so making them again adds what a new version needs.
"""

import base64
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from deploy.installation.authority import Authority
from deploy.installation.brokers import (
    BROKERS,
    SERVICES_USER,
    write_broker_settings,
    write_client_settings,
)
from deploy.local.credentials import FIRST, issue_first, lock_register, write_token
from shared.contracts.topics import SERVICES
from shared.security import Role, create_root_key, issue
from shared.security.files import create_private, write_private

DATABASES = ("mongo-1", "mongo-2", "mongo-3")
REPLICA_SET = "rs0"
DATABASE_PORT = 27017
ADMINISTRATOR = "administrator"
LOOPBACK_NAMES = ("localhost", "127.0.0.1")
# Each a folder, and a volume that the part alone mounts: a service has what all of them need
# (`guanjia`) and the way into its own database. No part mounts that of people: their tokens are
# handed out, so whoever breaks into a service is none of them.
SHARED = "guanjia"
OPERATOR = "operator"
PARTS = (
    SHARED,
    *SERVICES,
    OPERATOR,
    "people",
    "front",
    "brokers",
    "database",
    "watching",
    "authority",
)
URI = "mongo.uri"
MONITOR_TOKEN = "monitor.token"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Installation:
    """folder: with a folder of each part. public_host: by which people call the front."""

    folder: Path
    public_host: str = "localhost"

    def prepare(self, now: datetime) -> None:
        """Makes what is missing."""
        for part in PARTS:
            (self.folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        authority = Authority.open(self.folder / "authority", now)
        for part in ("guanjia", "brokers", "database", "watching"):
            create_private(self.folder / part / "ca.pem", authority.pem)
        self._prepare_front(authority, now)
        self._prepare_guanjia()
        self._set_people_apart()
        self._prepare_brokers(authority, now)
        self._prepare_database(authority, now)
        self._prepare_watching()

    def give(self, owners: Mapping[str, int]) -> None:
        """Each part's files to the user it runs as. For root alone."""
        for part, user in owners.items():
            for path in (self.folder / part, *(self.folder / part).rglob("*")):
                os.chown(path, user, user)

    def _prepare_front(self, authority: Authority, now: datetime) -> None:
        """It opens nothing and signs nothing, so it has none of the services' keys."""
        folder = self.folder / "front"
        create_private(folder / "front.token", make_password())
        if not (folder / "front.pem").exists():
            names = dict.fromkeys([self.public_host, *LOOPBACK_NAMES])
            front = authority.certify(list(names), now)
            create_private(folder / "front.key", front.key)
            create_private(folder / "front.pem", front.certificate + authority.pem)

    def _prepare_guanjia(self) -> None:
        folder = self.folder / "guanjia"
        create_root_key(folder)
        issue_first(folder)
        token = (self.folder / "front" / "front.token").read_bytes()
        create_private(folder / "front.token", token)
        create_private(folder / "kafka.user", SERVICES_USER.encode())
        create_private(folder / "kafka.password", make_password())

    def _set_people_apart(self) -> None:
        """Also those that an earlier version left among the services' keys."""
        for credential in FIRST:
            token = self.folder / SHARED / f"{credential.id}.token"
            if Role.SERVICE not in credential.roles and token.exists():
                part = "watching" if token.name == MONITOR_TOKEN else "people"
                shutil.move(token, self.folder / part / token.name)

    def _prepare_brokers(self, authority: Authority, now: datetime) -> None:
        folder = self.folder / "brokers"
        services = (self.folder / "guanjia" / "kafka.password").read_text()
        between = create_private(folder / "between.password", make_password()).decode()
        create_private(folder / "cluster.id", _make_cluster_id())
        for name in BROKERS:
            _certify_in_one_file(authority, folder, name, now)
            settings = write_broker_settings(name, between=between, services=services)
            create_private(folder / f"{name}.properties", settings.encode())
        administration = write_client_settings(SERVICES_USER, services)
        write_private(folder / "admin.properties", administration.encode())

    def _prepare_database(self, authority: Authority, now: datetime) -> None:
        folder = self.folder / "database"
        create_private(folder / "members.key", base64.b64encode(secrets.token_bytes(96)))
        password = create_private(folder / "administrator.password", make_password())
        for name in DATABASES:
            _certify_in_one_file(authority, folder, name, now)
        self._write_uri(OPERATOR, ADMINISTRATOR, password)
        for service in SERVICES:
            file = folder / f"mongo-{service}.password"
            self._take_over(file)
            self._write_uri(service, service, create_private(file, make_password()))

    def _take_over(self, file: Path) -> None:
        """An earlier version had each service's way in among the keys of all services."""
        earlier = self.folder / SHARED / file.name
        if earlier.exists():
            shutil.move(earlier, file)
        earlier.with_suffix(".uri").unlink(missing_ok=True)

    def _write_uri(self, part: str, user: str, password: bytes) -> None:
        uri = format_database_uri(user, password.decode(), folder_of_services("ca.pem"))
        create_private(self.folder / part / URI, uri.encode())

    def _prepare_watching(self) -> None:
        folder = self.folder / "watching"
        if not (folder / MONITOR_TOKEN).exists():  # the register came from a backup, without it
            (monitor,) = (each for each in FIRST if Role.MONITOR in each.roles)
            with lock_register(self.folder / SHARED) as register:
                write_token(folder, monitor.id, issue(register, monitor))
        create_private(folder / "grafana.password", make_password())


def folder_of_services(name: str) -> str:
    """Where a service's container finds a file of its folder."""
    return f"/etc/guanjia/secrets/{name}"


def format_database_uri(user: str, password: str, ca_file: str) -> str:
    hosts = ",".join(f"{name}:{DATABASE_PORT}" for name in DATABASES)
    options = f"replicaSet={REPLICA_SET}&tls=true&tlsCAFile={quote(ca_file, safe='/')}"
    source = "admin" if user == ADMINISTRATOR else f"guanjia_{user}"
    return f"mongodb://{user}:{password}@{hosts}/?{options}&authSource={source}"


def make_password() -> bytes:
    return secrets.token_hex(32).encode()


def _make_cluster_id() -> bytes:
    """As Kafka's: 16 bytes, base64 for URLs. A leading `-` would read as an option."""
    return next(iter(_list_cluster_ids()))


def _list_cluster_ids() -> Iterator[bytes]:
    while True:
        text = base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=")
        if not text.startswith(b"-"):
            yield text


def _certify_in_one_file(authority: Authority, folder: Path, name: str, now: datetime) -> None:
    """Key, certificate and chain together, as brokers and databases read them."""
    file = folder / f"{name}.pem"
    if not file.exists():
        part = authority.certify([name, *LOOPBACK_NAMES], now)
        create_private(file, part.key + part.certificate + authority.pem)


def parse_owners(texts: Sequence[str]) -> dict[str, int]:
    """`database=999` for each. Raises ValueError."""
    owners = {part: int(user) for part, _, user in (text.partition("=") for text in texts)}
    unknown = owners.keys() - set(PARTS)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: {', '.join(PARTS)}")
    return owners
