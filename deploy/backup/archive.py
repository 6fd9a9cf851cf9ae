"""Files of a backup: streams, compressed and sealed by age, never in the clear on a disk."""

import gzip
import hashlib
import os
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pyrage  # type: ignore[import-untyped]

COMPRESSION = 1
DIGEST_BYTES = 1 << 20
LENGTH = struct.Struct("<i")


@contextmanager
def open_sealed(file: Path, recipients: Sequence[object]) -> Iterator[IO[bytes]]:
    """What is written is read back by `open_archive` alone. Raises what the sealing raised."""
    read_end, write_end = os.pipe()
    failures: list[BaseException] = []

    def seal() -> None:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(read_end, "rb") as source, os.fdopen(descriptor, "wb") as out:
            try:
                pyrage.encrypt_io(source, out, list(recipients))
                out.flush()
                os.fsync(out.fileno())
            except BaseException as error:  # handed to who writes
                failures.append(error)

    thread = threading.Thread(target=seal)
    thread.start()
    try:
        with (
            os.fdopen(write_end, "wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=COMPRESSION, mtime=0) as stream,
        ):
            yield cast(IO[bytes], stream)
    finally:
        thread.join()
    if failures:
        raise failures[0]


@contextmanager
def open_archive(file: Path, identities: Sequence[object]) -> Iterator[IO[bytes]]:
    """Raises pyrage.DecryptError where no identity opens it, or it was changed."""
    read_end, write_end = os.pipe()
    failures: list[BaseException] = []

    def unseal() -> None:
        with file.open("rb") as source, os.fdopen(write_end, "wb") as out:
            try:
                pyrage.decrypt_io(source, out, list(identities))
            except BrokenPipeError:  # who reads has had enough
                return
            except BaseException as error:
                failures.append(error)

    thread = threading.Thread(target=unseal)
    thread.start()
    try:
        with os.fdopen(read_end, "rb") as raw, gzip.GzipFile(fileobj=raw, mode="rb") as stream:
            try:
                yield cast(IO[bytes], stream)
            except (EOFError, gzip.BadGzipFile):
                thread.join()
                if failures:
                    raise failures[0] from None
                raise
    finally:
        thread.join()
    if failures:
        raise failures[0]


def read_documents(stream: IO[bytes]) -> Iterator[bytes]:
    """BSON documents one after the other. Raises EOFError where the last one is cut off."""
    while head := stream.read(LENGTH.size):
        (length,) = LENGTH.unpack(head)
        rest = stream.read(length - LENGTH.size)
        if len(head) + len(rest) < length:
            raise EOFError("the archive ends within a document")
        yield head + rest


def compute_digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(DIGEST_BYTES):
            digest.update(piece)
    return digest.hexdigest()
