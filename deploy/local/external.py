"""What `guanjia up` uses and does not start: whether it is there, before anything starts."""

import asyncio
import re
from collections.abc import Sequence

from deploy.local.health import is_listening
from deploy.local.runner import PartFailedError

KAFKA_PORT, MONGO_PORT = 9092, 27017
PORTS_END = 65536
TRIES_MAX = 5
WAIT_S = 0.8

_NODE = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^:\s\[\]]+)(?::(?P<port>\d{1,5}))?")
_MONGO = re.compile(r"mongodb(?P<srv>\+srv)?://(?:[^/]*@)?(?P<hosts>[^/?]+)")

Node = tuple[str, int]


async def check_external(kafka: str | None, mongo: str | None) -> None:
    """Raises PartFailedError within seconds, and says what to look at."""
    if kafka and not await _is_answering(parse_bootstrap(kafka)):
        raise PartFailedError(
            f"Kafka（{kafka}）没有应答：请检查地址与端口，或先启动它；不带 --kafka 则用自带的 · "
            f"the broker at {kafka} does not answer: check the address, or start it first; "
            "without --kafka one is started here"
        )
    nodes = parse_mongo(mongo) if mongo else []
    if nodes and not await _is_answering(nodes):
        where = ", ".join(f"{host}:{port}" for host, port in nodes)
        raise PartFailedError(
            f"MongoDB（{where}）没有应答：请检查地址与端口，或先启动它；不带 --mongo 则用自带的 · "
            f"the database at {where} does not answer: check the address, or start it first; "
            "without --mongo one is started here"
        )


def parse_bootstrap(text: str) -> list[Node]:
    """`HOST:PORT`, several with commas; raises PartFailedError."""
    nodes = _parse_nodes(text, KAFKA_PORT)
    if nodes is None:
        raise PartFailedError(
            f"--kafka {text!r}：应为 主机:端口 · --kafka {text!r}: HOST:PORT is expected"
        )
    return nodes


def parse_mongo(uri: str) -> list[Node]:
    """Without what may be a password; none where a name service says where it is (`+srv`)."""
    match = _MONGO.match(uri)
    if match is None:
        raise PartFailedError(
            "--mongo：应为 mongodb://主机:端口 · --mongo: mongodb://HOST:PORT is expected"
        )
    return _parse_nodes(match["hosts"], MONGO_PORT) or [] if not match["srv"] else []


def _parse_nodes(text: str, default_port: int) -> list[Node] | None:
    """None where one of them is no address."""
    nodes = []
    for each in text.split(","):
        match = _NODE.fullmatch(each.strip())
        port = int(match["port"] or default_port) if match else 0
        if match is None or not 0 < port < PORTS_END:
            return None
        nodes.append((match["host"].strip("[]"), port))
    return nodes


async def _is_answering(nodes: Sequence[Node]) -> bool:
    """One of them, tried for a few seconds."""
    for _ in range(TRIES_MAX):
        if any(await asyncio.gather(*(is_listening(*node) for node in nodes))):
            return True
        await asyncio.sleep(WAIT_S)
    return False
