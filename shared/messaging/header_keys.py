"""A record is read whatever bytes its header keys are.

aiokafka decodes the keys as UTF-8 while it goes through a batch. What raises there is never passed:
the same fetch is tried for ever, so one record of anybody who may write stops the partition. Here
such a batch is read again by aiokafka's own Python reader, with keys that decode in any case.
"""

import struct
from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

LENGTH = struct.Struct(">8xi")
"""Of a batch in any format: its offset, and how many bytes follow."""


def read_any_header_key() -> None:
    """From now on, in all consumers of this process."""
    fetcher.MemoryRecords = Records  # aiokafka has no setting for it


class Records:
    """aiokafka's `MemoryRecords` over the same bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._records = MemoryRecords(data)

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> "Batch":
        began = self._at
        self._at += LENGTH.size + LENGTH.unpack_from(self._data, began)[0]
        return Batch(self._records.next_batch(), self._data[began : self._at])


class Batch:
    """aiokafka's batch. data: the bytes of it."""

    def __init__(self, batch: Any, data: bytes) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        count = 0
        try:
            for record in self._batch:
                yield record
                count += 1
        except (UnicodeDecodeError, CorruptRecordException):  # the latter by its Python reader
            yield from islice(_read_leniently(self._data), count, None)


def _read_leniently(data: bytes) -> Iterator[Any]:
    batch = _DefaultRecordBatchPy(data)
    records = iter(batch)  # unpacks it
    batch._buffer = _LenientText(batch._buffer)
    return cast(Iterator[Any], records)


class _LenientText(bytearray):
    """Whatever is cut out of it decodes: a byte that is no text becomes `\\xff`."""

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        return _LenientText(value) if isinstance(key, slice) else value

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)
