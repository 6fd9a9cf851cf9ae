"""Which cluster is there, and that it has our topics."""

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from shared.contracts.topics import TOPICS, Topic
from shared.errors import Transient
from shared.messaging.closing import close_within
from shared.messaging.connection import BrokerConnection

TOPIC_ALREADY_EXISTS = 36
CLOSE_S_MAX = 5.0


async def read_cluster_id(broker: BrokerConnection) -> str:
    """Which cluster answers there. Raises Transient when none does."""
    watch = ClusterWatch(broker)
    try:
        return await watch.look()
    finally:
        await watch.close()


class ClusterWatch:
    """Asks again and again over one connection: a new one each time costs more than all else that
    an idle service does."""

    def __init__(self, broker: BrokerConnection) -> None:
        self._broker = broker
        self._admin: AIOKafkaAdminClient | None = None

    async def look(self) -> str:
        """Which cluster answers now. Raises Transient when none does."""
        try:
            if self._admin is None:
                self._admin = AIOKafkaAdminClient(
                    **self._broker.as_options(), request_timeout_ms=5000
                )
                await self._admin.start()
            # `describe_cluster` would ask for every partition of every topic too.
            metadata = await self._admin._get_cluster_metadata([])
            return str(metadata.to_object()["cluster_id"])
        except (KafkaError, OSError) as error:
            await self.close()
            raise Transient(f"broker {self._broker.bootstrap}: {error}") from error

    async def close(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            await close_within(admin.close(), CLOSE_S_MAX)


async def create_topics(
    broker: BrokerConnection, topics: Sequence[Topic] = TOPICS, *, replication_factor: int = 3
) -> None:
    """Before the first send: a topic made by producing has the broker's defaults.

    Raises Transient where one has been made so: who is keyed to a partition that is not there would
    wait for ever, so nobody begins on it. On the embedded broker `remove_small_topics` heals that.
    """
    admin = AIOKafkaAdminClient(**broker.as_options(), request_timeout_ms=15_000)
    try:
        await admin.start()
        present = set(await admin.list_topics())
        await _refuse_small(admin, [t for t in topics if t.name in present])
        brokers = len((await admin.describe_cluster())["brokers"])
        copies = min(replication_factor, max(brokers, count_addresses(broker)))
        wanted = [_make_topic(t, copies) for t in topics if t.name not in present]
        if wanted:
            codes = {row[0]: row[1] for row in (await admin.create_topics(wanted)).topic_errors}
            for name, code in codes.items():
                if code not in (0, TOPIC_ALREADY_EXISTS):
                    raise Transient(f"topic {name}: {for_code(code).__name__}")
            # By another service, as its table says; or meanwhile by a producer.
            met = [t for t in topics if codes.get(t.name) == TOPIC_ALREADY_EXISTS]
            await _refuse_small(admin, met)
    except (KafkaError, OSError) as error:
        raise Transient(f"broker {broker.bootstrap}: {error}") from error
    finally:
        await admin.close()


async def _refuse_small(admin: AIOKafkaAdminClient, present: Sequence[Topic]) -> None:
    for topic, count in await _find_small(admin, present):
        raise Transient(
            f"topic {topic.name} has {count} partitions, {topic.partitions} are needed "
            "(guanjia doctor)"
        )


def count_addresses(broker: BrokerConnection) -> int:
    """How many brokers are expected. Who lists three and asks while one still starts gets no topic
    with two copies, of which none may then be lost: Kafka refuses three, and he asks again."""
    return len(broker.addresses)


async def remove_small_topics(broker: BrokerConnection, topics: Sequence[Topic] = TOPICS) -> None:
    """Of a broker that has just come back empty, before anybody begins on it. Raises Transient."""
    admin = AIOKafkaAdminClient(**broker.as_options(), request_timeout_ms=15_000)
    try:
        await admin.start()
        present = set(await admin.list_topics())
        small = await _find_small(admin, [t for t in topics if t.name in present])
        if small:
            await admin.delete_topics([topic.name for topic, _ in small])
    except (KafkaError, OSError) as error:
        raise Transient(f"broker {broker.bootstrap}: {error}") from error
    finally:
        await admin.close()


async def _find_small(
    admin: AIOKafkaAdminClient, present: Sequence[Topic]
) -> list[tuple[Topic, int]]:
    """Those with fewer partitions than their table says, and how many they have."""
    if not present:
        return []
    rows = await admin.describe_topics([topic.name for topic in present])
    counts = {row["topic"]: len(row["partitions"]) for row in rows}
    return [(t, counts[t.name]) for t in present if 0 < counts.get(t.name, 0) < t.partitions]


def _make_topic(topic: Topic, replication_factor: int) -> NewTopic:
    return NewTopic(
        topic.name,
        topic.partitions,
        replication_factor=replication_factor,
        topic_configs={"retention.ms": str(topic.retention_ms)},
    )
