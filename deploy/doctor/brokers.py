"""The brokers: whether they are there, and whether each topic is as its table says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from deploy.doctor.findings import Finding, is_well
from shared.contracts.topics import TOPICS, Topic
from shared.messaging.connection import BrokerConnection

RETENTION, IN_SYNC_MIN = "retention.ms", "min.insync.replicas"


@dataclass(frozen=True, slots=True)
class TopicState:
    """copies, in_sync: the fewest of any partition. settings: those that count here."""

    partitions: int
    copies: int
    in_sync: int
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClusterState:
    brokers: int
    topics: Mapping[str, TopicState]


async def read_cluster(connection: BrokerConnection) -> ClusterState:
    """Raises KafkaError or OSError."""
    admin = AIOKafkaAdminClient(**connection.as_options(), request_timeout_ms=5000)
    try:
        await admin.start()
        brokers = len((await admin.describe_cluster())["brokers"])
        names = set(await admin.list_topics()) & {topic.name for topic in TOPICS}
        rows = await admin.describe_topics(sorted(names))
        settings = await _read_settings(admin, sorted(names))
    finally:
        await admin.close()
    topics = {row["topic"]: _build_state(row, settings.get(row["topic"], {})) for row in rows}
    return ClusterState(brokers, topics)


def _build_state(row: Mapping[str, object], settings: Mapping[str, str]) -> TopicState:
    partitions = row["partitions"]
    assert isinstance(partitions, list)
    return TopicState(
        len(partitions),
        min((len(each["replicas"]) for each in partitions), default=0),
        min((len(each["isr"]) for each in partitions), default=0),
        settings,
    )


async def _read_settings(
    admin: AIOKafkaAdminClient, names: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Nothing where the brokers do not say (the embedded one)."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    try:
        answers = await admin.describe_configs(resources)
    except (KafkaError, OSError, ValueError):
        return {}
    by_topic: dict[str, dict[str, str]] = {}
    for answer in answers:
        for _code, _why, _kind, name, entries in answer.resources:
            values = {entry[0]: entry[1] for entry in entries}
            by_topic[name] = {key: values[key] for key in (RETENTION, IN_SYNC_MIN) if key in values}
    return by_topic


def explain_absence(error: Exception) -> Finding:
    return Finding(
        "消息系统",
        "wrong",
        f"没有应答：{type(error).__name__}",
        "看 broker 是否在运行、地址、证书和密码（GUANJIA_KAFKA_*）；三台中至少要有两台。",
    )


def check_cluster(state: ClusterState, replication_factor: int) -> Iterator[Finding]:
    copies = min(replication_factor, state.brokers)
    yield is_well("消息系统", f"{state.brokers} 个 broker")
    wrong = [finding for topic in TOPICS for finding in check_topic(topic, state, copies)]
    yield from wrong or [is_well("主题", f"{len(TOPICS)} 个，与主题表一致")]


def check_topic(topic: Topic, state: ClusterState, copies: int) -> Iterator[Finding]:
    subject, there = f"主题 {topic.name}", state.topics.get(topic.name)
    if there is None:
        yield Finding(subject, "wrong", "没有", "重启任一服务即建立；不要手工建。")
        return
    if there.partitions != topic.partitions:
        state_text = f"{there.partitions} 个分区，应为 {topic.partitions}"
        advice = "停服务，删除这个主题，再启动：服务重建主题，并从待发箱补发。"
        if topic.inbound:  # no member of staff has what is in it
            advice = (
                f"不要删除，里面是别人发来的：kafka-topics --alter --partitions {topic.partitions}"
                "，再逐个重启服务；分区多于应有的，请渠道把近 7 天的按原编号重发后再重建。"
            )
        yield Finding(subject, "wrong", state_text, advice)
    if there.copies < copies:
        advice = "用 kafka-reassign-partitions 加到应有的副本数。"
        yield Finding(subject, "soon", f"{there.copies} 个副本，应为 {copies}", advice)
    if there.in_sync < there.copies:
        state_text = f"同步副本 {there.in_sync} / {there.copies}"
        yield Finding(subject, "soon", state_text, "有 broker 不在或落后：看它的日志和磁盘。")
    retention = there.settings.get(RETENTION)
    if retention is not None and int(retention) != topic.retention_ms:
        advice = f"kafka-configs --alter --add-config {RETENTION}={topic.retention_ms}"
        yield Finding(
            subject, "wrong", f"{RETENTION}={retention}，应为 {topic.retention_ms}", advice
        )
    least = there.settings.get(IN_SYNC_MIN)
    if least is not None and copies > 1 and int(least) != copies - 1:
        advice = f"kafka-configs --alter --add-config {IN_SYNC_MIN}={copies - 1}"
        yield Finding(subject, "soon", f"{IN_SYNC_MIN}={least}，应为 {copies - 1}", advice)
