"""What `guanjia up` uses and does not start: whether it is there, before anything starts."""

import asyncio
from collections.abc import Sequence

from pymongo import uri_parser
from pymongo.errors import ConfigurationError, PyMongoError

from deploy.local.health import is_listening
from deploy.local.runner import PartFailedError

KAFKA_PORT = 9092
TRIES_MAX = 5
WAIT_S = 0.8

Node = tuple[str, int]


async def check_external(kafka: str | None, mongo: str | None) -> None:
    """Raises PartFailedError within seconds, and says what to look at."""
    if kafka and not await _answers(parse_bootstrap(kafka)):
        raise PartFailedError(
            f"Kafka（{kafka}）没有应答：请检查地址与端口，或先启动它；不带 --kafka 则用自带的 · "
            f"the broker at {kafka} does not answer: check the address, or start it first; "
            "without --kafka one is started here"
        )
    if mongo and not await _answers(nodes := _parse_mongo(mongo)):
        where = ", ".join(f"{host}:{port}" for host, port in nodes)
        raise PartFailedError(
            f"MongoDB（{where}）没有应答：请检查地址与端口，或先启动它；不带 --mongo 则用自带的 · "
            f"the database at {where} does not answer: check the address, or start it first; "
            "without --mongo one is started here"
        )


def parse_bootstrap(text: str) -> list[Node]:
    """`HOST:PORT`, several with commas; raises PartFailedError."""
    nodes = []
    for each in text.split(","):
        host, colon, port = each.strip().rpartition(":")
        if not colon:
            host, port = port, str(KAFKA_PORT)
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise PartFailedError(
                f"--kafka {text!r}：应为 主机:端口 · --kafka {text!r}: HOST:PORT is expected"
            )
        nodes.append((host.strip("[]"), int(port)))
    return nodes


def _parse_mongo(uri: str) -> list[Node]:
    """The address alone is repeated to people: it may hold a password."""
    try:
        return [(host, int(port or 27017)) for host, port in uri_parser.parse_uri(uri)["nodelist"]]
    except (PyMongoError, ConfigurationError, ValueError) as error:
        raise PartFailedError(
            "--mongo：不是 mongodb:// 地址 · --mongo: no address of a database "
            f"({type(error).__name__})"
        ) from None


async def _answers(nodes: Sequence[Node]) -> bool:
    """One of them, tried for a few seconds."""
    for _ in range(TRIES_MAX):
        if any(await asyncio.gather(*(is_listening(*node) for node in nodes))):
            return True
        await asyncio.sleep(WAIT_S)
    return False
