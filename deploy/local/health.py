"""Health checks of a part, from outside. None raises for a part that is merely away."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.errors import Transient
from shared.messaging.cluster import create_topics, remove_small_topics
from shared.messaging.connection import BrokerConnection

TIMEOUT_S = 2.0


async def is_listening(host: str, port: int) -> bool:
    """Cheap, and silent where a client library would log every attempt."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def is_ready(host: str, port: int) -> bool:
    """Asked twenty times a second while a stack starts: an HTTP client each time costs more
    than some of the parts do."""
    request = f"GET /health/ready HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request.encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, ValueError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]


async def is_kafka_ready(host: str, port: int) -> bool:
    return await read_cluster_id(host, port) is not None


async def has_topics(host: str, port: int) -> bool:
    """Of the embedded broker: ready, with our topics as their table says.

    It comes back empty, and a producer that was still connected may make a topic anew before any
    service does, with the broker's own number of partitions. Such a topic goes; services begin on
    none of them, so nothing is lost with it that the outboxes do not have.
    """
    if not await is_kafka_ready(host, port):
        return False
    broker = BrokerConnection(f"{host}:{port}")
    try:
        await remove_small_topics(broker)
        await create_topics(broker)
    except Transient:
        return False
    return True


async def read_cluster_id(host: str, port: int) -> str | None:
    """The id of the cluster at this address, once a broker of it accepts records."""
    if not await is_listening(host, port):
        return None
    client = AIOKafkaAdminClient(
        bootstrap_servers=f"{host}:{port}", request_timeout_ms=int(TIMEOUT_S * 1000)
    )
    try:
        await client.start()
        cluster: dict[str, object] = await client.describe_cluster()
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await client.close()
    return str(cluster["cluster_id"]) if cluster["brokers"] else None
