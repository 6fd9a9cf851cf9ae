"""Composes the embedded stack: which parts, on which ports, with which settings."""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Literal

from deploy.local import mongod, parts, stack_file
from deploy.local.credentials import issue_first
from deploy.local.ports import LOOPBACK, find_free_port, is_free
from deploy.local.stack_file import BROKERS, MONGODS
from deploy.local.supervisor import Supervisor
from shared.contracts.topics import SERVICES as REPEATED
from shared.security import create_root_key
from shared.settings import PREFIX

SERVICES = ("simulators", "intake", "matching", "notify", "audit", "front")
# Wherever the services listen: they let everybody in.
LOOPBACK_ONLY = frozenset({"simulators"})
_ALL_INTERFACES = ("", "0.0.0.0", "::")  # noqa: S104 - what a user may ask for
# The embedded broker starts a group half a session timeout after its first member joined, and
# looks again and again at what waits for a fetch: with waits of 20 ms four idle services cost it
# 39 % of a core, with these 16 %; a record comes through in about 15 ms.
EMBEDDED_BROKER = {
    "GUANJIA_SESSION_TIMEOUT_MS": "6000",
    "GUANJIA_FETCH_MAX_WAIT_MS": "100",
    "GUANJIA_FETCH_QUIET_WAIT_MS": "800",
}
# The simulator pushes as WeChat's plain mode does, unless it has an EncodingAESKey.
SIMULATED_WECHAT = {
    "GUANJIA_WECHAT_PLAIN_MODE": "true",
    "GUANJIA_WECHAT_SUBSCRIBE_IDS": '{"request_opened": "subscribe-progress", '
    '"match_committed": "subscribe-progress", "match_delivered": "subscribe-delivery", '
    '"match_asked": "subscribe-proposal", "proposals_proposed": "subscribe-proposal"}',
}
# The demo's village committee and station meet whom they record; its hotline does not.
DEMO_CHANNELS = {"GUANJIA_MEETING_SOURCES": '["/channels/village", "/channels/station"]'}
# Longer than the front takes to see that an instance stops.
DRAINING = {"GUANJIA_DRAIN_S": "1.5"}
# Where a run must not wait for the morning: the demo says so, the tests run at any hour.
AT_ONCE = {
    "GUANJIA_QUIET_HOURS": "",
    "GUANJIA_BUNDLE_S": "0",
    "GUANJIA_PERSON_DAY_MAX": "1000000",
    # As if both providers had raised a number's limits in their consoles.
    "GUANJIA_SIMULATORS_PER_DAY_MAX": "0",
    "GUANJIA_SIMULATORS_ALIYUN_PER_DAY_MAX": "0",
    "GUANJIA_SIMULATORS_SAME_CONTENT_S": "0",
}
BrokerKind = Literal["mesh", "kafka"]


class PortInUseError(RuntimeError):
    """A requested port is in use."""


@dataclass(frozen=True, slots=True)
class StackOptions:
    """broker None: Kafka where an address of one is given, else the embedded mesh.

    brokers: of Apache Kafka, 1 or 3; of three any one may be lost with its disk.
    kafka (HOST:PORT), mongo (URI): existing ones to use; then that part is not started.
    ports: by part name (broker, mongod, simulators, intake ...); free ones where not given.
    host: where the services listen; broker, database and simulators stay on loopback.
    services: which of SERVICES there are; none for tests that need broker and database only.
    without: which of them somebody else starts; the stack waits for them.
    mongods: of the embedded database, 1 or 3; of three any one may be lost.
    proxy_ports: where proxies listen on loopback, which who starts the stack runs: by a broker's
    name, or of three mongods by a mongod's, the one through which everybody reaches it.
    mongo_proxy_ports: by service, its own proxy to the one mongod.
    http_proxy_ports: by service, the one through which the others and the front reach it.
    service_module: what runs as `python -m ... run NAME`. service_env: by service, further
    variables of its process.
    instances: of each service but the simulators and the front, which hands requests to all.
    older: a source tree of an older version, of which each service has a spare instance.
    settings_env: GUANJIA_* variables that every service gets.
    """

    data_dir: Path
    broker: BrokerKind | None = None
    brokers: int = 1
    kafka: str | None = None
    mongo: str | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    host: str = LOOPBACK
    settings_env: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = SERVICES
    without: frozenset[str] = frozenset()
    mongods: int = 1
    proxy_ports: Mapping[str, int] = field(default_factory=dict)
    mongo_proxy_ports: Mapping[str, int] = field(default_factory=dict)
    http_proxy_ports: Mapping[str, int] = field(default_factory=dict)
    service_module: str = parts.SERVICE_MODULE
    service_env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    instances: int = 1
    older: Path | None = None

    @property
    def broker_kind(self) -> BrokerKind:
        return self.broker or ("kafka" if self.kafka or self.brokers > 1 else "mesh")

    @property
    def broker_names(self) -> tuple[str, ...]:
        return BROKERS[: self.brokers]

    @property
    def mongod_names(self) -> tuple[str, ...]:
        return MONGODS[: self.mongods]


class Stack:
    """The parts under one supervisor, and where they listen."""

    def __init__(self, options: StackOptions, announce: Callable[[str], None]) -> None:
        self.options = options
        self.data_dir = options.data_dir.absolute()
        self.log_dir = self.data_dir / "logs"
        self.secrets_dir = self.data_dir / "secrets"
        self._ports = _choose_ports(options)
        self._front_token = secrets.token_hex(16)
        self._advertised = self._advertise(options.broker_names)
        addresses = (f"{LOOPBACK}:{port}" for port in self._advertised.values())
        self.kafka_bootstrap = options.kafka or ",".join(addresses)
        self._mongod_secrets: mongod.MongodSecrets | None = None
        self.mongo_uri = options.mongo or self._make_mongo_uri()
        self.urls = {
            name: f"http://{self._find_client_host(name)}:{self._ports[name]}" for name in SERVICES
        }
        self._peer_urls = {name: self._find_peer_url(name) for name in SERVICES}
        self.public_url = self._find_public_url()
        self._stages = self._compose()
        spares = self._build_spares()
        self.spare_urls = {part.name: part.address for part in spares}
        self.supervisor = Supervisor(self._stages, announce, self._write_state, spares)
        self._claim: IO[bytes] | None = None

    async def start(self) -> None:
        """Returns when all is healthy; else raises DataDirInUseError, PartFailedError or
        ToolMissingError, and nothing runs. (The constructor: PartMissingError, PortInUseError.)
        """
        self._claim = await stack_file.claim_folder(self.data_dir)
        try:
            make_secrets(self.secrets_dir)
            for name in self.options.without:
                stack_file.write_env(self._env_file(name), self.build_full_env(name))
            self._write_state()
            await self.supervisor.start()
        except BaseException:
            self._release()
            raise

    async def watch(self) -> None:
        await self.supervisor.watch()

    async def stop(self) -> None:
        try:
            await self.supervisor.stop()
        finally:
            self._release()

    def list_rows(self) -> list[tuple[str, str, Path | None]]:
        """Name, address and log file of every part, in order of start; no log of an external."""
        return [
            (part.name, part.address, part.log_file if isinstance(part, parts.Part) else None)
            for stage in self._stages
            for part in stage
        ]

    def build_service_env(self, name: str, part: str = "") -> dict[str, str]:
        """The settings of a service as variables; also for a service started by hand.

        part: of which instance, where there are several.
        """
        embedded = EMBEDDED_BROKER if self.options.broker_kind == "mesh" else {}
        plays = "simulators" in self.options.services
        simulated = {**SIMULATED_WECHAT, **DEMO_CHANNELS} if plays else {}
        return {
            **embedded,
            **simulated,
            **(DRAINING if self.options.instances > 1 or self.options.older else {}),
            "GUANJIA_FRONT_TOKEN": self._front_token,
            **self.options.settings_env,
            "GUANJIA_KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            "GUANJIA_BROKER": self.options.broker_kind,
            "GUANJIA_MONGO_URI": self._find_mongo_uri(name),
            # Static membership: one that is started again takes its partitions back at once.
            "GUANJIA_INSTANCE_ID": f"{name}-1" if part in ("", name) else part,
            "GUANJIA_HOST": LOOPBACK if name in LOOPBACK_ONLY else self.options.host,
            "GUANJIA_PORT": str(self._ports[part or name]),
            "GUANJIA_PUBLIC_URL": self.public_url,
            "GUANJIA_DATA_DIR": str(self.data_dir),
            "GUANJIA_SECRETS_DIR": str(self.secrets_dir),
            **{f"GUANJIA_{service.upper()}_URL": url for service, url in self._peer_urls.items()},
            **(self._name_all_instances() if name == "front" else {}),
            **self.options.service_env.get(name, {}),
        }

    def _name_all_instances(self) -> dict[str, str]:
        return {
            f"GUANJIA_{name.upper()}_URL": ",".join(
                (self._peer_urls[name], *(self._format_url(name, part) for part in each[1:]))
            )
            for name, each in (list_parts(self.options) | self._list_all_of_older()).items()
        }

    def _list_all_of_older(self) -> dict[str, list[str]]:
        parts = list_parts(self.options)
        return {name: [*parts[name], name_older(name)] for name in self._list_older()}

    def _list_older(self) -> list[str]:
        return [name for name in self.options.services if name in REPEATED and self.options.older]

    def _format_url(self, name: str, part: str) -> str:
        return f"http://{self._find_client_host(name)}:{self._ports[part]}"

    def _find_peer_url(self, name: str) -> str:
        """As the other services reach it."""
        port = self.options.http_proxy_ports.get(name)
        return f"http://{LOOPBACK}:{port}" if port else self.urls[name]

    def build_full_env(self, name: str) -> dict[str, str]:
        """All settings of a service that is started elsewhere, those of our environment too."""
        ours = {k: v for k, v in os.environ.items() if k.startswith(PREFIX)}
        return {**ours, **self.build_service_env(name)}

    def _find_public_url(self) -> str:
        """Where people come in; without a front each service has an address of its own."""
        env = self.options.settings_env
        if "GUANJIA_PUBLIC_URL" in env:
            return env["GUANJIA_PUBLIC_URL"]
        has_front = "front" in self.options.services
        # Where a proxy brings the public by https, its address is not known here.
        is_ours = env.get("GUANJIA_PUBLIC_SCHEME", "http") == "http"
        return self.urls["front"] if has_front and is_ours else ""

    def _make_mongo_uri(self) -> str:
        """Of the embedded database, with the password, which is made at a first start."""
        self._mongod_secrets = mongod.make_mongod_secrets(self.secrets_dir)
        return self._mongod_secrets.format_uri(*self._advertise(self.options.mongod_names).values())

    def _advertise(self, names: Sequence[str]) -> dict[str, int]:
        """By which ports others reach these brokers or mongods."""
        return {name: self.options.proxy_ports.get(name, self._ports[name]) for name in names}

    def _find_mongo_uri(self, name: str) -> str:
        """As this service reaches the database."""
        port = self.options.mongo_proxy_ports.get(name)
        if port is None or self._mongod_secrets is None:
            return self.mongo_uri
        return self._mongod_secrets.format_uri(port, is_direct=True)

    def _compose(self) -> list[list[parts.Part | parts.ExternalPart]]:
        services = {
            part: self._build_service(name, part)
            for name, each in list_parts(self.options).items()
            for part in each
        }
        simulators = services.pop("simulators", None)
        stages = (
            [*self._build_brokers(), *self._build_databases()],
            [simulators] if simulators else [],
            [*services.values()],
        )
        return [[*stage] for stage in stages if stage]

    def _build_brokers(self) -> list[parts.Part]:
        if self.options.kafka:
            return []
        if self.options.broker_kind == "kafka":
            ports = {name: self._ports[name] for name in self.options.broker_names}
            return parts.build_brokers(self.data_dir, ports, self.log_dir, self._advertised)
        port, log = self._ports["broker"], self._log("broker")
        return [parts.build_mesh(port, log, self._advertised["broker"])]

    def _build_databases(self) -> list[parts.Part]:
        if self._mongod_secrets is None:
            return []
        ports = {name: self._ports[name] for name in self.options.mongod_names}
        advertised = self._advertise(self.options.mongod_names)
        return mongod.build_mongods(
            self.data_dir, self._mongod_secrets, ports, self.log_dir, advertised
        )

    def _build_spares(self) -> list[parts.Part]:
        """Of the older version, under today's settings."""
        built = []
        for name in self._list_older():
            part = name_older(name)
            env, log = self.build_service_env(name, part), self._log(part)
            host, tree = self._find_client_host(name), self.options.older
            service = parts.build_service(name, self._ports[part], env, log, host, tree=tree)
            built.append(replace(service, name=part))
        return built

    def _build_service(self, name: str, part: str) -> parts.Part | parts.ExternalPart:
        port, host = self._ports[part], self._find_client_host(name)
        if name in self.options.without:
            return parts.build_external_service(name, port, self._env_file(name), host)
        env, log = self.build_service_env(name, part), self._log(part)
        built = parts.build_service(name, port, env, log, host, self.options.service_module)
        return replace(built, name=part)

    def _find_client_host(self, name: str) -> str:
        """Under which address this machine reaches it."""
        host = self.options.host
        return LOOPBACK if name in LOOPBACK_ONLY or host in _ALL_INTERFACES else host

    def _log(self, name: str) -> Path:
        return self.log_dir / f"{name}.log"

    def _env_file(self, name: str) -> Path:
        return self.data_dir / f"{name}.env"

    def _write_state(self) -> None:
        state = stack_file.RunningStack(
            supervisor_pid=os.getpid(),
            broker=self.options.broker_kind,
            kafka_bootstrap=self.kafka_bootstrap,
            mongo_uri=self.mongo_uri,
            urls=self.urls,
            public_url=self.public_url,
            pids=self.supervisor.list_pids(),
            log_dir=self.log_dir,
            secrets_dir=self.secrets_dir,
        )
        stack_file.write_stack(self.data_dir, state)

    def _release(self) -> None:
        if self._claim:
            for name in self.options.without:
                self._env_file(name).unlink(missing_ok=True)
            stack_file.remove_stack(self.data_dir)
            self._claim.close()
            self._claim = None


def make_secrets(secrets_dir: Path) -> None:
    """Makes what a first start needs; a later start finds it."""
    create_root_key(secrets_dir)
    issue_first(secrets_dir)


def list_parts(options: StackOptions) -> dict[str, list[str]]:
    """By service, the names of its parts: `intake`, `intake-2` ..."""
    return {name: [name, *_list_more(name, options)] for name in options.services}


def name_older(name: str) -> str:
    return f"{name}-older"


def _list_more(name: str, options: StackOptions) -> list[str]:
    if name not in REPEATED or name in options.without:
        return []
    return [f"{name}-{number}" for number in range(2, options.instances + 1)]


def _choose_ports(options: StackOptions) -> dict[str, int]:
    for name, port in options.ports.items():
        if not is_free(port):
            raise PortInUseError(f"端口 {port}（{name}）已被占用 · port {port} ({name}) is taken")
    several = (part for each in list_parts(options).values() for part in each)
    older = (name_older(name) for name in REPEATED)
    backing = (*options.broker_names, *options.mongod_names)
    names = dict.fromkeys((*backing, *SERVICES, *several, *older))
    return {name: options.ports.get(name) or find_free_port() for name in names}
