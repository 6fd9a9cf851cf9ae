"""Broker and database for tests, as the real parts."""

import os
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.stack import BrokerKind, Stack, StackOptions
from tests.support.eventually import eventually

NOT_STARTED = "127.0.0.1:9"
MEMORY = Path("/dev/shm")  # where files are in memory
MEMORY_FREE_MIN = 6 * 2**30


def has_memory() -> bool:
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return False
    room = os.statvfs(MEMORY)
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(free, room.f_bavail * room.f_frsize) > MEMORY_FREE_MIN


async def start_mongod(path: Path) -> Stack:
    """mongod alone; the caller stops it."""
    return await _started(StackOptions(data_dir=path, kafka=NOT_STARTED, services=()))


async def start_broker(path: Path, broker: BrokerKind = "mesh") -> Stack:
    """A broker alone, not watched: what is killed stays dead until `supervisor.restart`."""
    mongo = f"mongodb://{NOT_STARTED}"
    return await _started(StackOptions(data_dir=path, broker=broker, mongo=mongo, services=()))


async def start_backing(path: Path, broker: BrokerKind = "mesh") -> Stack:
    """Both in one stack."""
    return await _started(StackOptions(data_dir=path, broker=broker, services=()))


async def _started(options: StackOptions) -> Stack:
    stack = Stack(options, announce=print)
    await stack.start()
    return stack


async def forget_topics(bootstrap: str) -> None:
    """Every topic gone, so that the next test finds an empty broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:

        async def ours() -> list[str]:
            return [name for name in await admin.list_topics() if name.startswith("guanjia.")]

        if names := await ours():
            await admin.delete_topics(names)
        await eventually(ours, lambda found: not found)
    finally:
        await admin.close()
