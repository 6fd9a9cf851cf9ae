"""Replays of the same entries are the same bytes: from files, from the topic, up to any point."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from deploy.local.stack import Stack
from services.audit.cli import app
from services.audit.cli.topic import Spool, TopicError, check_spool, read_topic
from services.audit.ledger.replay import Replay, replay, replay_entries
from services.audit.ledger.verification import verify_log
from services.audit.tlog.findings import BrokenError
from services.audit.tlog.note import NoteError
from services.audit.tlog.reader import open_source
from shared.contracts.topics import LEDGER
from shared.messaging.cluster import create_topics
from shared.messaging.connection import BrokerConnection
from tests.audit.ledgers import FUND, ORIGIN, Writer, log_key, publish_all, year_of_facts

SIZE = 400


@pytest.fixture(scope="module")
def writer() -> Writer:
    return year_of_facts(SIZE)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, writer: Writer) -> Path:
    folder = tmp_path_factory.mktemp("replay")
    publish_all(writer, folder)
    return folder


def test_replay_gives_the_same_bytes_from_files_and_from_any_copy_of_the_entries(
    log: Path, writer: Writer
) -> None:
    everything = replay_entries(writer.leaves, lambda index: writer.sealed[index].entry)
    assert bytes(replay(log)) == bytes(everything)
    assert (
        verify_log(log, str(log_key().vkey)).books.take_snapshot()
        == replay(log).books.take_snapshot()
    )


def test_replay_stops_where_it_is_told(log: Path, writer: Writer) -> None:
    assert replay(log, to=3).entries == 4
    assert replay(log, to=3).books.funds[FUND].outstanding_fen == 10_000
    assert bytes(replay(log, to=writer.sealed[3].entry["recorded_at"])) == bytes(replay(log, to=3))


def test_a_time_may_be_told_in_part(log: Path) -> None:
    assert replay(log, to="2026-01-01").entries == SIZE
    assert replay(log, to="2026-01-01T00:01").entries == 120
    assert replay(log, to="2025-12-31").entries == 0


def encode_events(writer: Writer, log: str = ORIGIN) -> list[bytes]:
    """Each entry as the topic tells it: the part of the event that a replay reads."""
    return [
        json.dumps({"data": {"log": log, "index": each.index, "entry": each.raw.decode()}}).encode()
        for each in writer.sealed
    ]


async def send(bootstrap: str, values: Sequence[bytes]) -> None:
    """In batches over all partitions, as a busy publisher does."""
    await create_topics(BrokerConnection(bootstrap))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)
    await producer.start()
    try:
        for number, value in enumerate(values):
            await producer.send(LEDGER, value, key=str(number % 17).encode())
        await producer.flush()
    finally:
        await producer.stop()


async def read(broker: Stack, log: str = "", to: int | None = None) -> Replay:
    spool = await read_topic(broker.kafka_bootstrap, log, to, end_after_s=0.8)
    return replay_entries(spool, spool.original, to=to)


async def test_the_topic_gives_what_the_files_give_byte_for_byte(
    broker: Stack, log: Path, writer: Writer
) -> None:
    values = encode_events(writer)
    random.Random(3).shuffle(values)
    await send(broker.kafka_bootstrap, [*values, *values[:50]])
    assert bytes(await read(broker)) == bytes(replay(log))
    for to in (0, 3, 127, SIZE - 1):
        assert bytes(await read(broker, to=to)) == bytes(replay(log, to=to))


async def test_an_entry_that_is_missing_is_named_and_not_passed_over(
    broker: Stack, writer: Writer
) -> None:
    values = encode_events(writer)
    await send(broker.kafka_bootstrap, values[:70] + values[71:])
    with pytest.raises(TopicError, match=r"entry 70 of .* is missing"):
        await read(broker)
    assert (await read(broker, to=69)).entries == 70
    with pytest.raises(TopicError, match=r"entry 70 of .* is missing"):
        await read(broker, to=80)


async def test_an_entry_told_twice_differently_is_found(broker: Stack, writer: Writer) -> None:
    first, *_ = values = encode_events(writer)
    await send(broker.kafka_bootstrap, [*values, first.replace(b"2026-01-01", b"2026-01-02")])
    with pytest.raises(TopicError, match=r"entry 0 of .* was told twice"):
        await read(broker)


async def test_of_several_logs_on_the_topic_one_is_named(
    broker: Stack, log: Path, writer: Writer
) -> None:
    await send(
        broker.kafka_bootstrap,
        encode_events(writer) + encode_events(year_of_facts(5), "other/2026"),
    )
    with pytest.raises(TopicError, match="other/2026"):
        await read(broker)
    assert bytes(await read(broker, ORIGIN)) == bytes(replay(log))


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["replay", *arguments], env={"COLUMNS": "200"})


def test_the_command_writes_bytes_that_can_be_compared(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "books"
    result = run("--dir", str(log), "--to", "99", "--bytes", str(out))
    assert result.exit_code == 0
    assert out.read_bytes() == bytes(replay(log, to=99))


def test_a_date_is_told_to_the_command_as_the_day_in_china(tmp_path: Path) -> None:
    """Its last moment is 16:00 UTC, as the ledger year's last one is."""
    late = Writer(begins=datetime(2026, 1, 31, 15, 59, 59, tzinfo=UTC))
    late.open(FUND)
    late.donate(100, FUND)
    publish_all(late, tmp_path)
    for to, entries in (("2026-01-30", 0), ("2026-01-31", 1), ("2026-02-01", 2)):
        said = json.loads(run("--dir", str(tmp_path), "--to", to, "--json").output)
        assert said["replay"]["entries"] == entries, to


def test_a_topic_that_cannot_be_reached_is_said_so(log: Path) -> None:
    assert run("--dir", str(log), "--topic", "127.0.0.1:1").exit_code == 2


def make_spool(leaves: Sequence[bytes]) -> Spool:
    spool = Spool(ORIGIN)
    for index, leaf in enumerate(leaves):
        spool.add(index, leaf)
    return spool


def test_what_the_topic_says_is_checked_by_the_checkpoint(
    log: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reaches the broker may put an unsigned record there."""
    source = open_source(log)
    check_spool(make_spool(writer.leaves), source)
    changed = [*writer.leaves]
    changed[3] = changed[3].replace(b"10000", b"99900")
    assert changed[3] != writer.leaves[3]
    with pytest.raises(BrokenError, match="not those of the checkpoint"):
        check_spool(make_spool(changed), source, to=2)
    with pytest.raises(TopicError, match=r"entry 399 of .* is missing"):
        check_spool(make_spool(writer.leaves[:-1]), source)
    monkeypatch.setattr("services.audit.cli.topic.PUBLISHED_WITHIN_S", 0)
    more = make_spool([*writer.leaves, writer.leaves[-1]])
    with pytest.raises(NoteError, match="400 of 401"):
        check_spool(more, source)
    check_spool(more, source, to=SIZE - 1)
