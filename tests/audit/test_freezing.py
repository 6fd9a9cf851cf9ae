"""A closed year: one last checkpoint, the same whenever it is made, and nothing after it."""

import itertools
import shutil
from functools import partial
from pathlib import Path

import pytest

from services.audit.ledger.verification import verify_log
from services.audit.tlog.checkpoint import open_checkpoint
from services.audit.tlog.merkle import EMPTY_ROOT, Frontier, hash_leaf
from services.audit.tlog.writer import ForkError, LogDirectory, MissingEntriesError
from tests.audit.dying import survives
from tests.audit.ledgers import ORIGIN, Writer, log_key, naive_root, year_of_facts

VKEY = str(log_key().vkey)
SIZE = 300


@pytest.fixture(scope="module")
def writer() -> Writer:
    return year_of_facts(SIZE + 1)


@pytest.fixture
def closed_log(tmp_path: Path, writer: Writer) -> LogDirectory:
    log = LogDirectory(tmp_path / "log", log_key())
    log.publish(enumerate(writer.leaves[:SIZE]))
    log.freeze(SIZE, root(writer))
    return log


def root(writer: Writer, size: int = SIZE) -> bytes:
    return naive_root(writer.leaves[:size])


def test_the_last_checkpoint_says_that_the_log_is_frozen(
    closed_log: LogDirectory, writer: Writer
) -> None:
    note = (closed_log.path / "checkpoint").read_bytes()
    assert note.decode().split("\n")[:5] == [
        ORIGIN,
        str(SIZE),
        note.decode().split("\n")[2],
        "log frozen",
        "",
    ]
    assert open_checkpoint(note, [log_key().vkey]).root == root(writer)
    assert verify_log(closed_log.path, VKEY).ok


def test_freezing_again_changes_nothing(closed_log: LogDirectory, writer: Writer) -> None:
    before = (closed_log.path / "checkpoint").read_bytes()
    assert closed_log.freeze(SIZE, root(writer)).frozen
    assert LogDirectory(closed_log.path, log_key()).freeze(SIZE, root(writer)).frozen
    assert (closed_log.path / "checkpoint").read_bytes() == before


def test_a_frozen_log_takes_no_more_entries(closed_log: LogDirectory, writer: Writer) -> None:
    before = (closed_log.path / "checkpoint").read_bytes()
    for log in (closed_log, LogDirectory(closed_log.path, log_key())):
        with pytest.raises(ForkError, match="frozen"):
            log.publish([(SIZE, writer.leaves[SIZE])])
        assert log.publish(list(enumerate(writer.leaves[:SIZE]))).frozen
    assert (closed_log.path / "checkpoint").read_bytes() == before


def test_nothing_is_frozen_before_all_is_published(tmp_path: Path, writer: Writer) -> None:
    log = LogDirectory(tmp_path, log_key())
    log.publish(enumerate(writer.leaves[: SIZE - 1]))
    with pytest.raises(MissingEntriesError):
        log.freeze(SIZE, root(writer))
    assert not log.find_checkpoint().frozen


@pytest.mark.parametrize("size", [SIZE - 1, SIZE])
def test_another_end_than_the_published_one_is_a_fork(
    tmp_path: Path, writer: Writer, size: int
) -> None:
    log = LogDirectory(tmp_path, log_key())
    log.publish(enumerate(writer.leaves[:SIZE]))
    with pytest.raises(ForkError):
        log.freeze(size, root(writer, SIZE - 1))


def test_a_year_without_entries_is_frozen_empty(tmp_path: Path) -> None:
    log = LogDirectory(tmp_path, log_key())
    frozen = log.freeze(0, EMPTY_ROOT)
    assert (frozen.size, frozen.frozen) == (0, True)
    assert verify_log(tmp_path, VKEY).ok


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.long)])
def test_kill_at_every_step_of_closing_a_year_loses_and_breaks_nothing(
    tmp_path: Path, writer: Writer, every: int
) -> None:
    """The last entries and the last checkpoint; every checkpoint seen on the way is consistent.
    At every change each third step is tried."""
    start, entries = tmp_path / "start", list(enumerate(writer.leaves))[:SIZE]
    LogDirectory(start, log_key()).publish(entries[:250])
    seen = {(start / "checkpoint").read_bytes()}

    for step in itertools.count(1, every):
        folder = tmp_path / str(step)
        shutil.copytree(start, folder)
        alive = survives(step, partial(close, folder, entries, writer))
        seen.add((folder / "checkpoint").read_bytes())
        report = verify_log(folder, VKEY, since=[(start / "checkpoint").read_bytes()])
        assert report.ok, report.broken
        close(folder, entries, writer)
        report = verify_log(folder, VKEY, since=sorted(seen))
        assert report.ok, report.broken
        assert report.checkpoint is not None
        assert report.checkpoint.frozen
        if alive:
            break
    assert step > 10
    assert len(seen) == 3


def close(folder: Path, entries: list[tuple[int, bytes]], writer: Writer) -> None:
    log = LogDirectory(folder, log_key())
    head = Frontier().extend(hash_leaf(raw) for _, raw in entries)
    log.publish(entries, head)
    log.freeze(SIZE, root(writer))
