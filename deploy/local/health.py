"""Health checks of a part, from outside. None raises for a part that is merely away."""

import asyncio
from typing import Any

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

_TIMEOUT_S = 2.0
_NOT_YET_INITIALIZED = 94


async def is_listening(host: str, port: int) -> bool:
    """Cheap, and silent where a client library would log every attempt."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def is_ready(host: str, port: int) -> bool:
    if not await is_listening(host, port):
        return False
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
            answer = await client.get(f"http://{host}:{port}/health/ready")
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK


async def is_kafka_ready(host: str, port: int) -> bool:
    return await read_cluster_id(host, port) is not None


async def read_cluster_id(host: str, port: int) -> str | None:
    """The id of the cluster at this address, once a broker of it accepts records."""
    if not await is_listening(host, port):
        return None
    client = AIOKafkaAdminClient(
        bootstrap_servers=f"{host}:{port}", request_timeout_ms=int(_TIMEOUT_S * 1000)
    )
    try:
        await client.start()
        cluster: dict[str, Any] = await client.describe_cluster()
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await client.close()
    return str(cluster["cluster_id"]) if cluster["brokers"] else None


async def ensure_primary(host: str, port: int, replica_set: str) -> bool:
    """Whether mongod accepts writes. Makes it a replica set of one where it is not one yet."""
    if not await is_listening(host, port):
        return False
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        host, port, directConnection=True, serverSelectionTimeoutMS=int(_TIMEOUT_S * 1000)
    )
    try:
        hello = await client.admin.command("hello")
        if hello.get("isWritablePrimary") and hello.get("me") == f"{host}:{port}":
            return True
        await _initiate(client, f"{host}:{port}", replica_set)
    except PyMongoError:
        return False
    finally:
        await client.close()
    return False


async def _initiate(
    client: AsyncMongoClient[dict[str, Any]], address: str, replica_set: str
) -> None:
    members = [{"_id": 0, "host": address}]
    try:
        config = (await client.admin.command("replSetGetConfig"))["config"]
    except OperationFailure as failure:
        if failure.code == _NOT_YET_INITIALIZED:
            first = {"_id": replica_set, "members": members}
            await client.admin.command("replSetInitiate", first)
        return
    if config["members"][0]["host"] != address:  # started on another port than last time
        reconfigured = {**config, "members": members, "version": config["version"] + 1}
        await client.admin.command("replSetReconfig", reconfigured, force=True)
