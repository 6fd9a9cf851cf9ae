"""The publisher and its witnesses: what is cosigned, and what does not stand without them."""

import itertools
import shutil
from functools import partial
from pathlib import Path

import pytest

from services.audit.ledger.verification import verify_log
from services.audit.tlog.checkpoint import open_checkpoint
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.note import Note, NoteError, VerifierKey
from services.audit.tlog.witnesses import QuorumError, Witness, Witnesses
from services.audit.tlog.writer import LogDirectory
from tests.audit.dying import survives
from tests.audit.ledgers import Writer, log_key, naive_root, year_of_facts
from tests.audit.witnessing import witnessing

KEY = log_key().vkey
AWAY = Witness(
    "http://127.0.0.1:9", VerifierKey("away.test", 4, SigningKey.generate("x").vkey.public)
)


@pytest.fixture(scope="module")
def writer() -> Writer:
    return year_of_facts(800)


def directory(path: Path, *witnesses: Witness, quorum: int = 0) -> LogDirectory:
    return LogDirectory(path, log_key(), witnesses=Witnesses(witnesses, quorum))


def extend(path: Path, witness: Witness, writer: Writer, size: int) -> None:
    directory(path, witness, quorum=1).publish(enumerate(writer.leaves[:size]))


def note(log: LogDirectory) -> bytes:
    return (log.path / "checkpoint").read_bytes()


def test_every_checkpoint_carries_the_cosignatures_that_came(
    tmp_path: Path, writer: Writer
) -> None:
    with (
        witnessing(tmp_path / "1") as one,
        witnessing(tmp_path / "2", name="witness.test/two") as two,
    ):
        log = directory(tmp_path / "log", one, AWAY, two)
        for size in (1, 300, 700):
            log.publish(enumerate(writer.leaves[:size]))
            assert open_checkpoint(note(log), [KEY], [one.key, two.key]).size == size
        assert log.lacks_witness()
    assert verify_log(log.path, str(KEY)).ok


def test_without_a_quorum_the_checkpoint_waits_and_is_made_up_for(
    tmp_path: Path, writer: Writer
) -> None:
    with witnessing(tmp_path / "1") as one:
        log = directory(tmp_path / "log", one, AWAY, quorum=1)
        log.publish(enumerate(writer.leaves[:300]))
    before = note(log)
    with pytest.raises(QuorumError, match="0 of 1"):
        log.publish(enumerate(writer.leaves[:500]))
    assert note(log) == before
    assert log.find_checkpoint().size == 300
    port = int(one.url.rpartition(":")[2])
    with witnessing(tmp_path / "1", port=port):
        assert log.publish(enumerate(writer.leaves[:600])).size == 600
    assert open_checkpoint(note(log), [KEY], [one.key]).root == naive_root(writer.leaves[:600])


def test_a_witness_that_was_away_signs_what_stands(tmp_path: Path, writer: Writer) -> None:
    with witnessing(tmp_path / "1") as one:
        log = directory(tmp_path / "log", one)
        log.publish(enumerate(writer.leaves[:100]))
    log.publish(enumerate(writer.leaves[:200]))
    assert log.lacks_witness()
    port = int(one.url.rpartition(":")[2])
    with witnessing(tmp_path / "1", port=port):
        log.publish([], ask_again=True)
        assert not log.lacks_witness()
        log.publish(enumerate(writer.leaves[:300]))
    assert open_checkpoint(note(log), [KEY], [one.key]).size == 300


def test_a_cosignature_stays_when_the_checkpoint_is_signed_again(
    tmp_path: Path, writer: Writer
) -> None:
    new = SigningKey.generate(KEY.name)
    with witnessing(tmp_path / "1") as one:
        directory(tmp_path / "log", one).publish(enumerate(writer.leaves[:100]))
    witnesses = Witnesses([one], 1)
    LogDirectory(tmp_path / "log", log_key(), new, witnesses=witnesses).publish([])
    data = (tmp_path / "log/checkpoint").read_bytes()
    assert open_checkpoint(data, [new.vkey], [one.key]).size == 100
    assert len(Note.parse(data).signatures) == 3


def test_the_frozen_checkpoint_is_cosigned(tmp_path: Path, writer: Writer) -> None:
    with witnessing(tmp_path / "1") as one:
        log = directory(tmp_path / "log", one, quorum=1)
        log.publish(enumerate(writer.leaves[:300]))
        log.freeze(300, naive_root(writer.leaves[:300]))
    assert open_checkpoint(note(log), [KEY], [one.key]).frozen


def test_a_witness_that_knows_more_says_how_much(tmp_path: Path, writer: Writer) -> None:
    with witnessing(tmp_path / "1") as one:
        directory(tmp_path / "ahead", one).publish(enumerate(writer.leaves[:500]))
        log = directory(tmp_path / "log", one, quorum=1)
        with pytest.raises(QuorumError) as refused:
            log.publish(enumerate(writer.leaves[:300]))
        assert refused.value.size == 500
        assert log.publish(enumerate(writer.leaves[:500])).size == 500


def test_a_second_history_never_gets_its_quorum(tmp_path: Path, writer: Writer) -> None:
    with witnessing(tmp_path / "1") as one:
        directory(tmp_path / "log", one, quorum=1).publish(enumerate(writer.leaves[:300]))
        other = year_of_facts(100)
        other.donate(1)
        for leaves in (writer.leaves[:299], [*other.leaves[:101], *writer.leaves[101:600]]):
            forked = directory(tmp_path / f"forked-{len(leaves)}", one, quorum=1)
            with pytest.raises(QuorumError):
                forked.publish(enumerate(leaves))
            assert forked.find_checkpoint().size == 0


def test_kill_at_every_step_of_publishing_with_a_witness(tmp_path: Path, writer: Writer) -> None:
    """It may have cosigned what then never stood; the log goes on and it cosigns that too."""
    for step in itertools.count(1):
        folder = tmp_path / str(step)
        with witnessing(folder / "w") as one:
            log = directory(folder / "log", one, quorum=1)
            log.publish(enumerate(writer.leaves[:250]))
            kept = note(log)
            alive = survives(step, partial(extend, folder / "log", one, writer, 300))
            assert verify_log(folder / "log", str(KEY), since=[kept]).ok
            extend(folder / "log", one, writer, 400)
            assert open_checkpoint(note(log), [KEY], [one.key]).size == 400
            assert verify_log(folder / "log", str(KEY), since=[kept]).ok
        shutil.rmtree(folder)
        if alive:
            break
    assert step > 10


@pytest.mark.parametrize("text", ["", "http://w.test", f"http://w.test {KEY}", "ftp://w.test x"])
def test_what_is_no_witness_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Witness.parse(text)
