"""Publishing: only grows, may be repeated, never forks, and survives kill -9 at every step."""

import fcntl
import itertools
import os
import shutil
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.ledger.verification import verify_log
from services.audit.tlog import writer as log_writer
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.merkle import EMPTY_ROOT, Frontier, hash_leaf
from services.audit.tlog.writer import (
    CorruptLogError,
    ForkError,
    LockedError,
    LogDirectory,
    MissingEntriesError,
)
from tests.audit.dying import survives
from tests.audit.ledgers import ORIGIN, Writer, log_key, naive_root, publish_all, year_of_facts

VKEY = str(log_key().vkey)


@pytest.fixture(scope="module")
def writer() -> Writer:
    return year_of_facts(1100)


@pytest.fixture(scope="module")
def undisturbed(writer: Writer, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The checkpoint of the log that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    publish_all(writer, folder, step=1100)
    return (folder / "checkpoint").read_bytes()


def pairs(writer: Writer, first: int, last: int) -> list[tuple[int, bytes]]:
    return list(enumerate(writer.leaves))[first:last]


def test_an_empty_log_is_published_with_the_empty_root(tmp_path: Path) -> None:
    standing = LogDirectory(tmp_path, log_key()).publish([])
    assert (standing.size, standing.root) == (0, EMPTY_ROOT)
    assert verify_log(tmp_path, VKEY).ok


def test_publishing_again_changes_nothing(tmp_path: Path, writer: Writer) -> None:
    log = LogDirectory(tmp_path, log_key())
    first = log.publish(pairs(writer, 0, 300))
    before = everything(tmp_path)
    assert log.publish(pairs(writer, 100, 300)) == first
    assert LogDirectory(tmp_path, log_key()).publish(pairs(writer, 0, 300)) == first
    assert everything(tmp_path) == before


def test_a_repeated_batch_with_new_entries_extends_the_log(tmp_path: Path, writer: Writer) -> None:
    log = LogDirectory(tmp_path, log_key())
    log.publish(pairs(writer, 0, 300))
    standing = log.publish(pairs(writer, 200, 600), writer_head(writer, 600))
    assert (standing.size, standing.root) == (600, naive_root(writer.leaves[:600]))
    assert verify_log(tmp_path, VKEY).ok


def test_a_gap_is_refused(tmp_path: Path, writer: Writer) -> None:
    log = LogDirectory(tmp_path, log_key())
    with pytest.raises(MissingEntriesError):
        log.publish(pairs(writer, 1, 5))
    with pytest.raises(MissingEntriesError):
        log.publish([*pairs(writer, 0, 2), *pairs(writer, 3, 5)])
    assert log.publish(pairs(writer, 0, 5)).size == 5


def test_other_content_for_a_published_entry_is_a_fork(tmp_path: Path, writer: Writer) -> None:
    log = LogDirectory(tmp_path, log_key())
    standing = log.publish(pairs(writer, 0, 300))
    with pytest.raises(ForkError):
        log.publish([(7, b"another history"), *pairs(writer, 300, 301)])
    assert log.find_checkpoint() == standing


def test_a_database_with_another_root_is_a_fork(tmp_path: Path, writer: Writer) -> None:
    log = LogDirectory(tmp_path, log_key())
    log.publish(pairs(writer, 0, 300))
    other = Frontier().extend(hash_leaf(b"other %d" % n) for n in range(400))
    with pytest.raises(ForkError):
        log.publish(pairs(writer, 300, 400), other)
    assert log.publish(pairs(writer, 300, 400), writer_head(writer, 400)).size == 400


def test_a_directory_of_another_key_is_left_alone(tmp_path: Path, writer: Writer) -> None:
    LogDirectory(tmp_path, log_key()).publish(pairs(writer, 0, 3))
    before = everything(tmp_path)
    with pytest.raises(ForkError):
        LogDirectory(tmp_path, SigningKey.generate(ORIGIN)).publish(pairs(writer, 0, 4))
    assert everything(tmp_path) == before


def test_a_damaged_tile_stops_the_writer(tmp_path: Path, writer: Writer) -> None:
    LogDirectory(tmp_path, log_key()).publish(pairs(writer, 0, 300))
    tile = tmp_path / "tile/0/001.p/44"
    tile.write_bytes(bytes(len(tile.read_bytes())))
    with pytest.raises(CorruptLogError):
        LogDirectory(tmp_path, log_key()).publish(pairs(writer, 300, 400))


def test_two_writers_to_one_directory_take_turns(tmp_path: Path, writer: Writer) -> None:
    one, two = LogDirectory(tmp_path, log_key()), LogDirectory(tmp_path, log_key())
    one.publish(pairs(writer, 0, 300))
    two.publish(pairs(writer, 0, 500))
    one.publish(pairs(writer, 400, 700))
    assert two.publish([]).size == 700
    assert verify_log(tmp_path, VKEY).ok


def test_one_that_was_stopped_in_the_middle_makes_others_wait_not_break_in(
    tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogDirectory(tmp_path, log_key())
    log.publish(pairs(writer, 0, 300))
    monkeypatch.setattr(log_writer, "LOCK_WITHIN_S", 0)
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LockedError):
            log.publish(pairs(writer, 300, 400))
        assert log.find_checkpoint().size == 300
    assert log.publish(pairs(writer, 300, 400)).size == 400


def test_partial_tiles_go_once_the_full_one_is_published(tmp_path: Path, writer: Writer) -> None:
    log = LogDirectory(tmp_path, log_key())
    for size in (100, 200):
        log.publish(pairs(writer, 0, size))
        assert (tmp_path / f"tile/0/000.p/{size}").exists()
    assert (tmp_path / "tile/0/000.p/100").exists()
    log.publish(pairs(writer, 0, 300))
    assert not (tmp_path / "tile/0/000.p").exists()
    assert not (tmp_path / "tile/entries/000.p").exists()


def test_a_batch_of_five_hundred_costs_few_syncs(
    tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogDirectory(tmp_path, log_key())
    log.publish(pairs(writer, 0, 300))
    calls: list[int] = []
    fsync = os.fsync

    def count_call(handle: int) -> None:
        calls.append(handle)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", count_call)
    log.publish(pairs(writer, 300, 800))
    assert len(calls) <= 20


@pytest.mark.parametrize("last", [255, 256, pytest.param(800, marks=pytest.mark.long)])
def test_kill_at_every_step_of_publishing_loses_and_breaks_nothing(
    tmp_path: Path, writer: Writer, last: int
) -> None:
    """The batch ends within a bundle, on its border, or beyond two more."""
    start = tmp_path / "start"
    LogDirectory(start, log_key()).publish(pairs(writer, 0, 250))
    root = naive_root(writer.leaves[:900])
    verified: set[frozenset[tuple[str, bytes]]] = set()
    for step in itertools.count(1):
        folder = tmp_path / str(step)
        shutil.copytree(start, folder)
        killed = publish_and_die(folder, pairs(writer, 0, last), step)
        assert_whole(folder, writer, {250, last}, root)
        # Most end as the same files: those are verified once.
        end = frozenset(everything(folder).items())
        assert end in verified or verify_log(folder, VKEY).ok
        verified.add(end)
        if not killed:
            assert step > 10
            break


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(1, 40)), min_size=1, max_size=5),
    st.integers(0, 50),
)
@settings(max_examples=25, deadline=None)
def test_any_sequence_of_crashes_ends_in_the_undisturbed_log(
    tmp_path_factory: pytest.TempPathFactory,
    writer: Writer,
    undisturbed: bytes,
    crashes: list[tuple[int, int]],
    back: int,
) -> None:
    folder, size = tmp_path_factory.mktemp("log"), 0
    for more, step in crashes:
        publish_and_die(folder, pairs(writer, max(0, size - back), size + more), step)
        standing = LogDirectory(folder, log_key()).find_checkpoint().size
        assert standing in (size, min(size + more, 1100))
        size = standing
    LogDirectory(folder, log_key()).publish(pairs(writer, 0, 1100))
    assert (folder / "checkpoint").read_bytes() == undisturbed
    assert verify_log(folder, VKEY).ok


def assert_whole(folder: Path, writer: Writer, sizes: set[int], root: bytes) -> None:
    """What stands verifies; a new writer continues; the root is the undisturbed log's."""
    report = verify_log(folder, VKEY)
    assert report.ok, report.broken
    assert report.entries in sizes
    standing = LogDirectory(folder, log_key()).publish(pairs(writer, 200, 900))
    assert standing.root == root


def publish_and_die(folder: Path, batch: list[tuple[int, bytes]], step: int) -> bool:
    """Publish in another process that is killed before its `step`-th touch of the disk."""
    return not survives(step, partial(publish, folder, batch))


def publish(folder: Path, batch: list[tuple[int, bytes]]) -> None:
    LogDirectory(folder, log_key()).publish(batch)


def everything(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def writer_head(writer: Writer, size: int) -> Frontier:
    return Frontier().extend(hash_leaf(leaf) for leaf in writer.leaves[:size])
