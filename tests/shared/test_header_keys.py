"""Header keys of any bytes stop no reader: neither of aiokafka's batches nor of a service."""

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import (
    DefaultRecordBatch,
    _DefaultRecordBatchBuilderPy,
    _DefaultRecordBatchPy,
)
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.header_keys import Batch, Records
from shared.security import SIGNATURE_HEADER, Role
from tests.support.ledgerlet import ledgerlet
from tests.support.ledgerlet_harness import make_donation, wait_for_count
from tests.support.stack_harness import StackHarness

NO_PRODUCER = -1
KEYS = st.lists(st.binary(max_size=4), max_size=3)


class RawKey:
    """What aiokafka's Python writer encodes to these bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def encode(self, _encoding: str) -> bytes:
        return self._data


def make_builder(codec: int = 0) -> Any:
    return _DefaultRecordBatchBuilderPy(
        2, codec, False, NO_PRODUCER, NO_PRODUCER, NO_PRODUCER, 100_000
    )


def write_batch(keys_by_record: list[list[bytes]], codec: int) -> bytes:
    """Record n has the value n."""
    builder = make_builder(codec)
    for number, keys in enumerate(keys_by_record):
        headers: Any = [(RawKey(key), b"h") for key in keys]
        value = str(number).encode()
        builder.append(number, timestamp=1, key=b"k", value=value, headers=headers)
    return bytes(builder.build())


@given(
    batches=st.lists(st.lists(KEYS, min_size=1, max_size=5), max_size=3), codec=st.integers(0, 4)
)
def test_each_record_is_read_once_in_order_with_its_headers(
    batches: list[list[list[bytes]]], codec: int
) -> None:
    records = Records(b"".join(write_batch(batch, codec) for batch in batches))
    for batch in batches:
        assert records.has_next()
        read = list(records.next_batch())
        assert [record.value for record in read] == [str(n).encode() for n in range(len(batch))]
        for keys, record in zip(batch, read, strict=True):
            expected = [(key.decode("utf-8", "backslashreplace"), b"h") for key in keys]
            assert record.headers == expected
    assert not records.has_next()


def test_so_it_is_without_aiokafkas_extension() -> None:
    """Its Python reader raises another error."""
    data = write_batch([[b"ok"], [b"\xff"]], 0)
    read = list(Batch(_DefaultRecordBatchPy(data), data))
    assert [record.headers for record in read] == [[("ok", b"h")], [("\\xff", b"h")]]


def test_aiokafka_itself_raises_there() -> None:
    """If not, ours has outlived its purpose."""
    with pytest.raises(UnicodeDecodeError):
        list(DefaultRecordBatch(bytearray(write_batch([[b"\xff"]], 0))))


async def test_what_stands_behind_such_a_record_is_worked(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    stack.bearer("bank", Role.BANK, source="/bank/icbc")
    topic, key, value, signature = stack.foreign("/bank/icbc", "1", make_donation())
    batch = BatchBuilder(100_000, 0, is_transactional=False)
    batch._builder = make_builder()
    no_key, signed = [(RawKey(b"\xff\xfe"), b"\xff")], [(SIGNATURE_HEADER, signature)]
    batch.append(timestamp=1, key=key, value=b"{}", headers=no_key)
    batch.append(timestamp=1, key=key, value=value, headers=signed)
    async with AIOKafkaProducer(bootstrap_servers=stack.broker.kafka_bootstrap) as producer:
        await (await producer.send_batch(batch, topic, partition=0))
    assert (await wait_for_count(service, "F-1", 100)).total == 100
