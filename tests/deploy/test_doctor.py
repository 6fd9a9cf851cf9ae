"""What the doctor finds wrong, and what he says to do about it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.doctor import brokers, database, machine
from deploy.doctor.brokers import ClusterState, TopicState
from deploy.doctor.findings import Finding
from deploy.installation.authority import Authority
from deploy.local.stack import SERVICES, Stack
from shared.contracts.topics import LEDGER, TOPICS
from shared.messaging.cluster import create_topics
from shared.messaging.connection import BrokerConnection
from tests.support.stack import start_backing
from tests.system.command_line import guanjia

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def make_cluster(count: int = 3, **changes: Any) -> ClusterState:
    """As the table says, but for the topic of the ledger."""
    topics = {
        topic.name: TopicState(
            topic.partitions,
            count,
            count,
            {"retention.ms": str(topic.retention_ms), "min.insync.replicas": str(count - 1)},
        )
        for topic in TOPICS
    }
    ledger = topics[LEDGER]
    fields = {name: getattr(ledger, name) for name in TopicState.__dataclass_fields__}
    topics[LEDGER] = TopicState(**{**fields, **changes})
    return ClusterState(count, topics)


def test_a_topic_that_others_write_is_never_advised_to_be_deleted() -> None:
    state = make_cluster()
    for topic in TOPICS:
        few = replace(state.topics[topic.name], partitions=topic.partitions + 1)
        [finding] = list_trouble(ClusterState(3, {**state.topics, topic.name: few}))
        assert ("不要删除" in finding.advice) is topic.inbound


def list_trouble(state: ClusterState) -> list[Finding]:
    return [each for each in brokers.check_cluster(state, 3) if each.level != "well"]


def test_topics_as_the_table_says_are_well() -> None:
    assert list_trouble(make_cluster()) == []


@pytest.mark.parametrize(
    ("changes", "level", "says"),
    [
        ({"partitions": 4}, "wrong", "应为 6"),
        ({"copies": 1, "in_sync": 1}, "soon", "1 个副本"),
        ({"in_sync": 2}, "soon", "2 / 3"),
        ({"settings": {"retention.ms": "1000"}}, "wrong", "应为 -1"),
        ({"settings": {"min.insync.replicas": "1"}}, "soon", "应为 2"),
    ],
)
def test_a_topic_of_other_settings_is_named(changes: dict[str, Any], level: str, says: str) -> None:
    (finding,) = list_trouble(make_cluster(**changes))
    assert (finding.subject, finding.level) == (f"主题 {LEDGER}", level)
    assert says in finding.state
    assert finding.advice


def test_a_topic_that_is_not_there_is_named() -> None:
    state = make_cluster()
    topics = {name: each for name, each in state.topics.items() if name != LEDGER}
    (finding,) = list_trouble(ClusterState(3, topics))
    assert (finding.subject, finding.level) == (f"主题 {LEDGER}", "wrong")


def test_a_clock_that_is_off_is_wrong() -> None:
    assert machine.check_clock(NOW, NOW, NOW + timedelta(seconds=1)).level == "well"
    assert machine.check_clock(NOW, NOW, NOW - timedelta(seconds=5)).level == "wrong"
    assert machine.check_clock(NOW, NOW, NOW + timedelta(seconds=5)).level == "wrong"
    slow = NOW + timedelta(seconds=20)
    assert machine.check_clock(NOW, slow, NOW + timedelta(seconds=9)).level == "well"


@pytest.mark.parametrize(
    ("day", "level", "says"),
    [
        (datetime(2026, 11, 30, tzinfo=UTC), "well", "2026"),
        (datetime(2034, 12, 20, tzinfo=UTC), "soon", "2034"),
        (datetime(2026, 1, 5, tzinfo=UTC), "well", "2026"),
    ],
)
def test_a_year_whose_holidays_are_not_known_is_named_before_it_begins(
    day: datetime, level: str, says: str
) -> None:
    finding = machine.check_calendar(day)
    assert (finding.level, says in finding.state) == (level, True)


def test_keys_that_others_read_are_wrong(tmp_path: Path) -> None:
    assert machine.check_keys(tmp_path / "nowhere").level == "unseen"
    key = tmp_path / "root.key"
    key.write_bytes(b"k")
    key.chmod(0o600)
    assert machine.check_keys(tmp_path).level == "well"
    key.chmod(0o644)
    finding = machine.check_keys(tmp_path)
    assert finding.level == "wrong"
    assert "root.key" in finding.state
    key.unlink()
    assert "root.key" in machine.check_keys(tmp_path).state


def test_a_certificate_near_its_end_is_named(tmp_path: Path) -> None:
    authority = Authority.open(tmp_path, NOW)
    file = tmp_path / "front.pem"
    file.write_bytes(authority.certify(["front"], NOW).certificate)
    levels = [
        next(machine.check_certificates([file], NOW + timedelta(days=days))).level
        for days in (0, 800, 820, 830)
    ]
    assert levels == ["well", "soon", "wrong", "wrong"]
    assert next(machine.check_certificates([tmp_path / "none"], NOW)).level == "wrong"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    assert machine.check_folder_is_written(tmp_path).level == "well"
    assert not list(tmp_path.iterdir())
    assert machine.check_folder_is_written(tmp_path / "nowhere").level == "wrong"


@pytest.mark.parametrize(
    ("free", "level"), [(50, "well"), (20, "well"), (19, "soon"), (10, "soon"), (9, "wrong")]
)
def test_a_disk_that_fills_is_named(
    free: int, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=free * 2**30, total=100 * 2**30)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    finding = machine.check_disk(tmp_path)
    assert finding.level == level
    assert f"剩余 {free}%" in finding.state
    assert finding.advice or level == "well"


def test_a_disk_that_is_elsewhere_is_not_judged(tmp_path: Path) -> None:
    assert machine.check_disk(tmp_path / "nowhere").level == "unseen"


def test_a_member_that_is_away_or_behind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    written = {"a": NOW, "b": NOW - timedelta(minutes=5), "c": None}

    def read_hello(host: str) -> dict[str, Any]:
        if written[host] is None:
            raise database.PyMongoError("refused")
        return {"lastWrite": {"lastWriteDate": written[host]}}

    monkeypatch.setattr(database, "MongoClient", lambda host, **_: nullcontext(host))
    monkeypatch.setattr(database, "read_hello", read_hello)
    monkeypatch.setattr(database, "_read_tls", lambda _: {})
    hello = {"hosts": list(written), "lastWrite": {"lastWriteDate": NOW}}
    levels = {each.subject: each.level for each in database.check_members(hello, None)}  # type: ignore[arg-type]
    assert levels == {f"数据库成员 {host}": level for host, level in MEMBERS.items()}


MEMBERS = {"a": "well", "b": "wrong", "c": "wrong"}


def test_a_replica_set_without_a_primary_or_of_one_is_named() -> None:
    hosts = {"setName": "rs0", "hosts": ["a", "b", "c"], "primary": "a"}
    assert database.check_replica_set(hosts, is_local=False).level == "well"
    assert database.check_replica_set({**hosts, "primary": None}, is_local=False).level == "wrong"
    assert database.check_replica_set({**hosts, "hosts": ["a"]}, is_local=False).level == "soon"
    assert database.check_replica_set({**hosts, "hosts": ["a"]}, is_local=True).level == "well"
    assert database.check_replica_set({}, is_local=True).level == "wrong"


# --- on a living stack --------------------------------------------------------------------------


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """Broker and database, with the topics as they should be."""
    started = await start_backing(tmp_path)
    await create_topics(BrokerConnection(started.kafka_bootstrap))
    yield started
    await started.stop()


async def examine(stack: Stack) -> tuple[int, dict[str, str]]:
    """The command's exit code, and what its table says of each subject that is not well."""
    done = await asyncio.to_thread(guanjia, "doctor", "--data-dir", str(stack.data_dir))
    assert not done.exception or isinstance(done.exception, SystemExit), done.exception
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in done.output.splitlines()
        if line.startswith("│")
    ]
    return done.exit_code, {row[0]: f"{row[2]} {row[3]}" for row in rows if row[1] != "正常"}


async def test_a_living_stack_is_well_and_what_is_broken_in_it_is_named(stack: Stack) -> None:
    code, trouble = await examine(stack)
    for of_this_machine in (f"磁盘 {stack.data_dir}", "节假日"):
        trouble.pop(of_this_machine, "")
    assert trouble.keys() == {f"服务 {name}" for name in SERVICES}, "none of them was started"
    (stack.secrets_dir / "root.key").chmod(0o644)
    waiting = {"cluster": None, "created_at": datetime.now(UTC) - timedelta(minutes=3)}
    with database.connect(stack.mongo_uri) as client:
        client["guanjia_intake"]["outbox"].insert_one(waiting)
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    await admin.start()
    await admin.delete_topics([LEDGER])
    await admin.create_topics([NewTopic(LEDGER, 4, 1)])
    await admin.close()
    code, trouble = await examine(stack)
    assert code == 1
    assert "root.key chmod 600" in trouble[f"密钥权限 {stack.secrets_dir}"]
    assert "OutboxStuck" in trouble["待发事件 intake"]
    assert "4 个分区，应为 6" in trouble[f"主题 {LEDGER}"]

    await stack.supervisor.kill("broker")
    await stack.supervisor.kill("mongod")
    code, trouble = await examine(stack)
    assert code == 1
    assert {"消息系统", "数据库", "服务 broker", "服务 mongod"} <= trouble.keys()
