"""The ledger read back from Kafka: the topic `guanjia.ledger` keeps every entry's exact text.

Records come from several partitions in any order, some twice; entries are put back in the order of
their index. The broker's own reports of where a partition ends are not relied on: the indexes must
be gapless up to the one asked for, or up to where nothing more comes.
"""

import asyncio
import json
import tempfile
import time
from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO, TYPE_CHECKING

from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.replay import Replay, replay_entries
from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.findings import TREE, BrokenError
from services.audit.tlog.merkle import Frontier, hash_leaf
from services.audit.tlog.note import NoteError
from services.audit.tlog.reader import Source, read_unverified_checkpoint
from services.audit.tlog.tiles import CHECKPOINT
from shared.contracts.ledger import LedgerEntry
from shared.contracts.topics import LEDGER
from shared.documents import Document

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer  # the offline auditor does not have it

QUIET_S = 3.0
"""So long nothing comes: this was the end."""
POLL_MS = 200
RECORDS_MAX = 2000
CLOSE_S_MAX = 5.0
PUBLISHED_WITHIN_S = 15.0


class TopicError(Exception):
    """The topic cannot be replayed; the text says why."""


@dataclass(slots=True)
class Spool:
    """A log's entries in order, in a file without name; those that came too early wait."""

    log: str
    file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    places: "array[int]" = field(default_factory=lambda: array("Q", [0]))
    early: dict[int, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.places) - 1

    def add(self, index: int, raw: bytes) -> None:
        """TopicError if this entry came before with other content."""
        before = self.read(index) if index < self.size else self.early.get(index, raw)
        if before != raw:
            raise TopicError(
                f"同一条目内容不一 entry {index} of {self.log} was told twice, differently"
            )
        if index >= self.size:
            self.early[index] = raw
        while (following := self.early.pop(self.size, None)) is not None:
            self.file.seek(0, 2)
            self.file.write(following)
            self.places.append(self.places[-1] + len(following))

    def read(self, index: int) -> bytes:
        start, end = self.places[index], self.places[index + 1]
        self.file.seek(start)
        return self.file.read(end - start)

    def original(self, index: int) -> LedgerEntry:
        return parse_entry(self.read(index))

    def __iter__(self) -> Iterator[bytes]:
        return map(self.read, range(self.size))


def replay_topic(
    bootstrap: str,
    log: str = "",
    *,
    to: int | str | None = None,
    source: Source,
    progress: Callable[[int], None] = lambda _: None,
) -> Replay:
    """As `replay`, from the topic at `bootstrap` (host:port). `log` says which, where the topic has
    several; `source` is where it is published. TopicError where entries are missing; BrokenError
    where one may not be posted, or is none of those the checkpoint stands for."""
    spool = asyncio.run(read_topic(bootstrap, log, None, progress))
    check_spool(spool, source, to)
    return replay_entries(spool, spool.original, to=to)


def check_spool(spool: Spool, source: Source, to: int | str | None = None) -> None:
    """Anybody who reaches the broker may put a record on the topic: what is replayed must be what
    the published checkpoint stands for. Raises BrokenError, NoteError or TopicError.

    What came after the checkpoint is waited for; up to an index, only as far as it is asked for.
    """
    size = min(spool.size, to + 1) if isinstance(to, int) else spool.size
    wait_until_published(source, size)
    checkpoint = read_unverified_checkpoint(source)
    if checkpoint.origin != spool.log:
        raise TopicError(
            f"主题上是 {spool.log}，检查点是 {checkpoint.origin}：用 --dir 指明该日志的位置 "
            f"name the place of {spool.log} by --dir"
        )
    if spool.size < checkpoint.size:
        raise TopicError(f"主题缺条目 entry {spool.size} of {spool.log} is missing on {LEDGER}")
    leaves = map(hash_leaf, islice(spool, checkpoint.size))
    if Frontier().extend(leaves).compute_root() != checkpoint.root:
        raise BrokenError(TREE, "the entries on the topic are not those of the checkpoint")


def wait_until_published(source: Source, size: int) -> None:
    """A checkpoint follows its transaction closely; give it the time. NoteError."""
    deadline = time.monotonic() + PUBLISHED_WITHIN_S
    while (standing := _read_size(source)) < size:
        if time.monotonic() > deadline:
            raise NoteError(
                f"已公布 {standing}/{size} 条 {standing} of {size} entries are published"
            )
        time.sleep(0.1)


def _read_size(source: Source) -> int:
    data = source.read(CHECKPOINT)
    return Checkpoint.read_unverified(data).size if data else 0


async def read_topic(
    bootstrap: str,
    log: str,
    to: int | str | None,
    progress: Callable[[int], None] = lambda _: None,
    end_after_s: float = QUIET_S,
) -> Spool:
    """A log's entries, complete up to `to`; without an index, up to where nothing more comes."""
    spools: dict[str, Spool] = {}
    async with _open_consumer(bootstrap) as consumer:
        quiet_s = 0.0
        while quiet_s < end_after_s:
            batches = await consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_MAX)
            quiet_s = 0.0 if batches else quiet_s + POLL_MS / 1000
            for record in (each for records in batches.values() for each in records):
                _spool(record.value, log, spools)
            progress(sum(each.size for each in spools.values()))
            if log in spools and isinstance(to, int) and spools[log].size > to:
                break
    return _choose_spool(spools, log, to)


@asynccontextmanager
async def _open_consumer(bootstrap: str) -> "AsyncIterator[AIOKafkaConsumer]":
    """From the beginning of every partition, in no group: nobody's offsets are touched."""
    from aiokafka import AIOKafkaConsumer, TopicPartition
    from aiokafka.errors import KafkaConnectionError, KafkaError

    from shared.messaging.closing import close_within
    from shared.messaging.connection import BrokerConnection
    from shared.settings import Settings, load_settings

    connection = replace(
        BrokerConnection.from_settings(load_settings(Settings)), bootstrap=bootstrap
    )
    consumer = AIOKafkaConsumer(
        **connection.as_options(), auto_offset_reset="earliest", enable_auto_commit=False
    )
    try:
        await consumer.start()
        partitions = consumer.partitions_for_topic(LEDGER) or await _list_partitions(consumer)
        consumer.assign([TopicPartition(LEDGER, number) for number in sorted(partitions)])
        await consumer.seek_to_beginning()
        yield consumer
    except KafkaConnectionError:
        raise TopicError(f"连不上代理 no broker answers at {bootstrap}") from None
    except KafkaError as error:
        raise TopicError(f"代理出错 the broker at {bootstrap}: {error}") from None
    finally:
        await close_within(consumer.stop(), CLOSE_S_MAX)


async def _list_partitions(consumer: "AIOKafkaConsumer") -> set[int]:
    """Metadata of a topic is fetched when it is first asked for."""
    await consumer.topics()
    partitions: set[int] | None = consumer.partitions_for_topic(LEDGER)
    if not partitions:
        raise TopicError(f"没有主题 there is no topic {LEDGER}")
    return partitions


def _spool(value: bytes, log: str, spools: dict[str, Spool]) -> None:
    fact: Document = json.loads(value)["data"]
    if "entry" not in fact:  # audit says more there than the log does
        return
    if not log or fact["log"] == log:
        spool = spools.get(fact["log"])
        if spool is None:
            spool = spools[fact["log"]] = Spool(fact["log"])
        spool.add(fact["index"], fact["entry"].encode())


def _choose_spool(spools: dict[str, Spool], log: str, to: int | str | None) -> Spool:
    if not log and len(spools) > 1:
        raise TopicError(f"有多本账本 several logs, name one by --log: {', '.join(sorted(spools))}")
    if not spools:
        raise TopicError(f"主题上没有条目 no entries{f' of {log}' if log else ''} on {LEDGER}")
    (spool,) = spools.values()
    incomplete = spool.size <= to if isinstance(to, int) else bool(spool.early)
    if incomplete:
        raise TopicError(f"主题缺条目 entry {spool.size} of {spool.log} is missing on {LEDGER}")
    return spool
