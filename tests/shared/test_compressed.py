"""Partners' clients compress as they like: a batch that cannot be unpacked stops its reader."""

import pytest
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

NO_PRODUCER = -1


@pytest.mark.parametrize("codec", range(5), ids=["none", "gzip", "snappy", "lz4", "zstd"])
def test_a_batch_in_any_codec_of_kafka_is_read(codec: int) -> None:
    value = b"wish " * 100
    builder = DefaultRecordBatchBuilder(
        2, codec, False, NO_PRODUCER, NO_PRODUCER, NO_PRODUCER, 100_000
    )
    builder.append(0, timestamp=1, key=b"k", value=value, headers=[])
    [record] = DefaultRecordBatch(bytearray(builder.build()))
    assert (record.key, record.value) == (b"k", value)
