"""Broker and database for tests, as the real parts."""

from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.stack import BrokerKind, Stack, StackOptions
from tests.support.eventually import eventually

NOT_STARTED = "127.0.0.1:9"


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
