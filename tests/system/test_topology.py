"""The stack of compose.yaml without containers: its processes with its own settings and files.

Three brokers and three mongods by TLS and password, each service twice, and the front with TLS. One
of each is killed, and what is asked for afterwards still comes to the end of its way.
"""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.installation.database import create_user, initiate, retry
from deploy.installation.files import ADMINISTRATOR, DATABASE_PORT, DATABASES, URI
from deploy.local.parts import Part, build_service
from deploy.local.ports import LOOPBACK, find_free_port
from deploy.local.supervisor import Supervisor
from shared.contracts.topics import SERVICES
from tests.deploy.manifests import find_environment, move_files
from tests.support.eventually import eventually
from tests.system.test_rolling import describe_wish
from tests.system.test_wires import MISSING, Brokers, run_mongod
from tests.system.test_wires import brokers as brokers
from tests.system.test_wires import installation as installation

Client = MongoClient[dict[str, Any]]
BEFORE, AFTER = 5, 5
VOLUMES = ("erasures", "ledger", "log-keys")
# On one disk three mongods build each index, and three brokers make the topics and 50 partitions
# of `__consumer_offsets`: until then no group has a coordinator.
STARTS_WITHIN_S = 300


def connect(folder: Path, port: int, **options: Any) -> Client:
    ca_file = str(folder / "database" / "ca.pem")
    return MongoClient(
        LOOPBACK, port, tls=True, tlsCAFile=ca_file, serverSelectionTimeoutMS=3000, **options
    )


@contextmanager
def run_databases(
    folder: Path, ports: dict[str, int]
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Three of one set, with a user for each service, as `guanjia install database` does it."""
    with ExitStack() as running:
        started = {
            name: running.enter_context(run_mongod(folder, port, name))
            for name, port in ports.items()
        }
        with connect(folder, ports[DATABASES[0]], directConnection=True) as first:
            retry(lambda: initiate(first, [f"{LOOPBACK}:{port}" for port in ports.values()]))
        primary = retry(lambda: find_primary(folder, ports))
        password = (folder / "database" / "administrator.password").read_text()
        with connect(folder, ports[primary], directConnection=True) as client:
            client.admin.command("createUser", ADMINISTRATOR, pwd=password, roles=["root"])
        with open_as_administrator(folder, ports) as client:
            for service in SERVICES:
                secret = (folder / "database" / f"mongo-{service}.password").read_text()
                create_user(client, service, secret)
        yield started


def find_primary(folder: Path, ports: dict[str, int]) -> str:
    """Raises PyMongoError while there is none."""
    with connect(folder, ports[DATABASES[0]], replicaSet="rs0") as client:
        client.admin.command("ping")
        assert client.primary is not None
        port = client.primary[1]
    return next(name for name, each in ports.items() if each == port)


def open_as_administrator(folder: Path, ports: dict[str, int]) -> Client:
    password = (folder / "database" / "administrator.password").read_text()
    return connect(
        folder,
        ports[DATABASES[0]],
        replicaSet="rs0",
        username=ADMINISTRATOR,
        password=password,
        authSource="admin",
    )


class Processes:
    """Of compose.yaml: every variable as it stands there, with this machine's files and ports."""

    def __init__(self, folder: Path, brokers: Brokers, databases: dict[str, int]) -> None:
        self._folder = folder
        self._bootstrap = brokers.connection.bootstrap
        self._databases = databases
        for volume in VOLUMES:
            (folder / volume).mkdir()
        self._ports = {f"{name}-{n}": find_free_port() for name in SERVICES for n in (1, 2)}
        self._front_port = find_free_port()
        self.url = f"https://localhost:{self._front_port}"
        self.trust = ssl.create_default_context(cafile=str(folder / "guanjia" / "ca.pem"))

    def build(self) -> list[list[Part]]:
        services = [self._build(name, f"{name}-{n}") for name in SERVICES for n in (1, 2)]
        front = self._find_variables("front", self._front_port)
        log = self._folder / "front.log"
        part = build_service("front", self._front_port, front, log)
        return [services, [replace(part, is_healthy=self._is_front_ready)]]

    def _build(self, name: str, part: str) -> Part:
        port, log = self._ports[part], self._folder / f"{part}.log"
        built = build_service(name, port, self._find_variables(name, port), log)
        return replace(built, name=part, healthy_within_s=STARTS_WITHIN_S)

    def _find_variables(self, name: str, port: int) -> dict[str, str]:
        own = move_files(find_environment(name, "compose"), self._folder, name)
        changed = {
            "GUANJIA_HOST": LOOPBACK,
            "GUANJIA_PORT": str(port),
            "GUANJIA_PUBLIC_URL": self.url,
            "GUANJIA_DATA_DIR": str(self._folder),
            **{f"GUANJIA_{each.upper()}_URL": self._list_urls(each, name) for each in SERVICES},
        }
        if name != "front":
            changed["GUANJIA_KAFKA_BOOTSTRAP"] = self._bootstrap
            changed["GUANJIA_MONGO_URI_FILE"] = str(self._write_uri(name))
        assert own.keys() | {"GUANJIA_PORT", "GUANJIA_DATA_DIR"} >= changed.keys()
        return own | changed

    def _list_urls(self, name: str, caller: str) -> str:
        """In Compose a name has the addresses of both."""
        urls = [f"http://{LOOPBACK}:{self._ports[f'{name}-{n}']}" for n in (1, 2)]
        return ",".join(urls) if caller == "front" else urls[0]

    def _write_uri(self, name: str) -> Path:
        text = (self._folder / name / URI).read_text()
        for database, port in self._databases.items():
            text = text.replace(f"{database}:{DATABASE_PORT}", f"{LOOPBACK}:{port}")
        ca_file = self._folder / "guanjia" / "ca.pem"
        file = self._folder / name / "local.uri"
        file.write_text(text.replace("/etc/guanjia/secrets/ca.pem", str(ca_file)))
        return file

    async def _is_front_ready(self) -> bool:
        async with httpx.AsyncClient(verify=self.trust, trust_env=False) as http:
            try:
                return (await http.get(f"{self.url}/health/ready")).is_success
            except httpx.HTTPError:
                return False


@asynccontextmanager
async def run_parts(stages: list[list[Part]]) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(stages, announce=print)
    await supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


@pytest.mark.kafka
@pytest.mark.timeout(500)
@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
async def test_the_stack_of_compose_loses_one_of_each_and_goes_on(
    installation: Path, brokers: Brokers
) -> None:
    ports = {name: find_free_port() for name in DATABASES}
    processes = Processes(installation, brokers, ports)
    with (
        run_databases(installation, ports) as mongods,
        open_as_administrator(installation, ports) as client,
    ):
        async with (
            run_parts(processes.build()) as supervisor,
            httpx.AsyncClient(
                base_url=processes.url, verify=processes.trust, timeout=30, trust_env=False
            ) as http,
        ):
            token = (installation / "people" / "collector.token").read_text().strip()
            look = partial(asyncio.to_thread, count_needs, client)
            await submit(http, token, range(BEFORE))
            await eventually(look, lambda found: found == BEFORE, within_s=120)

            brokers.processes["kafka-2"].kill()
            mongods[find_primary(installation, ports)].kill()
            for name in SERVICES:
                await supervisor.kill(f"{name}-2")
            await submit(http, token, range(BEFORE, BEFORE + AFTER))
            await eventually(look, lambda found: found == BEFORE + AFTER, within_s=120)


def count_needs(client: Client) -> int:
    """-1 while no mongod answers."""
    try:
        return client["guanjia_matching"]["needs"].count_documents({})
    except PyMongoError:
        return -1


async def submit(http: httpx.AsyncClient, token: str, numbers: range) -> None:
    """Each until it is taken, by the same key: between two primaries the answer is 503."""
    for number in numbers:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"k-{number}"}
        wish = describe_wish(number)
        post = partial(http.post, "/api/intake/requests", json=wish, headers=headers)
        await eventually(post, lambda answer: answer.status_code in (200, 201))
